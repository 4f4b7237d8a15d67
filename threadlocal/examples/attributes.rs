//! Several values on one thread-local object.
//!
//! ```text
//! $ cargo run -q -p threadlocal --example attributes
//! Thread-A: Alice is taught by Ms Lin, 2 lessons
//! Thread-B: Bob is taught by Mr Wu, 1 lesson
//! MainThread: nobody has entered the school
//! ```
//!
//! Python: `local_school.student`, `local_school.teacher`: a `threading.local`
//! takes any attribute. What to notice: here it is a struct, so a misspelt
//! attribute does not compile. And a thread must remove its values when it is done
//! with them: after it has ended, the crate gives its place to another thread,
//! which would find somebody else's student there. In Python the values go with
//! their thread, but a pool's thread has the same problem from one request to the
//! next.
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::process::ExitCode;

use common::{program, say};
use multiproc::thread::{Thread, current_name};
use thread_local::ThreadLocal;

struct School {
    student: String,
    teacher: String,
    lessons: u32,
}

static LOCAL_SCHOOL: ThreadLocal<RefCell<Option<School>>> = ThreadLocal::new();

fn main() -> ExitCode {
    program::example("Keeps several values for each thread", || {
        let alice = Thread::named("Thread-A", || {
            let _stay = enter("Alice", "Ms Lin");
            attend();
            attend();
            report()
        })?;
        let bob = Thread::named("Thread-B", || {
            let _stay = enter("Bob", "Mr Wu");
            attend();
            report()
        })?;
        say!("{}", alice.join()?);
        say!("{}", bob.join()?);
        say!("{}", report());
        Ok(())
    })
}

/// Ends with the value that `enter` gives.
fn enter(student: &str, teacher: &str) -> Stay {
    *LOCAL_SCHOOL.get_or_default().borrow_mut() = Some(School {
        student: student.to_string(),
        teacher: teacher.to_string(),
        lessons: 0,
    });
    Stay
}

struct Stay;

impl Drop for Stay {
    fn drop(&mut self) {
        LOCAL_SCHOOL.get_or_default().take();
    }
}

fn attend() {
    if let Some(school) = &mut *LOCAL_SCHOOL.get_or_default().borrow_mut() {
        school.lessons += 1;
    }
}

fn report() -> String {
    let own = current_name();
    match &*LOCAL_SCHOOL.get_or_default().borrow() {
        Some(School {
            student,
            teacher,
            lessons,
        }) => {
            let plural = if *lessons == 1 { "" } else { "s" };
            format!("{own}: {student} is taught by {teacher}, {lessons} lesson{plural}")
        }
        None => format!("{own}: nobody has entered the school"),
    }
}
