//! What running a program that does nothing costs, beside a bare posix_spawn and
//! CPython's `subprocess.run`: `cargo bench -p subprocess`. From a small caller, and
//! from one that holds 1 GB: a fork would copy the page tables of all of it.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a bench fails by a panic")]

use std::ffi::CString;
use std::hint::black_box;
use std::process::Command as StdCommand;

use common::measure::{Comparison, Peer, Unit, seconds};
use multiproc::subprocess::{Command, check_call};
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, posix_spawnp};
use nix::sys::wait::waitpid;

const PYTHON: &str = r#"
import subprocess, sys, time
held = bytearray(b"x") * int(sys.argv[1])
rounds = int(sys.argv[2])
start = time.perf_counter()
for i in range(rounds):
    subprocess.run(["true"], check=True)
print((time.perf_counter() - start) / rounds)
"#;

const OURS: &str = "ours";
const OURS_STD: &str = "ours, of std's Command (fork)";
const BARE: &str = "bare posix_spawn and wait";

fn main() {
    if let [how, bytes, rounds] = &*Peer::wanted() {
        return measure(how, bytes.parse().unwrap(), rounds.parse().unwrap());
    }
    let python = &Peer::python(PYTHON);
    for (title, bytes, rounds) in [
        ("run an empty program, from a small process", "1", "200"),
        (
            "run an empty program, from a process of 1 GB",
            "1000000000",
            "20",
        ),
    ] {
        let ours = |how| move || Peer::this_program().number(&[how, bytes, rounds]);
        Comparison::new(title, Unit::Seconds)
            .candidate(OURS, ours(OURS))
            .candidate(OURS_STD, ours(OURS_STD))
            .candidate(BARE, ours(BARE))
            .candidate(python.name(), || python.number(&[bytes, rounds]))
            .run();
    }
}

/// In a process of its own, which holds so much: the seconds that each run takes.
fn measure(how: &str, bytes: usize, rounds: u32) {
    let held = black_box(vec![b'x'; bytes]);
    let run = match how {
        OURS => || check_call(&mut Command::new("true")).unwrap(),
        OURS_STD => || check_call(&mut StdCommand::new("true")).unwrap(),
        _ => bare,
    };
    let all = seconds(|| (0..rounds).for_each(|_| run()));
    println!("{}", all / f64::from(rounds));
    drop(black_box(held));
}

fn bare() {
    let (actions, attr) = (PosixSpawnFileActions::init(), PosixSpawnAttr::init());
    let env: Vec<CString> = std::env::vars()
        .map(|(key, value)| CString::new(format!("{key}={value}")).unwrap())
        .collect();
    let (actions, attr) = (actions.unwrap(), attr.unwrap());
    let pid = posix_spawnp(c"true", &actions, &attr, &[c"true"], &env).unwrap();
    waitpid(pid, None).unwrap();
}
