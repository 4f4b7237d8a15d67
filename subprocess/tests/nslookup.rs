//! The notes' two programs, with a name server of the test's own.
#![forbid(unsafe_code)]

use std::net::{SocketAddr, UdpSocket};
use std::thread;

use common::testing::{Program, example};
use predicates::str::contains;

/// A name server on loopback that has one address and one mail exchanger for
/// whatever name it is asked, until the test ends.
fn name_server() -> SocketAddr {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("a port");
    let address = socket.local_addr().expect("its address");
    thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut query) {
            let _ = socket.send_to(&answer(&query[..length]), from);
        }
    });
    address
}

/// The answer to a query with one question (RFC 1035).
fn answer(query: &[u8]) -> Vec<u8> {
    const A: u8 = 1;
    const MX: u8 = 15;
    // The name ends with a zero; type and class follow.
    let name = query[12..].iter().position(|byte| *byte == 0);
    let end = 12 + name.unwrap_or(0) + 5;
    let asked = query[end - 3];
    let mut answer = query[..end].to_vec();
    let known = u8::from([A, MX].contains(&asked));
    // A response without error, one question and perhaps an answer.
    answer[2..12].copy_from_slice(&[0x85, 0x80, 0, 1, 0, known, 0, 0, 0, 0]);
    // The question's name, the type, IN, a minute.
    let head = [0xc0, 12, 0, asked, 0, 1, 0, 0, 0, 60];
    match asked {
        A => answer.extend([&head[..], &[0, 4, 192, 0, 2, 7]].concat()),
        // 50, "mail" and the question's name.
        MX => answer.extend([&head[..], b"\0\x09\0\x32\x04mail\xc0\x0c"].concat()),
        _ => {}
    }
    answer
}

#[test]
#[ignore = "needs nslookup"]
fn both_programs_of_the_notes_run() {
    let server = name_server().to_string();
    let program = Program::new(example("nslookup")).args(["--server", &server]);
    let done = program.run().success();
    let lines = done.lines();
    assert_eq!(lines[0], "$ nslookup www.python.org");
    let second = lines.iter().position(|line| *line == "$ nslookup");
    let (first, second) = lines.split_at(second.expect("the second program"));
    assert!(first.contains(&"Address: 192.0.2.7"), "{first:?}");
    let exchanger = "python.org\tmail exchanger = 50 mail.python.org.";
    assert!(second.contains(&exchanger), "{second:?}");
    for part in [first, second] {
        assert_eq!(part.last(), Some(&"Exit code: 0"));
    }
}

#[test]
fn without_nslookup_it_says_so() {
    let done = Program::new(example("nslookup")).env("PATH", "").run();
    done.assert()
        .code(127)
        .stderr(contains("cannot run 'nslookup': No such file or directory"));
}
