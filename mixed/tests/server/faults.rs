//! Children that crash and children that hang.

use mixed::client;
use rustix::process::Signal;

use crate::{Server, signal, wait_until};

#[test]
fn children_that_crash_at_once_are_tried_less_and_less_often() {
    let mut server = Server::of(1, &["--crash"]);
    let mut pauses = Vec::new();
    while pauses.len() < 5 {
        let line = server
            .running
            .line_where(|line| line.starts_with("the next one in "));
        let seconds = line.split(' ').nth(4).unwrap();
        pauses.push(seconds.to_string());
    }
    assert_eq!(pauses, ["0.1", "0.2", "0.4", "0.8", "1.6"]);
    server.running.signal(Signal::TERM);
    let done = server.running.finish();
    assert_eq!(done.status.code(), Some(143));
    // A start for each pause, and one more at most.
    let starts = done.stdout.matches(" begins, with ").count();
    let crashes = done.stdout.matches("was killed by SIGABRT").count();
    assert!(starts - crashes <= 1 && starts <= 6, "{}", done.stdout);
}

#[test]
fn a_request_that_crashes_is_one_broken_connection() {
    let server = Server::start(&[]);
    let before = server.somebody();
    assert!(client::get(server.address, "/crash").is_err());
    wait_until(|| client::get(server.address, "/").is_ok());
    server.until(|now| now.len() == 2);
    let _ = before;
    server.running.signal(Signal::TERM);
    server.running.finish();
}

#[test]
fn a_process_with_a_request_that_never_ends_is_replaced() {
    let mut server = Server::start(&["--hang", "1", "--grace", "0.2"]);
    let first = server.running.line_where(|line| line.contains("begins"));
    assert!(first.contains("with 3 threads"));
    let hanging = std::thread::spawn({
        let address = server.address;
        move || client::get(address, "/hang").is_err()
    });
    server
        .running
        .line_where(|line| line.ends_with(" hangs, and is replaced"));
    // Told to go, it does not, and is killed; its client is told.
    server
        .running
        .line_where(|line| line.ends_with("was killed by SIGKILL"));
    assert!(hanging.join().unwrap());
    server.until(|now| now.len() == 2);
    wait_until(|| client::get(server.address, "/").is_ok());
    server.running.signal(Signal::TERM);
    server.running.finish();
}

#[test]
fn a_process_that_is_stopped_is_replaced() {
    let mut server = Server::start(&["--hang", "1", "--grace", "0.2"]);
    let stopped = server.somebody();
    signal(stopped, Signal::STOP);
    let told = format!("process {stopped} hangs, and is replaced");
    server.running.line_where(|line| line == told);
    server.until(|now| now.len() == 2 && !now.contains(&stopped));
    server.running.signal(Signal::TERM);
    server.running.finish();
}
