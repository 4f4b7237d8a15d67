//! A manager in Rust for programs in Python: two shared queues, and all the
//! queue classes besides.
//!
//! ```text
//! $ cargo run -p distributed --example serve_python
//! Serve on 127.0.0.1:5000
//! ```
//!
//! Then, in Python 3 (in Python 2 the key is `'abc'`):
//!
//! ```python
//! from multiprocessing.managers import BaseManager
//! class QueueManager(BaseManager): pass
//! for name in 'get_task_queue', 'get_result_queue', 'PriorityQueue':
//!     QueueManager.register(name)
//! m = QueueManager(('127.0.0.1', 5000), b'abc')
//! m.connect()
//! m.get_task_queue().put(3411)      # for whoever asks for get_task_queue
//! m.PriorityQueue(7)                # a new one, for at most seven items
//! ```
//!
//! What to notice: what you put may be of any class of yours. It comes out as
//! it went in, and the server has never heard of the class: it runs nothing of
//! what it is sent.
#![forbid(unsafe_code)]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use common::program::{self, Exit};
use common::say;
use pymanager::{AuthKey, Listener, Manager, SharedQueue, raise_descriptor_limit};

/// Serves get_task_queue, get_result_queue, Queue, JoinableQueue, LifoQueue,
/// PriorityQueue and SimpleQueue to Python programs, until Ctrl-C.
#[derive(clap::Parser)]
#[command(
    name = "serve_python",
    after_help = "Examples:\n  \
        serve_python                            on 127.0.0.1:5000, key abc\n  \
        serve_python --address 0.0.0.0:5000 --authkey-file key"
)]
struct Options {
    /// HOST:PORT to listen on
    #[arg(long, default_value = "127.0.0.1:5000")]
    address: String,

    /// A file that holds the key; the default, abc, is for this machine only
    #[arg(long)]
    authkey_file: Option<PathBuf>,
}

fn main() -> ExitCode {
    program::run(|options: Options| {
        let listener = Listener::bind(&options.address)
            .with_context(|| format!("cannot listen on {}", options.address))?;
        let key = key(&options, listener.address())?;
        // More workers than the usual 1,024 descriptors.
        raise_descriptor_limit().context("cannot raise the limit on descriptors")?;

        let server = Manager::new(key)
            .register("get_task_queue", &<SharedQueue>::new())
            .register("get_result_queue", &<SharedQueue>::new())
            .start(listener)
            .context("cannot start the manager")?;

        let interrupted = Arc::new(AtomicBool::new(false));
        let stopper = server.stopper();
        let flag = Arc::clone(&interrupted);
        ctrlc::set_handler(move || {
            flag.store(true, Ordering::SeqCst);
            stopper.stop();
        })?;

        say!("Serve on {}", server.address());
        server.wait();
        server.shutdown();
        if interrupted.load(Ordering::SeqCst) {
            Err(Exit::new(130, ""))?;
        }
        Ok(())
    })
}

fn key(options: &Options, address: SocketAddr) -> anyhow::Result<AuthKey> {
    match &options.authkey_file {
        Some(path) => AuthKey::from_file(path)
            .with_context(|| format!("cannot read the key from {}", path.display())),
        None if address.ip().is_loopback() => Ok(AuthKey::new("abc")),
        None => Err(Exit::new(
            2,
            format!("others can connect to {address}: give a secret key by --authkey-file"),
        ))?,
    }
}
