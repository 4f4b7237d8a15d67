//! The memory that a queue takes, at its clients and at its server.
//!
//! A nats-server keeps about two hundred bytes in memory for each id within the
//! window of ids, and as much for each outcome that is kept.

use std::error::Error;
use std::fs;
use std::time::Duration;

use common::measure::{Comparison, Unit};
use durable::Server;
use jetstream_tasks::Settings;

use crate::Bench;

const PART: u64 = 10_000;

/// Ids and outcomes are forgotten as soon as a task can be: after two leases.
fn short() -> Settings {
    Settings::new()
        .ack_wait(Duration::from_secs(1))
        .window(Duration::from_secs(2))
        .keep_results(Duration::from_secs(2))
}

/// One server for each row. They are forked: before there are threads.
pub(crate) struct Servers([Option<Server>; 2]);

impl Servers {
    pub(crate) fn start() -> Self {
        Servers([(); 2].map(|()| Server::start().ok()))
    }
}

/// As two rows of the report.
pub(crate) fn compare(Servers([forgetful, as_it_comes]): Servers) {
    let after = |server: Option<Server>, settings| {
        let server = server?;
        let bench = Bench::with(server.address(), settings).ok()?;
        (0..10).try_for_each(|_| put_and_do(&bench)).ok()?;
        Some(resident(&server.pid().to_string()) as f64)
    };
    // Once: a second round would find what the first has left.
    let found = [
        after(forgetful, short()),
        after(as_it_comes, Settings::new()),
    ];
    Comparison::new(
        "a durable queue: the server after 100,000 tasks",
        Unit::Bytes,
    )
    .candidate("outcomes kept for 2 s", || found[0])
    .candidate("as it comes", || found[1])
    .rounds(1)
    .run();
}

/// On the way to a million, both ways.
pub(crate) fn a_million() -> Result<(), Box<dyn Error>> {
    for (name, settings) in [("as it comes", Settings::new()), ("kept for 2 s", short())] {
        let server = Server::start()?;
        let bench = Bench::with(server.address(), settings)?;
        println!("{name}:");
        for part in 0..=100 {
            if part % 20 == 0 {
                let mib = |pid: &str| resident(pid) >> 20;
                println!(
                    "{:>9} tasks: client {:>4} MiB, server {:>4} MiB",
                    part * PART,
                    mib("self"),
                    mib(&server.pid().to_string())
                );
            }
            put_and_do(&bench)?;
        }
    }
    Ok(())
}

fn put_and_do(bench: &Bench) -> Result<(), Box<dyn Error>> {
    let values: Vec<_> = (0..PART).collect();
    for put in bench.queue.put_many(&values)? {
        put?;
    }
    bench.drain(&bench.queue, 256);
    Ok(())
}

/// Bytes.
fn resident(pid: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: Option<u64> = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kib.unwrap_or(0) << 10
}
