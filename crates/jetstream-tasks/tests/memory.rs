//! What many tasks leave in memory: at the client nothing, at the server what the
//! settings say.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![forbid(unsafe_code)]

mod support;

use std::fs;
use std::time::Duration;

use jetstream_tasks::{Error, Settings};
use support::{Server, name};

const PART: u64 = 10_000;
/// The least that an id, or an outcome, was seen to take is 200 bytes.
const EACH: u64 = 100;

/// `TASKS=1000000` for the long one.
#[test]
#[ignore = "needs nats-server"]
fn what_is_done_and_forgotten_takes_no_memory() {
    let tasks = std::env::var("TASKS").map_or(100_000, |text| text.parse().unwrap());
    let server = Server::start();
    let settings = Settings::new()
        .ack_wait(Duration::from_secs(1))
        .window(Duration::from_secs(2))
        .keep_results(Duration::from_secs(2));
    let queue = server.queue(&name(), &settings);
    let values: Vec<u64> = (0..PART).collect();
    let mut after_half = None;
    for part in 1..=tasks / PART {
        assert!(queue.put_many(&values).unwrap().iter().all(Result::is_ok));
        loop {
            let taken = match queue.get_batch(256, Duration::ZERO) {
                Ok(taken) => taken,
                Err(Error::Empty) => break,
                // On a busy machine.
                Err(Error::NoAnswer(_)) => continue,
                Err(error) => panic!("{error}"),
            };
            let taken = taken.into_iter().map(|task| (task, 0));
            for done in queue.done_many(taken).unwrap() {
                assert!(matches!(
                    done,
                    Ok(()) | Err(Error::LeaseLost(_) | Error::AlreadyDone(_))
                ));
            }
        }
        if part * PART * 2 >= tasks && after_half.is_none() {
            after_half = Some((resident("self"), resident(&server.pid().to_string())));
        }
    }
    let (ours, theirs) = after_half.unwrap();
    let (our_end, their_end) = (resident("self"), resident(&server.pid().to_string()));
    let room = (8 << 20) + EACH * tasks / 2;
    println!(
        "client {} to {} MiB, server {} to {} MiB",
        ours >> 20,
        our_end >> 20,
        theirs >> 20,
        their_end >> 20
    );
    assert!(our_end < ours + room, "the client: {ours} to {our_end}");
    assert!(
        their_end < theirs + room,
        "the server: {theirs} to {their_end}"
    );
}

/// Bytes.
fn resident(pid: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<u64>().unwrap() << 10
}
