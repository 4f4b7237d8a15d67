//! A manager in Rust for programs in Python: two shared queues, and all that
//! Python's `SyncManager` serves besides.
//!
//! <!-- not run: it serves until it is ended -->
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
//! what it is sent. The tasks of a `Pool` are done by Python programs that
//! connect for that, on any machine: `--pool-workers 4` starts four here,
//! `docs/python/pool_worker.py` starts them elsewhere.
#![forbid(unsafe_code)]

mod crew;
mod metrics;

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, ToSocketAddrs};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, mpsc};

use anyhow::Context;
use common::program::{self, Exit, StopSignals};
use common::say;
use crew::Crew;
use pymanager::{
    AuthKey, Client, Limits, Listener, Manager, Server, SharedQueue, raise_descriptor_limit,
};

/// Serves get_task_queue, get_result_queue, and what a SyncManager does (Queue,
/// dict, list, Lock, Event and so on) to Python programs, until Ctrl-C.
#[derive(clap::Parser)]
#[command(
    name = "serve_python",
    after_help = "Examples:\n  \
        serve_python                            on 127.0.0.1:5000, key abc\n  \
        serve_python --status 127.0.0.1:5000    what that one is doing\n  \
        serve_python --pool-workers 4           and manager.Pool() has four processes\n  \
        serve_python --address 0.0.0.0:5000 --authkey-file key"
)]
struct Options {
    /// HOST:PORT to listen on, or a path with a / in it for a Unix socket
    #[arg(long, default_value = "127.0.0.1:5000")]
    address: String,

    /// A file that holds the key; the default, abc, is for this machine only
    #[arg(long)]
    authkey_file: Option<PathBuf>,

    /// MiB in one message [default: 512]
    #[arg(long, value_name = "MIB")]
    max_message: Option<usize>,

    /// Parts in one message [default: 134 million]
    #[arg(long, value_name = "N")]
    max_parts: Option<usize>,

    /// MiB in all objects together [default: no limit]
    #[arg(long, value_name = "MIB")]
    max_memory: Option<usize>,

    /// MiB in one queue [default: no limit]
    #[arg(long, value_name = "MIB")]
    max_queue_memory: Option<usize>,

    /// Say what a server at HOST:PORT, or at a path, does, and end: who is connected, what it
    /// holds, who waits for what
    #[arg(long, value_name = "ADDRESS")]
    status: Option<String>,

    /// Tell the same to Prometheus on HOST:PORT
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<String>,

    /// Start N Python processes for the tasks of pools
    #[arg(long, value_name = "N")]
    pool_workers: Option<usize>,

    /// The Python that does the tasks
    #[arg(long, value_name = "PATH", default_value = "python3")]
    python: PathBuf,

    /// Do a task anew whose worker has died, up to N times
    #[arg(long, value_name = "N", default_value_t = 0)]
    pool_retries: u32,
}

fn main() -> ExitCode {
    program::run(|options: Options| {
        if let Some(address) = &options.status {
            return tell_status(&options, address);
        }
        let listener = listen(&options.address)
            .with_context(|| format!("cannot listen on {}", options.address))?;
        let address = match listener.path() {
            Some(path) => path.display().to_string(),
            None => listener.address().to_string(),
        };
        let key = key(&options, &listener)?;
        let metrics = metrics_listener(&options)?;
        // More workers than the usual 1,024 descriptors.
        raise_descriptor_limit().context("cannot raise the limit on descriptors")?;

        let server = Manager::new(key)
            .limits(limits(&options))
            .register("get_task_queue", &<SharedQueue>::new())
            .register("get_result_queue", &<SharedQueue>::new())
            .start(listener)
            .context("cannot start the manager")?;

        let stopper = server.stopper();
        let (sender, stopped) = mpsc::channel();
        StopSignals::act(move |signal| {
            // The channel stays open for as long as anybody could be told.
            let _ = sender.send(signal);
            stopper.stop();
        })
        .context("cannot listen for Ctrl-C")?;

        let server = Arc::new(server);
        say!("Serve on {address}");
        if let Some(listener) = metrics {
            say!("Metrics on http://{}/metrics", listener.local_addr()?);
            metrics::serve(listener, Arc::downgrade(&server)).context("cannot start a thread")?;
        }
        let crew = match options.pool_workers {
            Some(count) if count > 0 => Some(start_crew(&options, count, &server)?),
            _ => None,
        };
        server.wait();
        drop(crew);
        // At the end of the last call for its metrics, if there is one.
        drop(server);
        match stopped.try_recv() {
            Ok(signal) => Err(signal.exit(""))?,
            Err(_) => Ok(()),
        }
    })
}

/// Workers for pools, on this machine.
fn start_crew(options: &Options, count: usize, server: &Server) -> anyhow::Result<Crew> {
    let mut address = server.address();
    if address.ip().is_unspecified() {
        // It listens on every address; this is the nearest.
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    let address = match server.path() {
        Some(path) => fs::canonicalize(path)?.display().to_string(),
        None => address.to_string(),
    };
    let key_file = options.authkey_file.as_deref();
    Crew::start(&options.python, count, &address, key_file)
        .with_context(|| format!("cannot start {}", options.python.display()))
}

/// The limits of a message and on memory, as they were asked for.
fn limits(options: &Options) -> Limits {
    let mut limits = Limits::default();
    limits.pool_retries = options.pool_retries;
    if let Some(mib) = options.max_message {
        limits.pickle.message = mib.saturating_mul(1 << 20);
    }
    if let Some(parts) = options.max_parts {
        limits.pickle.parts = parts;
    }
    if let Some(mib) = options.max_memory {
        limits.memory = mib.saturating_mul(1 << 20);
    }
    if let Some(mib) = options.max_queue_memory {
        limits.queue_memory = mib.saturating_mul(1 << 20);
    }
    limits
}

/// Listens on HOST:PORT, or on a path.
fn listen(address: &str) -> io::Result<Listener> {
    match address.contains('/') {
        true => Listener::bind_path(address),
        false => Listener::bind(address),
    }
}

fn metrics_listener(options: &Options) -> anyhow::Result<Option<TcpListener>> {
    let Some(address) = &options.metrics else {
        return Ok(None);
    };
    let listener = TcpListener::bind(address);
    let listener = listener.with_context(|| format!("cannot listen on {address}"))?;
    Ok(Some(listener))
}

/// Prints what another server is doing.
fn tell_status(options: &Options, address: &str) -> anyhow::Result<()> {
    if address.contains('/') {
        let client = Client::connect_path(address, &key_for(options, true, address)?)?;
        say!("{}", client.status()?.to_string().trim_end());
        return Ok(());
    }
    let to = address.to_socket_addrs();
    let mut to = to.with_context(|| format!("cannot find {address}"))?;
    let to = to.next().context("no such address")?;
    let client = Client::connect(to, &key_for(options, to.ip().is_loopback(), address)?)?;
    say!("{}", client.status()?.to_string().trim_end());
    Ok(())
}

fn key(options: &Options, listener: &Listener) -> anyhow::Result<AuthKey> {
    let address = listener.address();
    // A path is for this user alone.
    let private = listener.path().is_some() || address.ip().is_loopback();
    key_for(options, private, &address.to_string())
}

fn key_for(options: &Options, private: bool, address: &str) -> anyhow::Result<AuthKey> {
    match &options.authkey_file {
        Some(path) => AuthKey::from_file(path)
            .with_context(|| format!("cannot read the key from {}", path.display())),
        None if private => Ok(AuthKey::new("abc")),
        None => Err(Exit::new(
            2,
            format!("others can connect to {address}: give a secret key by --authkey-file"),
        ))?,
    }
}
