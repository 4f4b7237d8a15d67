//! Each example prints what its header says.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![forbid(unsafe_code)]

mod support;

use std::fs;
use std::path::Path;

use common::testing::{Program, example};
use pymanager::pickle::Value;
use pymanager::{Client, RemoteQueue};
use rustix::process::{Pid, Signal, kill_process};
use support::*;

/// The lines after `$ cargo run …` in an example's header.
fn promised(name: &str) -> Vec<String> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut path = examples.join(format!("{name}.rs"));
    if !path.exists() {
        path = examples.join(name).join("main.rs");
    }
    let source = fs::read_to_string(path).unwrap();
    let start = format!("//! $ cargo run -p distributed --example {name}");
    source
        .lines()
        .skip_while(|line| !line.starts_with(&start))
        .skip(1)
        .take_while(|line| *line != "//! ```")
        .map(|line| line.trim_start_matches("//!").trim_start().to_string())
        .collect()
}

#[test]
fn shared_queue_prints_its_header() {
    let run = Program::new(example("shared_queue")).run().success();
    assert_eq!(run.lines(), promised("shared_queue"));
    Program::new(example("shared_queue")).head_1();
}

#[test]
fn shared_queue_does_not_wait_for_a_station_that_was_killed() {
    for _ in 0..20 {
        let mut office = Program::new(example("shared_queue")).start();
        office.next_line();
        // Before, between or after its readings.
        for station in office.descendants() {
            let station = Pid::from_raw(station.cast_signed()).unwrap();
            // It may have ended meanwhile.
            let _ = kill_process(station, Signal::KILL);
        }
        let office = office.finish();
        if !office.status.success() {
            office.assert().code(1);
            assert!(
                office.stderr.contains("was killed by SIGKILL"),
                "{office:?}"
            );
        }
    }
}

#[test]
fn the_known_key_is_proven_to_this_machine_alone() {
    let run = Program::new(example("help_python"))
        .args(["--address", "192.0.2.1:5000"])
        .run();
    run.assert().code(2).stdout("");
    assert!(run.stderr.contains("--authkey-file"));
}

#[test]
fn the_limits_of_serve_python_are_told_by_name() {
    let mut server = Program::new(example("serve_python"))
        .args(["--address", "127.0.0.1:0", "--max-message", "1"])
        .args(["--max-parts", "100", "--max-queue-memory", "0"])
        .start();
    let client = Client::connect(server.next_address(), &key()).unwrap();
    let queue: RemoteQueue<Value> = client.queue("get_task_queue").unwrap();
    for (item, told) in [
        (
            Value::bytes(&vec![0; 2 << 20]),
            "this manager's limit of 1048576",
        ),
        (Value::list(&vec![1.into(); 200]), "100"),
        (1.into(), "MemoryError: this queue holds 0 bytes"),
    ] {
        let refused = queue.put(&item).unwrap_err().to_string();
        assert!(refused.contains(told), "{refused}");
    }
    server.signal(Signal::TERM);
    assert_eq!(server.finish().status.code(), Some(143));
}

#[test]
fn help_python_prints_its_header() {
    let mut server = Program::new(example("serve_python"))
        .args(["--address", "127.0.0.1:0"])
        .start();
    let address = server.next_address();
    let client = Client::connect(&address, &key()).unwrap();
    let task: RemoteQueue<String> = client.queue("get_task_queue").unwrap();
    let result: RemoteQueue<(String, usize)> = client.queue("get_result_queue").unwrap();
    for text in ["to be or not to be", "that is the question"] {
        task.put(&text.to_string()).unwrap();
    }
    let run = Program::new(example("help_python"))
        .args(["--address", &address])
        .run()
        .success();
    assert_eq!(run.lines(), promised("help_python"));
    assert_eq!(
        result.try_get().unwrap(),
        ("to be or not to be".to_string(), 6)
    );
    server.interrupt();
    server.finish();
}

#[test]
fn serve_python_is_ready_when_it_says_so_and_serves_until_ctrl_c() {
    let mut server = Program::new(example("serve_python"))
        .args(["--address", "127.0.0.1:0"])
        .start();
    let line = server.next_line();
    let promised = promised("serve_python");
    let port = line
        .strip_prefix(promised[0].trim_end_matches("5000"))
        .unwrap();
    let address = format!("127.0.0.1:{port}");
    let client = Client::connect(&address, &key()).unwrap();
    for name in [
        "get_task_queue",
        "get_result_queue",
        "Queue",
        "JoinableQueue",
        "LifoQueue",
        "PriorityQueue",
        "SimpleQueue",
    ] {
        let queue: RemoteQueue<i64> = client.queue(name).unwrap();
        queue.put(&1).unwrap();
        assert_eq!(queue.get().unwrap(), 1);
    }
    server.interrupt();
    let run = server.finish();
    run.assert().code(130).stderr("");

    let run = Program::new(example("serve_python"))
        .args(["--address", "0.0.0.0:0"])
        .run();
    assert_eq!(run.status.code(), Some(2));
    assert!(run.stderr.contains("--authkey-file"));
}
