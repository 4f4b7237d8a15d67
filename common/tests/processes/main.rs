//! What can only be tested by forking.
//!
//! The ordinary test runner has threads, and a process with threads does not
//! fork. So this is a program of its own (`harness = false`): one thread, each
//! check in a child with a deadline.
#![allow(clippy::unwrap_used)]

mod chaos;
mod process;
mod queue;
mod shared;

use std::time::{Duration, Instant};

use common::process::{ExitStatus, Process};

/// A name and what is checked; it panics when the check fails.
type Check = (&'static str, fn());

const DEADLINE: Duration = Duration::from_secs(120);

fn main() {
    let checks: Vec<Check> = [
        process::CHECKS,
        shared::CHECKS,
        queue::CHECKS,
        chaos::CHECKS,
    ]
    .concat();
    // `cargo test -- --ignored` reaches every test program: nothing here is.
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.iter().any(|arg| arg == "--ignored") {
        return;
    }
    let wanted = args.iter().find(|arg| !arg.starts_with('-'));
    let repeat = std::env::var("REPEAT")
        .ok()
        .and_then(|times| times.parse().ok())
        .unwrap_or(1);
    let (mut passed, mut failed) = (0, 0);
    for (name, check) in checks {
        if wanted.is_some_and(|wanted| !name.contains(wanted.as_str())) {
            continue;
        }
        for _ in 0..repeat {
            let start = Instant::now();
            let child = Process::spawn("check", check).expect("fork");
            let ok = match child.join_timeout(DEADLINE).expect("wait") {
                Some(ExitStatus::Code(0)) => true,
                Some(status) => {
                    eprintln!("{name}: the check {status}");
                    false
                }
                None => {
                    eprintln!("{name}: still running after {DEADLINE:?}");
                    false
                }
            };
            let outcome = if ok { "ok" } else { "FAILED" };
            println!("test {name} ... {outcome} ({:.2?})", start.elapsed());
            if ok { passed += 1 } else { failed += 1 }
        }
    }
    let outcome = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {outcome}. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out\n"
    );
    std::process::exit(i32::from(failed > 0));
}
