//! Threads without a name are numbered, as Python numbers them.
//!
//! ```text
//! $ cargo run -q -p threads --example unnamed_threads
//! MainThread started Thread-1, Thread-2, Painter and Thread-3
//! Thread-1 says that it is Thread-1
//! Thread-2 says that it is Thread-2
//! Painter says that it is Painter
//! Thread-3 says that it is Thread-3
//! ```
//!
//! Python: `threading.Thread(target=f)` without `name=`. What to notice: a
//! thread that has a name takes no number. The system shows these names too,
//! 15 bytes of each: `ps -L`, `top -H`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use common::{program, say};
use multiproc::thread::{Thread, current_name};

fn main() -> ExitCode {
    program::example("Starts threads without a name and asks for theirs", || {
        let threads = [
            Thread::spawn(current_name)?,
            Thread::spawn(current_name)?,
            Thread::named("Painter", current_name)?,
            Thread::spawn(current_name)?,
        ];
        let [a, b, c, d] = threads.each_ref().map(Thread::name);
        say!("{} started {a}, {b}, {c} and {d}", current_name());
        for thread in threads {
            let name = thread.name().to_string();
            let own = thread.join()?;
            say!("{name} says that it is {own}");
        }
        Ok(())
    })
}
