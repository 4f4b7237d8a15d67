//! A manager for programs in Python, as they are, whose queues are in JetStream:
//! they outlive the programs, this manager and the nats-server.
//!
//! <!-- not run: runs until Ctrl-C -->
//! ```text
//! $ nats-server -js -sd queues &
//! $ cargo run -p durable --example serve_python_durable -- --queue get_task_queue=next
//! Serve get_task_queue (next), get_result_queue (read) on 127.0.0.1:5000
//! ```
//!
//! In Python, as with any manager (`m.start()` becomes `m.connect()`):
//!
//! ```python
//! m = QueueManager(('127.0.0.1', 5000), b'abc')
//! m.connect()
//! m.get_task_queue().put(3411)
//! ```
//!
//! What to notice: kill a worker at its task (`kill -9`), and another one gets
//! the task. Kill this manager, or the nats-server, and start it again: whoever
//! connects finds everything.
#![forbid(unsafe_code)]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use anyhow::Context;
use common::program::{self, Exit, StopSignals};
use common::say;
use jetstream_manager::{Acknowledge, Bridge};
use jetstream_tasks::Settings;
use pymanager::{AuthKey, Listener, Manager, raise_descriptor_limit};

/// Serves queues that are in JetStream to Python programs, until Ctrl-C; besides,
/// in memory, what a SyncManager serves.
#[derive(clap::Parser)]
#[command(
    name = "serve_python_durable",
    after_help = "When an item is off its queue for good:\n  \
        read  when the client has read it, as from a queue.Queue in memory\n  \
        next  when the client has put a result, or gets another item\n  \
        done  when the client says task_done(): a JoinableQueue\n\n\
        Examples:\n  \
        serve_python_durable --server nats://HOST --queue get_task_queue=next\n  \
        serve_python_durable --queue jobs=done --max-tasks 1000"
)]
struct Options {
    /// The nats-server
    #[arg(long, value_name = "URL", default_value = "127.0.0.1:4222")]
    server: String,

    /// A queue to serve and when its items are off it: read, next, done; more
    /// than once for several. get_task_queue and get_result_queue (read) are
    /// always there
    #[arg(long = "queue", value_name = "NAME[=WHEN]", value_parser = queue)]
    queues: Vec<(String, Acknowledge)>,

    /// HOST:PORT to listen on
    #[arg(long, default_value = "127.0.0.1:5000")]
    address: String,

    /// A file that holds the key; the default, abc, is for this machine only
    #[arg(long)]
    authkey_file: Option<PathBuf>,

    /// Seconds after which the items of a manager that was killed are handed out
    /// again [default: 30, or as the queue has it]
    #[arg(long, value_name = "SECONDS", value_parser = program::seconds)]
    ack_wait: Option<Duration>,

    /// How often an item is handed out before it is a dead letter [default: 5,
    /// or as the queue has it]
    #[arg(long, value_name = "N")]
    max_deliver: Option<u64>,

    /// Items in one queue, beyond which it is full [default: no limit, or as the
    /// queue has it]
    #[arg(long, value_name = "N")]
    max_tasks: Option<u64>,
}

fn main() -> ExitCode {
    program::run(|options: Options| {
        let listener = Listener::bind(&options.address)
            .with_context(|| format!("cannot listen on {}", options.address))?;
        let key = key(&options, listener.address())?;
        // More workers than the usual 1,024 descriptors.
        raise_descriptor_limit().context("cannot raise the limit on descriptors")?;

        let bridge = Arc::new(Bridge::new(&options.server, options.settings()));
        let mut manager = Manager::new(key);
        for (name, when) in options.queues() {
            let queue = bridge
                .open(&name, when)
                .with_context(|| format!("cannot open the queue {name}"))?;
            manager = manager.register_object(name, &queue);
        }
        let server = manager
            .start(listener)
            .context("cannot start the manager")?;

        let stopper = server.stopper();
        let (sender, stopped) = mpsc::channel();
        let closing = Arc::clone(&bridge);
        StopSignals::act(move |signal| {
            closing.close();
            // The channel stays open for as long as anybody could be told.
            let _ = sender.send(signal);
            stopper.stop();
        })
        .context("cannot listen for Ctrl-C")?;

        let names: Vec<_> = options.queues().iter().map(shown).collect();
        say!("Serve {} on {}", names.join(", "), server.address());
        server.wait();
        server.shutdown();
        bridge.close();
        match stopped.try_recv() {
            Ok(signal) => Err(signal.exit(""))?,
            Err(_) => Ok(()),
        }
    })
}

impl Options {
    fn settings(&self) -> Settings {
        let mut settings = Settings::new();
        if let Some(ack_wait) = self.ack_wait {
            settings = settings.ack_wait(ack_wait);
        }
        if let Some(max_deliver) = self.max_deliver {
            settings = settings.max_deliver(max_deliver);
        }
        if let Some(max_tasks) = self.max_tasks {
            settings = settings.max_tasks(max_tasks);
        }
        settings
    }

    /// Those that were asked for, and the two of the recipe.
    fn queues(&self) -> Vec<(String, Acknowledge)> {
        let mut queues = self.queues.clone();
        for name in ["get_task_queue", "get_result_queue"] {
            if !queues.iter().any(|(other, _)| other == name) {
                queues.push((name.to_string(), Acknowledge::Read));
            }
        }
        queues
    }
}

fn queue(text: &str) -> Result<(String, Acknowledge), std::io::Error> {
    match text.split_once('=') {
        None => Ok((text.to_string(), Acknowledge::Read)),
        Some((name, when)) => Ok((name.to_string(), when.parse()?)),
    }
}

fn shown((name, when): &(String, Acknowledge)) -> String {
    format!("{name} ({})", format!("{when:?}").to_lowercase())
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
