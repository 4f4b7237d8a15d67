//! Many that count under one lock, of which some die.

use std::env;
use std::io::Write;

use common::testing::{Program, Running};
use pymanager::*;
use rustix::process::{Signal, getpid, kill_process};

use crate::support::*;

const CLIENTS: usize = 64;
/// So many are killed, wherever they are; most of them stand in line.
const KILLED: usize = 8;
const GOAL: i64 = 2_000;
/// Whoever comes to a multiple of this dies with the lock in its hand.
const DEADLY: i64 = 250;

/// Where a client of the test below finds its manager.
const ADDRESS: &str = "PYMANAGER_TEST_ADDRESS";

#[test]
#[ignore = "it is what a client does in the test below"]
fn count() {
    let Ok(address) = env::var(ADDRESS) else {
        return;
    };
    let client = Client::connect(address, &key()).unwrap();
    let lock: RemoteLock = client.remote("lock", &[]).unwrap();
    let sum: RemoteValue<i64> = client.remote("sum", &[]).unwrap();
    loop {
        let guard = lock.acquire().unwrap();
        let so_far = sum.get().unwrap();
        if so_far >= GOAL {
            return;
        }
        sum.set(&(so_far + 1)).unwrap();
        if (so_far + 1) % DEADLY == 0 {
            kill_process(getpid(), Signal::KILL).unwrap();
        }
        // As one line, past the test harness.
        std::io::stdout().write_all(b"\n+\n").unwrap();
        guard.release().unwrap();
    }
}

/// What the lock guards is right whoever dies and whenever: each addition is
/// there, those too that a client did not live to tell.
#[test]
fn the_sum_is_right_and_nobody_hangs_when_clients_die() {
    let (lock, sum) = (SharedLock::new(), SharedValue::new(&0_i64).unwrap());
    let server = Manager::new(key())
        .register("lock", &lock)
        .register("sum", &sum)
        .start(Listener::bind("127.0.0.1:0").unwrap())
        .unwrap();
    let start = || {
        Program::new(env::current_exe().unwrap())
            .args(["--exact", "deaths::count", "--ignored", "--nocapture"])
            .env(ADDRESS, server.address().to_string())
            .start()
    };
    let clients: Vec<Running> = (0..CLIENTS).map(|_| start()).collect();
    for (n, client) in clients.iter().take(KILLED).enumerate() {
        let enough = (n as i64 + 1) * GOAL / (KILLED as i64 + 1);
        until("they count", || sum.get().unwrap() >= enough);
        client.signal(Signal::KILL);
    }
    let (mut told, mut died) = (0, 0);
    for client in clients {
        let done = client.finish();
        died += i64::from(!done.status.success());
        told += done.lines().iter().filter(|line| **line == "+").count() as i64;
    }
    let sum = sum.get().unwrap();
    assert!(sum >= GOAL, "{sum}");
    // One of the killed may have ended before it was its turn, or have died
    // of itself.
    let holders = GOAL / DEADLY;
    let deaths = holders..=holders + KILLED as i64;
    assert!(deaths.contains(&died), "{died}");
    let untold = sum - told;
    assert!((holders..=died).contains(&untold), "{told} of {sum}");
    assert!(lock.try_acquire().unwrap().is_some());
}
