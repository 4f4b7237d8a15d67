//! Processes that are replaced while requests come.

use std::time::Duration;

use mixed::client::{self, Answer};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, prlimit};

use crate::load::Load;
use crate::{Server, signal, wait_until};

const THREADS: usize = 3;

#[test]
fn a_killed_process_breaks_no_more_than_its_threads_had() {
    let server = Server::start(&[]);
    let load = Load::start(server.address, usize::MAX);
    let mut killed = Vec::new();
    for _ in 0..10 {
        let victim = server.somebody();
        signal(victim, Signal::KILL);
        killed.push(victim);
        server.until(|now| now.len() == 2 && !now.contains(&victim));
    }
    let count = load.stop();
    count.check();
    assert!(count.broken <= killed.len() * THREADS, "{count:?}");
    assert_eq!(count.refused, 0);
    server.running.signal(Signal::TERM);
    assert_eq!(server.running.finish().status.code(), Some(143));
}

#[test]
fn a_new_generation_breaks_and_refuses_nobody() {
    let server = Server::start(&[]);
    let load = Load::start(server.address, usize::MAX);
    server.until(|now| now.len() == 2);
    for generation in 2..6 {
        wait_until(|| client::get(server.address, "/").is_ok());
        let old = server.running.descendants();
        server.running.signal(Signal::HUP);
        server.until(|now| now.len() == 2 && old.iter().all(|pid| !now.contains(pid)));
        let answer = client::get(server.address, "/").unwrap();
        assert!(
            answer.ends_with(&format!("generation {generation}\n")),
            "{answer}"
        );
    }
    let count = load.stop();
    count.check();
    assert_eq!((count.broken, count.refused), (0, 0), "{count:?}");
    server.running.signal(Signal::INT);
    assert_eq!(server.running.finish().status.code(), Some(130));
}

/// A parent without a descriptor to spare cannot start anybody: those who are
/// there stay until others serve.
#[test]
fn the_old_generation_stays_until_the_new_one_serves() {
    let server = Server::start(&[]);
    server.until(|now| now.len() == 2);
    wait_until(|| client::get(server.address, "/").is_ok());
    let old = server.running.descendants();
    let parent = Pid::from_raw(server.running.pid().cast_signed());
    let before = getrlimit(Resource::Nofile);
    let none = Rlimit {
        current: Some(3),
        ..before
    };
    prlimit(parent, Resource::Nofile, none).unwrap();
    server.running.signal(Signal::HUP);
    // It tries, and does not come to it: again and again, up to the first pause
    // of a second.
    for _ in 0..100 {
        let answer = client::get(server.address, "/").unwrap();
        assert!(answer.ends_with("generation 1\n"), "{answer}");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(server.running.descendants(), old);
    prlimit(parent, Resource::Nofile, before).unwrap();
    wait_until(|| {
        client::get(server.address, "/").is_ok_and(|answer| answer.contains("generation 2"))
    });
    server.until(|now| now.len() == 2 && old.iter().all(|pid| !now.contains(pid)));
    server.running.signal(Signal::TERM);
    server.running.finish();
}

#[test]
fn the_old_generation_ends_what_it_has() {
    let server = Server::start(&[]);
    let held: Vec<_> = (0..4)
        .map(|_| Answer::hold(server.address).unwrap())
        .collect();
    let old = server.running.descendants();
    server.running.signal(Signal::HUP);
    // Both are there, as long as the old one has something to do.
    wait_until(|| {
        client::get(server.address, "/").is_ok_and(|answer| answer.contains("generation 2"))
    });
    assert!(
        server
            .running
            .descendants()
            .iter()
            .any(|pid| old.contains(pid))
    );
    for answer in held {
        assert!(old.contains(&answer.process().unwrap()));
        assert_eq!(answer.release().unwrap(), "end\n");
    }
    server.until(|now| now.len() == 2 && old.iter().all(|pid| !now.contains(pid)));
    server.running.signal(Signal::TERM);
    server.running.finish();
}

#[test]
fn a_process_goes_after_its_share_of_requests() {
    let server = Server::start(&["--requests", "50"]);
    let count = Load::start(server.address, 250).join();
    count.check();
    assert_eq!((count.broken, count.refused), (0, 0), "{count:?}");
    assert_eq!(count.answered, 2_000);
    // A tenth more by chance, and what the other threads had in hand.
    let most = 50 + 5 + THREADS - 1;
    assert!(
        count.by.values().all(|answers| *answers <= most),
        "{count:?}"
    );
    let whole = count.by.values().filter(|answers| **answers >= 50).count();
    assert!(whole >= 2_000 / most - 4, "{count:?}");
    server.until(|now| now.len() == 2);
    server.running.signal(Signal::TERM);
    server.running.finish();
}

#[test]
fn one_more_and_one_less() {
    let server = Server::start(&[]);
    let load = Load::start(server.address, usize::MAX);
    server.until(|now| now.len() == 2);
    for (wanted, sent) in [
        (3, Signal::TTIN),
        (4, Signal::TTIN),
        (3, Signal::TTOU),
        (2, Signal::TTOU),
        (1, Signal::TTOU),
        (1, Signal::TTOU),
        (2, Signal::TTIN),
    ] {
        server.running.signal(sent);
        server.until(|now| now.len() == wanted);
    }
    let count = load.stop();
    count.check();
    assert_eq!((count.broken, count.refused), (0, 0), "{count:?}");
    server.running.signal(Signal::TERM);
    server.running.finish();
}
