//! What can be varied.

use std::time::Duration;

use common::program;
use jetstream_tasks::Settings;

/// A master and workers around a queue that outlives them: a worker is killed at
/// its task, and another one does it.
#[derive(clap::Parser, Debug)]
#[command(
    name = "durable",
    after_help = "Master and workers on several machines meet at a server, `nats-server -js`:\n\
        durable worker --server nats://HOST, and the like.\n\n\
        Examples:\n  \
        cargo run -p durable\n  \
        cargo run -p durable -- --tasks 3 --pause 0.1"
)]
pub(crate) struct Options {
    /// What to be; a master and three workers, when not given
    #[arg(value_enum)]
    pub(crate) role: Option<Role>,

    /// The nats-server [default: 127.0.0.1:4222, or one of its own]
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,

    /// The queue's name
    #[arg(long, value_name = "NAME", default_value = "squares")]
    pub(crate) queue: String,

    /// How many tasks the master puts
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) tasks: u32,

    /// Seconds to wait for a result, or for the first task
    #[arg(long, value_name = "SECONDS", value_parser = program::seconds, default_value = "60")]
    pub(crate) timeout: Duration,

    /// Seconds that a task takes
    #[arg(long, value_name = "SECONDS", value_parser = program::seconds, default_value = "1")]
    pub(crate) pause: Duration,

    /// Repeat the tasks of an earlier run with the same seed
    #[arg(long)]
    pub(crate) seed: Option<u64>,
}

/// The sides, and one who looks on.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Puts tasks and waits for their results
    Master,
    /// Does tasks, until none is left
    Worker,
    /// Tells how many tasks are where
    Status,
}

impl Options {
    pub(crate) fn address(&self) -> &str {
        self.server.as_deref().unwrap_or("127.0.0.1:4222")
    }

    /// A worker that is killed is missed after a second.
    pub(crate) fn settings(&self) -> Settings {
        Settings::new()
            .ack_wait(Duration::from_secs(1))
            .timeout(self.timeout)
    }
}
