//! The recipe as its reader runs it.
#![forbid(unsafe_code)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use common::testing::{Finished, Manners, Program};
use predicates::str::contains;

const RECIPE: &str = env!("CARGO_BIN_EXE_subprocess");

fn recipe() -> Program {
    Program::new(RECIPE)
}

/// The recipe runs `script`.
fn call(script: &str) -> Program {
    recipe().args(["call", "sh", "-c", script])
}

/// The recipe talks to `script`.
fn communicate(options: &[&str], script: &str) -> Program {
    let program = recipe().arg("communicate").args(options);
    program.args(["sh", "-c", script])
}

#[test]
fn manners() {
    Manners::of(RECIPE)
        .quick(&["call", "true"])
        .wrong(&["--no-such-option", "--timeout=1 communicate cat"])
        .long(
            &["call", "sh", "-c", "echo started; exec sleep 1000"],
            |line| line == "started",
        )
        .check();
    for line in [
        &["call"][..],
        &["communicate", "--timeout", "soon", "cat"],
        &["communicate", "--timeout", "-1", "cat"],
    ] {
        recipe().args(line).run().assert().code(2).stdout("");
    }
}

#[test]
fn call_shows_command_output_and_exit_code_in_this_order() {
    // The fifth field is the process group: the one that gets Ctrl-C.
    let script = "read -r _ _ _ _ group _ < /proc/$$/stat; echo $group";
    let done = call(script).run().success();
    let group = done.pid.to_string();
    let shown = format!("$ sh -c {script}");
    assert_eq!(done.lines(), [&*shown, &*group, "Exit code: 0"]);
}

#[test]
fn call_tells_codes_and_signals() {
    for (script, told) in [("exit 3", "Exit code: 3"), ("kill -9 $$", "Exit code: -9")] {
        assert_eq!(call(script).run().success().lines()[1..], [told]);
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
fn bytes(how: &str) -> Vec<u8> {
    let output = std::process::Command::new(RECIPE)
        .args([how, "printf", r"caf\351\n"])
        .output()
        .expect("the recipe");
    output.stdout
}

#[test]
fn what_is_not_utf_8_passes_through_call_and_is_replaced_in_communicate() {
    let first = br"$ printf caf\351\n";
    let last = b"Exit code: 0\n";
    let called = [&first[..], b"\n", b"caf\xe9\n", last].concat();
    assert_eq!(bytes("call"), called);
    let communicated = [&first[..], b"\n", "caf\u{fffd}\n".as_bytes(), last].concat();
    assert_eq!(bytes("communicate"), communicated);
}

#[test]
fn communicate_feeds_and_collects() {
    let input = r"set q=mx\npython.org\n\tab";
    let done = communicate(&["--input", input], "cat; echo fed >&2").run();
    assert_eq!(done.status.code(), Some(0));
    assert_eq!(
        done.lines()[1..],
        ["set q=mx", "python.org", r"\tab", "Exit code: 0"]
    );
    assert_eq!(done.stderr, "fed\n");
}

#[test]
fn communicate_kills_what_takes_too_long() {
    let run = |timeout| {
        let done = communicate(&["--timeout", timeout], "sleep 1000 &").run();
        assert_eq!(done.status.code(), Some(124));
        let message = "subprocess: the time is up: the program was killed\n";
        assert_eq!(done.stderr, message);
        // The program itself was done long ago, unless the machine is busy.
        done.lines().last() == Some(&"Exit code: 0")
    };
    assert!(["1", "4", "16"].into_iter().any(run));
}

/// A folder for `PATH` with programs in it, each a script.
fn path_with(test: &str, programs: &[(&str, &str)]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    for (name, script) in programs {
        let file = folder.join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("a script");
        fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).expect("executable");
    }
    folder
}

const GETENT: (&str, &str) = ("getent", "echo 127.0.0.1 $2");

#[test]
fn with_ping_it_does_what_the_notes_do() {
    let ping = ("ping", "echo $3 packets transmitted");
    let path = path_with("with_ping", &[ping, GETENT]);
    let done = recipe().env("PATH", path).run().success();
    assert_eq!(
        done.lines(),
        [
            "$ ping 127.0.0.1 -c 4",
            "4 packets transmitted",
            "Exit code: 0"
        ]
    );
}

#[test]
fn without_ping_a_name_is_looked_up() {
    let path = path_with("without_ping", &[GETENT]);
    let done = recipe().env("PATH", path).run();
    done.assert()
        .success()
        .stdout(
            "$ ping 127.0.0.1 -c 4\n$ getent hosts localhost\n127.0.0.1 localhost\nExit code: 0\n",
        )
        .stderr(
            "subprocess: cannot run 'ping': No such file or directory; looking up a name instead\n",
        );
}

fn assert_pinged(done: &Finished) {
    let lines = done.lines();
    assert_eq!(lines[0], "$ ping 127.0.0.1 -c 4");
    done.assert()
        .success()
        .stdout(contains("4 packets transmitted, 4 received"));
    assert_eq!(lines.last(), Some(&"Exit code: 0"));
}

#[test]
#[ignore = "needs ping"]
fn pings_as_the_notes_do() {
    assert_pinged(&recipe().run().success());
}
