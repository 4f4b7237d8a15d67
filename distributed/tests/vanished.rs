//! A host that vanishes: two network namespaces, and a link that goes down.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![forbid(unsafe_code)]

#[path = "support/away.rs"]
mod away;
mod support;

use std::time::Duration;

use away::{Away, ip};
use common::testing::Program;
use pymanager::{AuthKey, Limits, Listener, Manager, SharedQueue};
use support::*;

#[test]
#[ignore = "needs root and ip"]
fn a_task_comes_back_from_a_host_that_has_vanished_and_its_worker_ends() {
    let away = Away::new();
    let file = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("vanished-key");
    std::fs::write(&file, "a key of its own").unwrap();
    let task = SharedQueue::<i64>::new();
    let mut limits = Limits::default();
    limits.vanished = Duration::from_secs(3);
    let server = Manager::new(AuthKey::new("a key of its own"))
        .register("get_task_queue", &task)
        .register("get_result_queue", &<SharedQueue>::new())
        .limits(limits)
        .start(Listener::bind((away.here.as_str(), 0)).unwrap())
        .unwrap();
    let address = server.address().to_string();
    let start = || {
        Program::new("ip")
            .args([
                "netns",
                "exec",
                &away.name,
                env!("CARGO_BIN_EXE_distributed"),
            ])
            .args(["worker", "--address", &address, "--timeout", "1000"])
            .arg("--authkey-file")
            .arg(&file)
            .deadline(Duration::from_secs(120))
            .start()
    };
    // One is waiting for a task when the link goes down, and gets one after.
    let workers = [start(), start()];
    until("both wait for a task", || task.waiting() == 2);
    ip(&format!("link set {} down", away.link));
    task.put(&7).unwrap();
    // The first gets it; it is back. Nobody waits on behalf of the other.
    until("nobody waits", || task.waiting() == 0);
    until("the task is back", || task.len() == 1);
    assert_eq!(task.try_get().unwrap(), 7);
    until("all threads are gone", || server.connections() == 0);
    for worker in workers {
        let worker = worker.finish();
        assert_eq!(worker.status.code(), Some(1), "{worker:?}");
        let told = format!("the manager at {address} has vanished");
        assert!(worker.stderr.contains(&told), "{worker:?}");
    }
    std::fs::remove_file(file).unwrap();
}
