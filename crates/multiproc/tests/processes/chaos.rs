//! Processes killed at random while others go on. A short run by default;
//! `CHAOS_ROUNDS=5000` for a long one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use common::checks;
use multiproc::deadline::Deadline;
use multiproc::process::Process;
use multiproc::queue::Error;
use multiproc::queue::process::{Queue, Ring};
use multiproc::shared::Shared;

use crate::Check;

pub(crate) const CHECKS: &[Check] = checks![
    killed_getters,
    killed_putters,
    a_claim_tells,
    join_counts_survive,
];

fn rounds() -> u64 {
    let rounds = std::env::var("CHAOS_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok());
    rounds.unwrap_or(60)
}

/// Lets `child` run for a random moment, and kills it.
fn kill_soon(child: &Process) {
    thread::sleep(Duration::from_micros(fastrand::u64(..3000)));
    child.kill().unwrap();
    child.join().unwrap();
}

fn killed_getters() {
    let queue: Queue<(u64, Vec<u8>)> = Queue::with_capacity(50, 2000).unwrap();
    // Small, so that those who report wait for this process to read.
    let seen: Queue<u64> = Queue::with_capacity(4096, 1 << 16).unwrap();
    let total = Shared::new(AtomicU64::new(0)).unwrap();
    let producer = Process::spawn("producer", || {
        loop {
            let n = total.load(Ordering::SeqCst);
            match queue.put(&(n, vec![n as u8; (n % 90) as usize])) {
                Ok(()) => total.store(n + 1, Ordering::SeqCst),
                Err(Error::Closed) => break,
                Err(error) => panic!("{error}"),
            }
        }
    })
    .unwrap();
    let get = || {
        loop {
            match queue.get() {
                Ok((n, bytes)) => {
                    assert_eq!(
                        bytes,
                        vec![n as u8; (n % 90) as usize],
                        "item {n} is harmed"
                    );
                    seen.put(&n).unwrap();
                }
                Err(Error::Closed) => break,
                Err(error) => panic!("{error}"),
            }
        }
    };
    let steady = Process::spawn("steady", get).unwrap();
    let mut counts: Vec<u8> = Vec::new();
    let mut count = |n: u64| {
        let n = n as usize;
        counts.resize(counts.len().max(n + 1), 0);
        counts[n] += 1;
    };
    let deaths = rounds();
    for _ in 0..deaths {
        kill_soon(&Process::spawn("victim", get).unwrap());
        for _ in 0..seen.len() {
            count(seen.get().unwrap());
        }
    }
    queue.close();
    producer.join_success().unwrap();
    while steady.is_alive().unwrap() || !seen.is_empty() {
        match seen.get_timeout(Duration::from_millis(10)) {
            Ok(n) => count(n),
            Err(Error::Empty) => {}
            Err(error) => panic!("{error}"),
        }
    }
    steady.join_success().unwrap();
    assert!(counts.iter().all(|count| *count <= 1), "an item came twice");
    let put = total.load(Ordering::SeqCst);
    let came = counts.iter().filter(|count| **count == 1).count() as u64;
    // Each of the dead may have held one that it got and not yet reported.
    assert!(
        came <= put && put - came <= deaths,
        "{came} of {put} came, {deaths} deaths"
    );
}

fn killed_putters() {
    let queue: Queue<(u64, u64, Vec<u8>)> = Queue::with_capacity(50, 2000).unwrap();
    for round in 0..rounds() {
        let put = || {
            for n in 0_u64.. {
                let bytes = vec![n as u8; (n % 90) as usize];
                queue.put(&(round, n, bytes)).unwrap();
            }
        };
        let victim = Process::spawn("victim", put).unwrap();
        let mut next = 0;
        let mut take = |(from, n, bytes): (u64, u64, Vec<u8>)| {
            assert_eq!((from, n, bytes.len()), (round, next, (n % 90) as usize));
            assert!(
                bytes.iter().all(|byte| *byte == n as u8),
                "item {n} is harmed"
            );
            next += 1;
        };
        for _ in 0..fastrand::u32(..500) {
            take(queue.get().unwrap());
        }
        kill_soon(&victim);
        while let Ok(item) = queue.try_get() {
            take(item);
        }
    }
}

fn a_claim_tells() {
    let ring = Ring::new(50, 2000, 2).unwrap();
    let results: Queue<u64> = Queue::with_capacity(1 << 20, 64 << 20).unwrap();
    let work = |slot: usize| {
        let mut bytes = Vec::new();
        loop {
            match ring.claim(slot, &mut bytes, Deadline::NEVER) {
                Ok(()) => results
                    .put(&u64::from_ne_bytes(bytes[..8].try_into().unwrap()))
                    .unwrap(),
                Err(Error::Closed) => break,
                Err(error) => panic!("{error}"),
            }
            ring.release(slot);
        }
    };
    let total = rounds() * 300;
    let producer = Process::spawn("producer", || {
        (0..total).for_each(|n| ring.put(&n.to_ne_bytes(), Deadline::NEVER).unwrap());
        ring.close();
    })
    .unwrap();
    let steady = Process::spawn("steady", || work(0)).unwrap();
    let mut dead_had = Vec::new();
    let mut done = Vec::new();
    while producer.is_alive().unwrap() || !ring.is_empty() {
        kill_soon(&Process::spawn("victim", || work(1)).unwrap());
        dead_had.extend(ring.claimed(1).map(u64::from_ne_bytes));
        assert_eq!(ring.claimed(1), None);
        while let Ok(n) = results.try_get() {
            done.push(n);
        }
    }
    steady.join_success().unwrap();
    producer.join_success().unwrap();
    while let Ok(n) = results.try_get() {
        done.push(n);
    }
    // One that died between its result and the release had both.
    dead_had.retain(|n| !done.contains(n));
    done.extend(dead_had);
    done.sort_unstable();
    assert!(
        done.into_iter().eq(0..total),
        "an item is neither done nor in a dead hand, or twice"
    );
}

fn join_counts_survive() {
    let queue: Queue<u64> = Queue::with_capacity(50, 2000).unwrap();
    let put = || {
        for n in 0_u64.. {
            queue.put(&n).unwrap();
        }
    };
    let drain = Process::spawn("drain", || {
        loop {
            match queue.get() {
                Ok(_) => queue.task_done().unwrap(),
                Err(Error::Closed) => break,
                Err(error) => panic!("{error}"),
            }
        }
    })
    .unwrap();
    for _ in 0..rounds() {
        kill_soon(&Process::spawn("victim", put).unwrap());
    }
    // However the producers died, what counts as put is what was put.
    queue.join();
    assert!(queue.is_empty());
    queue.close();
    drain.join_success().unwrap();
}
