//! The recipe as its reader runs it.
#![forbid(unsafe_code)]

use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::thread;

use common::testing::{Finished, Program, example};
use predicates::str::{contains, starts_with};

fn recipe() -> Program {
    Program::new(env!("CARGO_BIN_EXE_subprocess"))
}

fn fixture() -> String {
    example("fixture").to_string_lossy().into_owned()
}

fn call(args: &[&str]) -> Program {
    recipe().arg("call").arg(fixture()).args(args)
}

fn communicate(options: &[&str], args: &[&str]) -> Program {
    recipe()
        .arg("communicate")
        .args(options)
        .arg(fixture())
        .args(args)
}

#[test]
fn call_shows_command_output_and_exit_code_in_this_order() {
    let finished = call(&["group"]).run().success();
    let lines = finished.lines();
    assert_eq!(lines[0], format!("$ {} group", fixture()));
    // The recipe's own group: the one that gets the terminal's Ctrl-C.
    assert!(lines[1].starts_with(&format!("{} ", finished.pid)));
    assert_eq!(lines[2..], ["Exit code: 0"]);
}

#[test]
fn call_tells_codes_and_signals() {
    for (args, told) in [
        (&["exit", "3"][..], "Exit code: 3"),
        (&["killed"], "Exit code: -9"),
    ] {
        assert_eq!(call(args).run().success().lines()[1..], [told]);
    }
}

#[test]
fn a_program_that_cannot_be_run_has_a_shells_status() {
    let missing = recipe().args(["call", "no-such-program", "-x"]).run();
    missing
        .assert()
        .code(127)
        .stdout("$ no-such-program -x\n")
        .stderr("subprocess: cannot run 'no-such-program': No such file or directory\n");
    let denied = recipe().args(["communicate", "/dev/null"]).run();
    denied
        .assert()
        .code(126)
        .stdout("$ /dev/null\n")
        .stderr("subprocess: cannot run '/dev/null': Permission denied\n");
}

/// What the recipe prints on standard output, byte for byte.
fn bytes(of: &str) -> Vec<u8> {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_subprocess"))
        .args([of, &fixture(), "not-utf-8"])
        .output()
        .expect("the recipe");
    output.stdout
}

#[test]
fn what_is_not_utf_8_passes_through_call_and_is_replaced_in_communicate() {
    let first = format!("$ {} not-utf-8\n", fixture()).into_bytes();
    let last = b"Exit code: 0\n";
    let called = [&first[..], b"caf\xe9\n", last].concat();
    assert_eq!(bytes("call"), called);
    let communicated = [&first[..], "caf\u{fffd}\n".as_bytes(), last].concat();
    assert_eq!(bytes("communicate"), communicated);
}

#[test]
fn communicate_feeds_and_collects() {
    let input = r"set q=mx\npython.org\n\ttab \\n \x";
    let finished = communicate(&["--input", input], &["echo"]).run();
    assert_eq!(finished.status.code(), Some(0));
    assert_eq!(
        finished.lines()[1..],
        ["set q=mx", "python.org", "\ttab \\n \\x", "Exit code: 0"]
    );
    assert_eq!(finished.stderr, "30\n");
}

#[test]
fn communicate_kills_what_takes_too_long() {
    let finished = communicate(&["--timeout", "2"], &["leave-child"]).run();
    assert_eq!(finished.status.code(), Some(124));
    assert_eq!(finished.lines().last(), Some(&"Exit code: 0"));
    let message = "hangingsubprocess: the time is up: the program was killed\n";
    assert_eq!(finished.stderr, message);
}

#[test]
fn interrupted_call_ends_with_its_program() {
    let mut running = call(&["hang"]).start();
    running.next_line();
    running.next_line();
    // Nobody is left: `finish` sees to that.
    running.interrupt();
    assert_eq!(running.finish().status.signal(), Some(2));
}

#[test]
fn interrupted_communicate_ends_a_program_in_a_group_of_its_own() {
    let mut running = communicate(&["--timeout", "1000"], &["leave-child"]).start();
    running.next_line();
    // The handler is set before the program starts.
    while running.descendants().is_empty() {
        thread::yield_now();
    }
    running.interrupt();
    let finished = running.finish();
    assert_eq!(finished.status.code(), Some(130));
    assert!(
        finished
            .stderr
            .ends_with("subprocess: interrupted: the program was killed\n")
    );
}

/// A folder for programs, for `PATH`, in which the fixture goes by `names`.
fn path_with(test: &str, names: &[&str]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    for name in names {
        symlink(example("fixture"), folder.join(name)).expect("a link");
    }
    folder
}

#[test]
fn with_ping_it_does_what_the_notes_do() {
    let path = path_with("with_ping", &["ping", "getent"]);
    let finished = recipe().env("PATH", path).run().success();
    assert_eq!(
        finished.lines(),
        [
            "$ ping 127.0.0.1 -c 4",
            "4 packets transmitted",
            "Exit code: 0"
        ]
    );
}

#[test]
fn without_ping_a_name_is_looked_up() {
    let path = path_with("without_ping", &["getent"]);
    let finished = recipe().env("PATH", path).run();
    finished
        .assert()
        .success()
        .stdout(
            "$ ping 127.0.0.1 -c 4\n$ getent hosts localhost\n127.0.0.1 localhost\nExit code: 0\n",
        )
        .stderr(
            "subprocess: cannot run 'ping': No such file or directory; looking up a name instead\n",
        );
}

fn assert_pinged(finished: &Finished) {
    let lines = finished.lines();
    assert_eq!(lines[0], "$ ping 127.0.0.1 -c 4");
    finished
        .assert()
        .success()
        .stdout(contains("4 packets transmitted, 4 received"));
    assert_eq!(lines.last(), Some(&"Exit code: 0"));
}

#[test]
#[ignore = "needs ping"]
fn pings_as_the_notes_do() {
    assert_pinged(&recipe().run().success());
}

/// A name server on loopback that tells one mail exchanger to whoever asks,
/// until the test ends.
fn name_server() -> u16 {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("a port");
    let port = socket.local_addr().expect("its number").port();
    thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut query) {
            // The name ends with a zero; type and class follow (RFC 1035).
            let name = query[12..length].iter().position(|byte| *byte == 0);
            let end = 12 + name.unwrap_or(0) + 5;
            let mut answer = query[..end].to_vec();
            // A response without error, one question and one answer.
            answer[2..12].copy_from_slice(&[0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
            // The question's name, MX, IN, a minute, 9 bytes: 50, "mail" and
            // the question's name.
            answer.extend([0xc0, 12, 0, 15, 0, 1, 0, 0, 0, 60, 0, 9, 0, 50]);
            answer.extend(b"\x04mail\xc0\x0c");
            let _ = socket.send_to(&answer, from);
        }
    });
    port
}

#[test]
#[ignore = "needs nslookup"]
fn talks_to_nslookup_as_the_notes_do() {
    let port = name_server();
    let input = format!(r"server 127.0.0.1\nset port={port}\nset q=mx\npython.org\nexit\n");
    let args = ["communicate", "--input", &input, "nslookup"];
    let finished = recipe().args(args).run();
    let lines = finished.lines();
    assert_eq!(lines[0], "$ nslookup", "{}", finished.stderr);
    finished
        .assert()
        .success()
        .stdout(contains("python.org\tmail exchanger = 50 mail.python.org."));
    assert_eq!(lines.last(), Some(&"Exit code: 0"));
}

#[test]
fn help_says_what_it_shows_with_two_examples() {
    let help = recipe().arg("--help").run().success();
    help.assert()
        .stdout(contains("run other programs, talk to them"))
        .stdout(contains(
            r"communicate --input 'set q=mx\npython.org\nexit\n' nslookup",
        ));
}

#[test]
fn a_bad_option_is_a_usage_error() {
    for args in [
        &["--no-such-option"][..],
        &["call"],
        &["communicate", "--timeout", "soon", "cat"],
        &["communicate", "--timeout", "-1", "cat"],
    ] {
        let finished = recipe().args(args).run();
        finished
            .assert()
            .code(2)
            .stdout("")
            .stderr(starts_with("error: "));
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    call(&["exit", "0"]).head_1().assert().success().stderr("");
}
