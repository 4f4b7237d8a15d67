//! A queue between processes, awaited.

use std::thread;

use common::testing::{Check, checks};
use multiproc::process::Process;
use multiproc::queue::Error;
use multiproc::queue::process::Queue;
use tokio::time::timeout;

use crate::{LONG, MS, runtime};

pub(crate) const CHECKS: &[Check] = checks![
    items_of_other_processes_are_awaited,
    a_get_that_is_dropped_takes_nothing,
    a_put_waits_for_room_and_one_that_is_dropped_puts_at_most_once,
    an_awaited_put_has_its_turn_among_those_that_block,
    the_close_wakes_who_awaits,
    killed_peers_leave_the_queue_usable,
    it_takes_no_wake_up_from_a_blocked_getter,
];

fn items_of_other_processes_are_awaited() {
    let queue = Queue::<u32>::with_capacity(4, 1024).unwrap();
    let putters: Vec<_> = (0..3)
        .map(|n| {
            let body = || (0..200).try_for_each(|i| queue.put(&(n * 1000 + i)));
            Process::spawn("putter", body).unwrap()
        })
        .collect();
    let mut got: Vec<u32> = runtime().block_on(async {
        let mut got = Vec::new();
        for _ in 0..600 {
            got.push(timeout(LONG, queue.get_async()).await.unwrap().unwrap());
        }
        got
    });
    putters
        .iter()
        .for_each(|putter| putter.join_success().unwrap());
    got.sort_unstable();
    got.dedup();
    assert_eq!(got.len(), 600);
}

fn a_get_that_is_dropped_takes_nothing() {
    let queue = Queue::<u32>::new().unwrap();
    runtime().block_on(async {
        for n in 0..200 {
            // Given up about when the item comes: it is there or got, never lost.
            let putter = queue.clone();
            let put = thread::spawn(move || putter.put(&n).unwrap());
            let got = match timeout(MS / 10, queue.get_async()).await {
                Ok(got) => got,
                Err(_) => timeout(LONG, queue.get_async()).await.unwrap(),
            };
            assert_eq!(got.unwrap(), n);
            put.join().unwrap();
            assert!(queue.is_empty());
        }
    });
}

fn a_put_waits_for_room_and_one_that_is_dropped_puts_at_most_once() {
    let queue = Queue::<u32>::with_capacity(1, 64).unwrap();
    runtime().block_on(async {
        queue.put_async(&1).await.unwrap();
        assert!(timeout(MS * 5, queue.put_async(&2)).await.is_err());
        assert_eq!(queue.len(), 1);
        let other = queue.clone();
        let put = tokio::spawn(async move { other.put_async(&3).await });
        tokio::time::sleep(MS * 5).await;
        assert_eq!(queue.get_async().await.unwrap(), 1);
        let mut rest = vec![timeout(LONG, queue.get_async()).await.unwrap().unwrap()];
        if rest == [2] {
            rest.push(timeout(LONG, queue.get_async()).await.unwrap().unwrap());
        }
        timeout(LONG, put).await.unwrap().unwrap().unwrap();
        assert!(rest == [3] || rest == [2, 3], "{rest:?}");
        // Whoever might still put has given up by now.
        tokio::time::sleep(MS * 300).await;
        let late = queue.try_get();
        assert!(late.is_err() || late.is_ok_and(|item| item == 2 && rest == [3]));
    });
}

fn an_awaited_put_has_its_turn_among_those_that_block() {
    let queue = Queue::<u32>::with_capacity(1, 64).unwrap();
    let putters: Vec<_> = (0..4)
        .map(|_| {
            let body = || -> Result<(), Error> {
                loop {
                    queue.put(&1)?;
                }
            };
            Process::spawn("putter", body).unwrap()
        })
        .collect();
    runtime().block_on(async {
        for n in 0..20 {
            let other = queue.clone();
            let put = tokio::spawn(async move { other.put_async(&(100 + n)).await });
            let got = async { while queue.get_async().await.unwrap() != 100 + n {} };
            timeout(LONG, got).await.unwrap();
            timeout(LONG, put).await.unwrap().unwrap().unwrap();
        }
    });
    drop(putters);
}

fn the_close_wakes_who_awaits() {
    let queue = Queue::<u32>::with_capacity(1, 64).unwrap();
    runtime().block_on(async {
        let getter = queue.clone();
        let get = tokio::spawn(async move { getter.get_async().await });
        tokio::time::sleep(MS * 5).await;
        queue.close();
        assert!(matches!(
            timeout(LONG, get).await.unwrap().unwrap(),
            Err(Error::Closed)
        ));
        assert!(matches!(queue.put_async(&1).await, Err(Error::Closed)));
    });
}

fn killed_peers_leave_the_queue_usable() {
    let queue = || Queue::<u64>::with_capacity(8, 1024).unwrap();
    let (from_putters, to_getters) = (queue(), queue());
    let putters: Vec<_> = (0..10)
        .map(|_| {
            let body = || -> Result<(), Error> {
                loop {
                    from_putters.put(&1)?;
                }
            };
            Process::spawn("putter", body).unwrap()
        })
        .collect();
    let getters: Vec<_> = (0..10)
        .map(|_| {
            let body = || -> Result<(), Error> {
                loop {
                    to_getters.get()?;
                }
            };
            Process::spawn("getter", body).unwrap()
        })
        .collect();
    runtime().block_on(async {
        for (putter, getter) in putters.iter().zip(&getters) {
            for _ in 0..20 {
                let put = to_getters.put_async(&1);
                timeout(LONG, put).await.unwrap().unwrap();
                let get = from_putters.get_async();
                timeout(LONG, get).await.unwrap().unwrap();
            }
            // In the middle of whatever they do.
            for peer in [putter, getter] {
                peer.kill().unwrap();
                peer.join_async().await.unwrap();
            }
        }
        for queue in [from_putters, to_getters] {
            while queue.try_get().is_ok() {}
            queue.put_async(&9).await.unwrap();
            assert_eq!(queue.get_async().await.unwrap(), 9);
        }
    });
}

/// A wait that takes nothing passes its wake-up on: a getter that blocks in
/// another process gets the item, although we are woken for it.
fn it_takes_no_wake_up_from_a_blocked_getter() {
    let (queue, back) = (Queue::<u32>::new().unwrap(), Queue::<u32>::new().unwrap());
    let echo = || (0..300).try_for_each(|_| back.put(&queue.get()?));
    let child = Process::spawn("echo", echo).unwrap();
    runtime().block_on(async {
        for n in 0..300 {
            let waiting = queue.clone();
            // It waits, and is dropped before it takes anything.
            let waits = tokio::spawn(async move { waiting.get_async().await });
            tokio::task::yield_now().await;
            waits.abort();
            let taken = waits.await;
            queue.put_async(&n).await.unwrap();
            assert!(taken.is_err());
            assert_eq!(timeout(LONG, back.get_async()).await.unwrap().unwrap(), n);
        }
    });
    child.join_success().unwrap();
}
