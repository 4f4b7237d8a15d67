//! Children, awaited.

use common::testing::{Check, checks};
use multiproc::process::{ExitStatus, Process};
use tokio::time::timeout;

use crate::{LONG, MS, runtime};

pub(crate) const CHECKS: &[Check] = checks![
    the_end_of_a_child_is_awaited,
    several_await_one_child_and_one_gives_up,
    fifty_children_end_in_any_order,
];

fn the_end_of_a_child_is_awaited() {
    let child = Process::spawn("child", || 3).unwrap();
    runtime().block_on(async {
        let status = timeout(LONG, child.join_async()).await.unwrap();
        assert_eq!(status.unwrap(), ExitStatus::Code(3));
        // And again: it has ended, and stays so.
        assert_eq!(child.join_async().await.unwrap(), ExitStatus::Code(3));
    });
}

fn several_await_one_child_and_one_gives_up() {
    let child = Process::spawn("child", || std::thread::sleep(LONG * 2)).unwrap();
    let child = std::sync::Arc::new(child);
    runtime().block_on(async {
        let waiters: Vec<_> = (0..5)
            .map(|_| {
                let child = std::sync::Arc::clone(&child);
                tokio::spawn(async move { child.join_async().await.unwrap() })
            })
            .collect();
        assert!(timeout(MS, child.join_async()).await.is_err());
        child.kill().unwrap();
        for waiter in waiters {
            let status = timeout(LONG, waiter).await.unwrap().unwrap();
            assert_eq!(status, ExitStatus::Signal(9));
        }
    });
}

fn fifty_children_end_in_any_order() {
    let children: Vec<_> = (0..50)
        .map(|n| (n, Process::spawn("child", move || n).unwrap()))
        .collect();
    runtime().block_on(async {
        for (n, child) in children.iter().rev() {
            let status = timeout(LONG, child.join_async()).await.unwrap();
            assert_eq!(status.unwrap(), ExitStatus::Code(*n));
        }
    });
}
