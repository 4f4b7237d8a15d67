//! Being told of a result instead of asking for it.
//!
//! ```text
//! $ cargo run -q -p pool --example callback
//! task 0 gave 0 (callback in the parent: true)
//! task 1 gave 1 (callback in the parent: true)
//! task 2 gave 4 (callback in the parent: true)
//! task 3 failed: task 3 panicked: three is not welcome, pool/examples/callback.rs:43:5
//! ```
//!
//! Python: `apply_async(f, (x,), callback=g, error_callback=h)`. What to notice:
//! the callback runs in the parent, on a thread of the pool, one at a time, and
//! so can use the parent's variables; `join` waits for it.
#![forbid(unsafe_code)]

use std::process::{self, ExitCode};

use common::{program, say};
use multiproc::pool::Pool;

fn main() -> ExitCode {
    program::example("Shows callbacks and error callbacks", || {
        let pool = Pool::new(1, square)?;
        let parent = process::id();
        for task in 0..4 {
            let result = pool.task(task);
            let result = result.callback(move |square| {
                let here = process::id() == parent;
                say!("task {task} gave {square} (callback in the parent: {here})");
            });
            // Nobody waits for the result itself.
            drop(
                result
                    .error_callback(move |error| say!("task {task} failed: {error}"))
                    .submit(),
            );
        }
        Ok(pool.close().join()?)
    })
}

fn square(n: u32) -> u32 {
    assert!(n != 3, "three is not welcome");
    n * n
}
