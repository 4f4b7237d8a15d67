//! What `serve_python` tells of itself, and where it listens.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![forbid(unsafe_code)]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;

use common::testing::{Program, example};
use pymanager::Client;
use support::*;

fn serve(args: &[&str]) -> Program {
    Program::new(example("serve_python")).args(args)
}

#[test]
fn its_status_says_how_long_the_queues_are_and_who_waits() {
    let mut server = serve(&["--address", "127.0.0.1:0"]).start();
    let address = server.next_address();
    let client = Client::connect(&address, &key()).unwrap();
    let queue = client.queue::<i64>("get_task_queue").unwrap();
    let other = client.queue::<i64>("get_result_queue").unwrap();
    for n in 0..3 {
        queue.put(&n).unwrap();
    }
    let waiter = std::thread::spawn(move || other.get());
    until("one waits", || {
        let status = client.status().unwrap();
        status.connections.iter().any(|one| one.waiting)
    });
    let told = serve(&["--status", &address]).run().success();
    assert!(
        told.stdout
            .contains("(get_task_queue), length 3, 3 not done"),
        "{told:?}"
    );
    assert!(told.stdout.contains("waits in get of "), "{told:?}");
    assert!(
        told.stdout
            .lines()
            .any(|line| line.contains("(get_result_queue)") && line.contains("waited for by ")),
        "{told:?}"
    );
    server.interrupt();
    server.finish();
    assert!(waiter.join().unwrap().is_err());
    let gone = serve(&["--status", &address]).run();
    assert_eq!(gone.status.code(), Some(1));
}

#[test]
fn prometheus_reads_the_same() {
    let mut server = serve(&["--address", "127.0.0.1:0", "--metrics", "127.0.0.1:0"]).start();
    let address = server.next_address();
    let line = server.next_line();
    let url = line.strip_prefix("Metrics on http://").unwrap();
    let (metrics, path) = url.split_once('/').unwrap();
    let client = Client::connect(&address, &key()).unwrap();
    let queue = client.queue::<i64>("get_task_queue").unwrap();
    queue.put(&1).unwrap();
    let ask = |request: &str| {
        let mut stream = TcpStream::connect(metrics).unwrap();
        let long = std::time::Duration::from_secs(60);
        stream.set_read_timeout(Some(long)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    // Who hangs up, sends anything else or nothing at all harms nobody.
    drop(TcpStream::connect(metrics).unwrap());
    let silent: Vec<_> = (0..100).map(|_| TcpStream::connect(metrics)).collect();
    assert!(ask("POST / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405 "));
    let answer = ask(&format!("GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n"));
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(head.contains(&format!("Content-Length: {}", body.len())));
    assert!(
        body.lines().any(|line| line
            .starts_with("pymanager_object_length{class=\"queue.Queue\",name=\"get_task_queue\"")
            && line.ends_with("} 1")),
        "{body}"
    );
    // Each line is a comment, or a name and a number.
    for line in body.lines().filter(|line| !line.starts_with("# ")) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("pymanager_"), "{line}");
        value.parse::<f64>().unwrap();
    }
    drop(silent);
    server.interrupt();
    server.finish();
}

#[test]
fn it_listens_on_a_path_which_is_free_again_when_it_has_ended() {
    let path = std::env::temp_dir().join(format!("serve_python-{}", std::process::id()));
    let shown = path.to_str().unwrap();
    for _ in 0..2 {
        let mut server = serve(&["--address", shown]).start();
        assert_eq!(server.next_line(), format!("Serve on {shown}"));
        let second = serve(&["--address", shown]).run();
        assert_eq!(second.status.code(), Some(1));
        assert!(second.stderr.contains("cannot listen on"));
        server.interrupt();
        server.finish();
        assert!(!path.exists());
    }
}
