//! Checks that fork.
//!
//! The ordinary test runner has threads, and a process with threads does not
//! fork. A test program of its own (`harness = false`) has one thread, and runs
//! each check in a child with a deadline.

use std::time::{Duration, Instant};

use multiproc::process::{ExitStatus, Process};

/// A name, and what is checked; it panics when the check fails.
pub type Check = (&'static str, fn());

/// A list of [`Check`]s from functions, each under its module's and its own
/// name: `const CHECKS: &[Check] = checks![a_child_ends, a_child_is_killed];`
#[macro_export]
macro_rules! checks {
    ($($check:ident),* $(,)?) => {
        &[$((concat!(module_path!(), "::", stringify!($check)), $check as fn())),*]
    };
}

/// More than any check takes, on a machine that is a few times slower than a
/// developer's and has other work.
const DEADLINE: Duration = Duration::from_secs(120);

/// Likewise for the ignored ones, which may be long.
const LONG_DEADLINE: Duration = Duration::from_secs(1200);

/// Runs `checks`, those whose name contains the first argument if there is
/// one, and exits: with status 1 when one failed. `REPEAT=100` in the
/// environment runs each a hundred times.
///
/// The checks' own children are killed with them.
pub fn run_checks(checks: &[Check]) -> ! {
    run_checks_and_ignored(checks, &[])
}

/// Likewise; `ignored` are checks that need what not every machine has. They
/// run with `--ignored`, as `#[ignore]`d tests do, and say what is missing.
pub fn run_checks_and_ignored(checks: &[Check], ignored: &[Check]) -> ! {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (checks, others, deadline) = match args.iter().any(|arg| arg == "--ignored") {
        true => (ignored, checks, LONG_DEADLINE),
        false => (checks, ignored, DEADLINE),
    };
    let wanted = args.iter().find(|arg| !arg.starts_with('-'));
    let repeat = std::env::var("REPEAT")
        .ok()
        .and_then(|times| times.parse().ok());
    let (mut passed, mut failed, mut filtered) = (0, 0, others.len());
    for (name, check) in checks {
        if wanted.is_some_and(|wanted| !name.contains(wanted.as_str())) {
            filtered += 1;
            continue;
        }
        for _ in 0..repeat.unwrap_or(1) {
            let start = Instant::now();
            let failure = run_check(*check, deadline);
            let outcome = if failure.is_some() { "FAILED" } else { "ok" };
            println!("test {name} ... {outcome} ({:.2?})", start.elapsed());
            match failure {
                Some(failure) => {
                    println!("  the check {failure}");
                    failed += 1;
                }
                None => passed += 1,
            }
        }
    }
    let outcome = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {outcome}. {passed} passed; {failed} failed; 0 ignored; 0 measured; {filtered} filtered out\n"
    );
    std::process::exit(i32::from(failed > 0));
}

/// What went wrong, if anything did.
fn run_check(check: fn(), deadline: Duration) -> Option<String> {
    let child = match Process::spawn("check", check) {
        Ok(child) => child,
        Err(error) => return Some(format!("was not started: {error}")),
    };
    match child.join_timeout(deadline) {
        Ok(Some(ExitStatus::Code(0))) => None,
        Ok(Some(status)) => Some(status.to_string()),
        Ok(None) => Some(format!("was still running after {deadline:?}")),
        Err(error) => Some(format!("could not be waited for: {error}")),
    }
}
