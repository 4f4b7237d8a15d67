//! A worker in Rust for a master in Python: the words of each text counted.
//!
//! A master, in Python 3, with tasks that are texts:
//!
//! ```python
//! import queue
//! from multiprocessing.managers import BaseManager
//! tasks, results = queue.Queue(), queue.Queue()
//! for text in 'to be or not to be', 'that is the question': tasks.put(text)
//! class QueueManager(BaseManager): pass
//! QueueManager.register('get_task_queue', callable=lambda: tasks)
//! QueueManager.register('get_result_queue', callable=lambda: results)
//! QueueManager(('127.0.0.1', 5000), b'abc').get_server().serve_forever()
//! ```
//!
//! and this worker beside it:
//!
//! ```text
//! $ cargo run -p distributed --example help_python
//! 6 words in "to be or not to be"
//! 4 words in "that is the question"
//! no more tasks
//! ```
//!
//! What to notice: the proxies are typed. A task is a Rust `String`, Python's
//! `str`; a result is a pair, and in Python a tuple.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Duration;

use common::program;
use common::say;
use pymanager::{AuthKey, Client, Error, RemoteQueue};

/// Counts the words of the texts that a master in Python hands out.
#[derive(clap::Parser)]
#[command(
    name = "help_python",
    after_help = "Examples:\n  \
        help_python                            the master on 127.0.0.1:5000\n  \
        help_python --address 127.0.0.1:6000   another one"
)]
struct Options {
    /// HOST:PORT of the master
    #[arg(long, default_value = "127.0.0.1:5000")]
    address: String,
}

fn main() -> ExitCode {
    program::run(|options: Options| {
        let client = Client::connect(&options.address, &AuthKey::new("abc"))?;
        let tasks: RemoteQueue<String> = client.queue("get_task_queue")?;
        let results: RemoteQueue<(String, usize)> = client.queue("get_result_queue")?;
        loop {
            match tasks.get_timeout(Duration::from_millis(500)) {
                Ok(text) => {
                    let words = text.split_whitespace().count();
                    say!("{words} words in {text:?}");
                    results.put(&(text, words))?;
                }
                Err(Error::Empty) => break,
                Err(error) => return Err(error.into()),
            }
        }
        say!("no more tasks");
        Ok(())
    })
}
