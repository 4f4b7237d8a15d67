//! How the server ends.

use std::io::Write;
use std::net::TcpStream;

use mixed::client::Answer;
use rustix::process::Signal;

use crate::Server;
use crate::load::Load;

#[test]
fn quit_answers_what_is_there() {
    let server = Server::start(&[]);
    let held: Vec<_> = (0..6)
        .map(|_| Answer::hold(server.address).unwrap())
        .collect();
    // Connected, and asked, and nobody has a thread for them yet.
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let mut stream = TcpStream::connect(server.address).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
            stream
        })
        .collect();
    server.running.signal(Signal::QUIT);
    for answer in held {
        assert_eq!(answer.release().unwrap(), "end\n");
    }
    for mut stream in waiting {
        let answer = std::io::read_to_string(&mut stream).unwrap();
        assert!(answer.ends_with("generation 1\n"), "{answer}");
    }
    let done = server.running.finish();
    assert_eq!(done.status.code(), Some(0), "{done:?}");
}

#[test]
fn quit_waits_no_longer_than_its_deadline() {
    let server = Server::start(&["--grace", "0.3"]);
    let held: Vec<_> = (0..2)
        .map(|_| Answer::hold(server.address).unwrap())
        .collect();
    server.running.signal(Signal::QUIT);
    let done = server.running.finish();
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    assert!(done.stdout.contains("was killed by SIGKILL"), "{done:?}");
    assert!(held.into_iter().all(|answer| answer.release().is_err()));
}

#[test]
fn term_and_int_end_all_at_once() {
    for (signal, status) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let server = Server::start(&[]);
        let held: Vec<_> = (0..6)
            .map(|_| Answer::hold(server.address).unwrap())
            .collect();
        server.running.signal(signal);
        let done = server.running.finish();
        assert_eq!(done.status.code(), Some(status), "{done:?}");
        assert_eq!(done.stderr, "");
        assert!(held.into_iter().all(|answer| answer.release().is_err()));
    }
}

/// As the terminal does it.
#[test]
fn ctrl_c_to_the_whole_group() {
    let server = Server::start(&[]);
    server.somebody();
    server.running.interrupt();
    let done = server.running.finish();
    assert_eq!(done.status.code(), Some(130), "{done:?}");
}

#[test]
fn a_killed_parent_leaves_nobody_and_the_numbers_add_up() {
    let server = Server::start(&[]);
    let load = Load::start(server.address, usize::MAX);
    for _ in 0..50 {
        server.somebody();
    }
    server.running.signal(Signal::KILL);
    // It finds no process left behind, or fails.
    let done = server.running.finish();
    assert_eq!(done.status.code(), None);
    let count = load.join();
    count.check();
    assert_eq!(count.refused, 8, "each client's last one: {count:?}");
    // The processes die one after the other, each with a request of a client at
    // most, and the kernel's queue with the last.
    assert!(count.broken <= 3 * 8, "{count:?}");
}
