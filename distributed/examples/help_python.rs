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
//! <!-- not run: it helps a manager that is there already -->
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

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use common::program::{self, Exit};
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

    /// A file that holds the key; the default, abc, is for this machine only
    #[arg(long)]
    authkey_file: Option<PathBuf>,
}

fn main() -> ExitCode {
    program::run(|options: Options| {
        let (address, key) = options.server()?;
        let client = Client::connect(address, &key)?;
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

impl Options {
    /// Where the master is, and the key: the one that all the world knows is
    /// proven to this machine alone.
    fn server(&self) -> anyhow::Result<(SocketAddr, AuthKey)> {
        let address = self.address.to_socket_addrs();
        let address = address.with_context(|| format!("cannot find {}", self.address))?;
        let Some(address) = address.into_iter().next() else {
            anyhow::bail!("{} has no address", self.address);
        };
        match &self.authkey_file {
            Some(path) => {
                let key = AuthKey::from_file(path);
                let key = key.with_context(|| format!("cannot read {}", path.display()))?;
                Ok((address, key))
            }
            None if address.ip().is_loopback() => Ok((address, AuthKey::new("abc"))),
            None => Err(Exit::new(
                2,
                format!("{address} is another machine: give a secret key by --authkey-file"),
            ))?,
        }
    }
}
