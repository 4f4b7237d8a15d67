//! Tasks for later, the urgent ones first, and those that come too late.
//!
//! ```text
//! $ cargo run -p durable --example scheduled
//! urgent
//! normal
//! in half a second
//! too late: its deadline has passed
//! ```
//!
//! What to notice: the delayed task is put first and comes last, and whoever
//! takes tasks sees to it: nothing else has to run. The one that nobody took in
//! time is not begun; it is a dead letter.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Duration;

use common::{program, say};
use durable::Server;
use jetstream_tasks::{Put, Queue, Settings};

fn main() -> ExitCode {
    program::example("Puts tasks for later.", || {
        let server = Server::start()?;
        let settings = Settings::new().priorities(2);
        let queue: Queue<String> = Queue::open(server.address(), "agenda", &settings)?;
        let put = |what: &str, when: Put| queue.put_with(&what.to_string(), &when);
        put(
            "in half a second",
            Put::new().delay(Duration::from_millis(500)),
        )?;
        put("normal", Put::new().priority(1))?;
        put("urgent", Put::new().priority(0))?;
        let late = put("yesterday", Put::new().deadline(Duration::ZERO))?;
        for _ in 0..3 {
            let task = queue.get(Duration::from_secs(60))?;
            say!("{}", task.value);
            task.done(&())?;
        }
        if let Some(letter) = queue.dead_letters(1)?.first() {
            debug_assert_eq!(letter.id, late);
            say!("too late: {}", letter.reason);
        }
        Ok(())
    })
}
