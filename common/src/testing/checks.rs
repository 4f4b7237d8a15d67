//! Checks that fork.
//!
//! The usual test runner has threads, and a process with threads must not fork.
//! These run in a test program of their own (`harness = false`), which has one
//! thread and runs each check in a child, with a deadline.

use std::time::{Duration, Instant};

use multiproc::process::{ExitStatus, Process};

/// A name, and a function that panics if the check fails.
pub type Check = (&'static str, fn());

/// A list of [`Check`]s from functions, named by module and function:
/// `const CHECKS: &[Check] = checks![a_child_ends, a_child_is_killed];`
#[macro_export]
macro_rules! checks {
    ($($check:ident),* $(,)?) => {
        &[$((concat!(module_path!(), "::", stringify!($check)), $check as fn())),*]
    };
}

/// Longer than any check takes, even on a busy machine that is a few times slower
/// than a developer's.
const DEADLINE: Duration = Duration::from_secs(120);

/// The same for ignored checks, which may take long.
const LONG_DEADLINE: Duration = Duration::from_secs(1200);

/// Runs `checks` (if there is an argument, those whose name contains it) and
/// exits, with status 1 if one failed. `REPEAT=100` in the environment runs each
/// a hundred times.
///
/// The checks' own children are killed with them.
pub fn run_checks(checks: &[Check]) -> ! {
    run_checks_and_ignored(checks, &[])
}

/// Like [`run_checks`]. The checks in `ignored` need something that not every
/// machine has. They run with `--ignored`, like `#[ignore]`d tests, and their
/// failures say what is missing.
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

/// Runs a check; returns what went wrong, if anything did.
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
