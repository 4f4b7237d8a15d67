//! One global variable that has another value in each thread.
//!
//! ```text
//! cargo run -p threadlocal
//! ```
//!
//! Python: `local_school = threading.local()`. What to notice: no function
//! hands the student on to the next, yet each thread greets its own. The two
//! lines may come in either order.
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::process::ExitCode;

use clap::Parser;
use common::{program, say};
use multiproc::thread::{Thread, current_name};
use thread_local::ThreadLocal;

// ANCHOR: global
static LOCAL_SCHOOL: ThreadLocal<RefCell<String>> = ThreadLocal::new();
// ANCHOR_END: global

/// Greets two students, each in a thread of its own, by way of one global.
#[derive(Parser)]
#[command(name = "threadlocal", after_help = EXAMPLES)]
struct Options {
    /// The students
    #[arg(default_values = ["Alice", "Bob"])]
    students: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  cargo run -p threadlocal
  cargo run -p threadlocal -- Carol Dan Erin";

fn main() -> ExitCode {
    program::run(|options: Options| {
        let threads = options.students.into_iter().zip(names());
        let threads =
            threads.map(|(student, thread)| Thread::named(thread, move || process_thread(student)));
        // Start all of them before waiting for the first.
        let threads = threads.collect::<Result<Vec<_>, _>>()?;
        for thread in threads {
            thread.join()?;
        }
        Ok(())
    })
}

// ANCHOR: recipe
fn process_thread(name: String) {
    // Set it, rather than `get_or`: the crate reuses the places of threads that
    // have ended, so this one may hold another thread's value.
    *LOCAL_SCHOOL.get_or_default().borrow_mut() = name;
    process_student();
}

fn process_student() {
    let student = LOCAL_SCHOOL.get_or_default().borrow();
    say!("Hello, {student} (in {})", current_name());
}
// ANCHOR_END: recipe

/// Thread-A to Thread-Z, and numbers after that.
fn names() -> impl Iterator<Item = String> {
    let letters = ('A'..='Z').map(|letter| format!("Thread-{letter}"));
    letters.chain((27..).map(|number| format!("Thread-{number}")))
}
