//! A task that cannot be done: tried again, given up, looked at, put again.
//!
//! ```text
//! $ cargo run -p durable --example dead_letters
//! attempt 1 at 7 / 0: later, perhaps
//! attempt 2 at 7 / 0: later, perhaps
//! attempt 3 at 7 / 0: given up
//! dead letter: 7 / 0, after 3 attempts: divided by zero
//! its result is an error: task division failed: divided by zero
//! requeued, and repaired: 7 / 0 = 0
//! ```
//!
//! What to notice: nobody waits for ever for a result that will not come; and
//! the task is not gone.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Duration;

use common::{program, say};
use durable::Server;
use jetstream_tasks::{Put, Queue, Settings};

fn main() -> ExitCode {
    program::example("Gives a task up, and puts it again.", || {
        let server = Server::start()?;
        let settings = Settings::new()
            .max_deliver(3)
            .backoff([Duration::from_millis(100)]);
        let queue: Queue<(u32, u32)> = Queue::open(server.address(), "divisions", &settings)?;
        let id = queue.put_with(&(7, 0), &Put::new().id("division"))?;

        loop {
            let task = queue.get(Duration::from_secs(10))?;
            let (a, b) = task.value;
            let attempt = task.attempt();
            match a.checked_div(b) {
                Some(result) => task.done(&result)?,
                None if attempt < 3 => {
                    say!("attempt {attempt} at {a} / {b}: later, perhaps");
                    task.retry(None)?;
                }
                None => {
                    say!("attempt {attempt} at {a} / {b}: given up");
                    task.fail("divided by zero")?;
                    break;
                }
            }
        }

        for letter in queue.dead_letters(10)? {
            let (a, b): (u32, u32) = letter.value()?;
            let (attempts, reason) = (letter.attempts, &letter.reason);
            say!("dead letter: {a} / {b}, after {attempts} attempts: {reason}");
        }
        if let Err(error) = queue.result::<u32>(&id, None) {
            say!("its result is an error: {error}");
        }

        queue.requeue(&id)?;
        let task = queue.get(Duration::from_secs(10))?;
        let (a, b) = task.value;
        task.done(&a.checked_div(b).unwrap_or(0))?;
        let result: u32 = queue.result(&id, Duration::from_secs(10))?;
        say!("requeued, and repaired: {a} / {b} = {result}");
        Ok(())
    })
}
