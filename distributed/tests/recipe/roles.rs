//! What each role prints, and how it ends.

use std::fs;
use std::net::TcpListener;

use common::testing::{Finished, Port};
use predicates::prelude::*;

use crate::fails_with_one_line;
use crate::support::*;

#[test]
fn master_and_worker_at_once_print_both_transcripts_in_full() {
    for seed in ["1", "2", "3"] {
        let run = || {
            let run = distributed().args(["--pause", "0", "--seed", seed]).run();
            run.success()
        };
        let first = run();
        let lines = first.lines();
        let of_worker = |line: &&str| !line.starts_with("Put") && !line.starts_with("Result");
        let worker: Vec<_> = lines
            .iter()
            .copied()
            .filter(of_worker)
            .filter(|line| *line != "Try get results...")
            .collect();
        let master: Vec<_> = lines
            .iter()
            .copied()
            .filter(|line| !worker.contains(line))
            .collect();
        assert_eq!((worker.len(), master.len()), (12, 21));
        let put = master_transcript(&master, 10);
        let mut done = worker_transcript(&worker);
        // One worker does the tasks in the order in which they were put.
        let order: Vec<_> = lines
            .iter()
            .filter_map(|line| number_after(line, "Put task "))
            .collect();
        assert_eq!(done, order);
        done.sort_unstable();
        assert_eq!(done, put);
        // Nothing is done before it is put.
        for n in order {
            let at = |line: String| lines.iter().position(|other| *other == line);
            assert!(at(format!("Put task {n}...")) < at(format!("run task {n} * {n}...")));
        }
        let tasks = |run: &Finished| {
            let lines = run.lines();
            let puts = lines.iter().filter(|line| line.starts_with("Put task"));
            puts.map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(tasks(&first), tasks(&run()), "a seed repeats its tasks");
    }
}

#[test]
fn three_workers_share_the_tasks_of_a_master() {
    let (master, address) = start_master(30);
    let workers = start_workers(3, &address, "--tasks 10 --pause 0.001");
    let mut done: Vec<i64> = Vec::new();
    for worker in workers {
        let worker = worker.finish().success();
        done.extend(worker_transcript(&worker.lines()));
    }
    let master = master.finish().success();
    done.sort_unstable();
    assert_eq!(master_transcript(&master.lines()[1..], 30), done);
}

#[test]
fn a_worker_without_tasks_says_so_at_each_try() {
    let master = Master::start();
    let address = master.address().to_string();
    let worker = distributed()
        .args([
            "worker",
            "--address",
            &address,
            "--tasks",
            "3",
            "--timeout",
            "0.02",
        ])
        .run()
        .success();
    let expected = [
        "Connect to server 127.0.0.1...",
        "task queue is empty.",
        "task queue is empty.",
        "task queue is empty.",
        "worker exit.",
    ];
    assert_eq!(worker.lines(), expected);
}

#[test]
fn a_master_without_workers_says_how_many_results_came() {
    let master = distributed()
        .args(["master", "--address", "127.0.0.1:0", "--timeout", "0.05"])
        .run();
    master
        .assert()
        .code(1)
        .stderr("distributed: 0 of 10 results came, and none for 50ms: is there a worker?\n");
}

#[test]
fn a_worker_without_a_master_says_so() {
    let kept = Port::keep();
    let port = kept.address();
    let worker = distributed()
        .args(["worker", "--address", &port.to_string()])
        .run();
    fails_with_one_line(
        &worker,
        &format!("cannot connect to {port}: Connection refused"),
    );
}

#[test]
fn a_host_that_accepts_and_says_nothing_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let worker = distributed().args(["worker", "--address", &address]).run();
    let text = format!("server {address}: no answer within 10s");
    fails_with_one_line(&worker, &text);
}

#[test]
fn a_peer_that_speaks_another_protocol_is_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let greeter = std::thread::spawn(move || {
        use std::io::Write;
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n").unwrap();
        stream
    });
    let worker = distributed().args(["worker", "--address", &address]).run();
    fails_with_one_line(&worker, "what is there speaks another protocol");
    drop(greeter.join().unwrap());
}

#[test]
fn a_wrong_key_is_one_clear_line_on_the_worker_and_nothing_to_the_master() {
    let folder = tempfile();
    fs::write(&folder, "another key\n").unwrap();
    let master = Master::start();
    let address = master.address().to_string();
    let worker = distributed()
        .args(["worker", "--address", &address, "--authkey-file"])
        .arg(&folder)
        .run();
    fails_with_one_line(
        &worker,
        &format!("server {address}: the manager rejects the key"),
    );
    let worker = distributed()
        .args(["worker", "--address", &address])
        .env("DISTRIBUTED_AUTHKEY", "another key")
        .run();
    fails_with_one_line(&worker, "the manager rejects the key");
    // The master has stayed the same for those who have the key.
    master
        .client()
        .queue::<i64>("get_task_queue")
        .unwrap()
        .put(&1)
        .unwrap();
    assert_eq!(master.task.get().unwrap(), 1);
    fs::remove_file(folder).unwrap();
}

#[test]
fn a_key_of_ones_own_comes_from_a_file_or_the_environment() {
    let file = tempfile();
    fs::write(&file, b"\xff secret\n").unwrap();
    let mut master = distributed()
        .args([
            "master",
            "--address",
            "127.0.0.1:0",
            "--tasks",
            "1",
            "--authkey-file",
        ])
        .arg(&file)
        .start();
    let address = master.next_address();
    let key = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"\xff secret");
    distributed()
        .args([
            "worker",
            "--address",
            &address,
            "--tasks",
            "1",
            "--pause",
            "0",
        ])
        .env("DISTRIBUTED_AUTHKEY", key)
        .run()
        .success();
    master.finish().success();
    fs::remove_file(file).unwrap();
}

#[test]
fn the_known_key_is_refused_where_others_can_connect() {
    for role in ["master", "worker"] {
        for address in ["0.0.0.0:0", ":0", "192.0.2.1:5000"] {
            let run = distributed().args([role, "--address", address]).run();
            assert_eq!(run.status.code(), Some(2), "{run:?}");
            assert!(
                run.stderr.contains("the default key is no secret"),
                "{run:?}"
            );
            assert_eq!((run.stderr.lines().count(), &*run.stdout), (1, ""));
        }
    }
}

#[test]
fn a_port_in_use_is_one_clear_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let master = distributed().args(["master", "--address", &address]).run();
    let text = format!("cannot listen on {address}: Address already in use");
    fails_with_one_line(&master, &text);
}

#[test]
fn a_closed_output_ends_it_quietly() {
    distributed().args(["--pause", "0"]).head_1().success();
    let master = Master::start();
    let address = master.address().to_string();
    let worker = distributed()
        .args(["worker", "--address", &address, "--timeout", "0.01"])
        .head_1();
    worker.success();
}

#[test]
fn options_are_checked_and_explained() {
    for wrong in [
        &["--nonsense"][..],
        &["boss"],
        &["--tasks", "-1"],
        &["--pause", "soon"],
        &["--timeout", "-1"],
        &["worker", "--address", "1.2.3.4:99999"],
    ] {
        let run = distributed().args(wrong).run();
        run.assert().code(2).stdout("");
    }
    let help = distributed().arg("--help").run().success();
    let examples = predicate::str::contains("Examples:").and(predicate::str::contains("worker"));
    help.assert().stdout(examples);
}

/// A path for a file of this test alone.
fn tempfile() -> std::path::PathBuf {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    folder.join(format!("key-{}-{n}", std::process::id()))
}
