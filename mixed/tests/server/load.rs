//! Clients that ask without a pause, and count.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use mixed::client;

use crate::pid_in;

const CLIENTS: usize = 8;

/// What became of requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Count {
    pub(crate) sent: usize,
    pub(crate) answered: usize,
    /// Connected, and cut off before the end of the answer.
    pub(crate) broken: usize,
    pub(crate) refused: usize,
    /// How many each process has answered.
    pub(crate) by: HashMap<u32, usize>,
}

impl Count {
    /// Adds up, whatever happened.
    #[track_caller]
    pub(crate) fn check(&self) {
        let Count {
            sent,
            answered,
            broken,
            refused,
            ..
        } = self;
        assert_eq!(*sent, answered + broken + refused, "{self:?}");
        assert_eq!(*answered, self.by.values().sum::<usize>());
        assert!(*answered > 0);
    }
}

pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Count>>,
}

impl Load {
    /// Clients that ask until [`stop`](Self::stop), or `each` requests.
    pub(crate) fn start(address: SocketAddr, each: usize) -> Load {
        let stop = Arc::<AtomicBool>::default();
        let threads = (0..CLIENTS).map(|_| {
            let stop = Arc::clone(&stop);
            thread::spawn(move || ask(address, each, &stop))
        });
        let threads = threads.collect();
        Load { stop, threads }
    }

    pub(crate) fn stop(self) -> Count {
        self.stop.store(true, Ordering::SeqCst);
        self.join()
    }

    pub(crate) fn join(self) -> Count {
        let mut all = Count::default();
        for thread in self.threads {
            let count = thread.join().unwrap();
            all.sent += count.sent;
            all.answered += count.answered;
            all.broken += count.broken;
            all.refused += count.refused;
            for (pid, answers) in count.by {
                *all.by.entry(pid).or_default() += answers;
            }
        }
        all
    }
}

fn ask(address: SocketAddr, each: usize, stop: &AtomicBool) -> Count {
    let mut count = Count::default();
    while count.sent < each && !stop.load(Ordering::SeqCst) {
        count.sent += 1;
        match client::get(address, "/") {
            Ok(answer) => {
                count.answered += 1;
                *count.by.entry(pid_in(&answer)).or_default() += 1;
            }
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                count.refused += 1;
                // Nobody is there any more.
                break;
            }
            Err(error) => {
                assert!(
                    matches!(
                        error.kind(),
                        ErrorKind::UnexpectedEof
                            | ErrorKind::ConnectionReset
                            | ErrorKind::BrokenPipe
                    ),
                    "neither answered nor broken: {error}"
                );
                count.broken += 1;
            }
        }
    }
    count
}
