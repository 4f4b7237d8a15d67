//! Checks that fork.
//!
//! The usual test runner has threads, and a process with threads must not fork.
//! These run in a test program of their own (`harness = false`), which has one
//! thread and runs each check in a child, with a deadline; some of them at once.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::num::NonZero;
use std::thread;
use std::time::{Duration, Instant};

use multiproc::connection::{Waitable, wait};
use multiproc::process::{ExitStatus, Process};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::stdio::{dup2_stderr, dup2_stdout};

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

/// Longer than any check takes, even on a busy machine that is ten times slower
/// than a developer's.
const DEADLINE: Duration = Duration::from_secs(300);

/// The same for ignored checks, which may take long.
const LONG_DEADLINE: Duration = Duration::from_secs(1200);

/// Runs `checks` (if there is an argument, those whose name contains it) and
/// exits, with status 1 if one failed. `REPEAT=100` in the environment runs each
/// a hundred times; `CHECK_SECONDS=5` is how long one may take. As many run at once
/// as the usual runner has threads, so `RUST_TEST_THREADS=1` keeps them apart; what
/// one of them prints is shown if it fails.
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
    let deadline =
        number("CHECK_SECONDS").map_or(deadline, |seconds| Duration::from_secs(seconds as u64));
    let wanted = args.iter().find(|arg| !arg.starts_with('-'));
    let chosen = checks
        .iter()
        .filter(|(name, _)| wanted.is_none_or(|wanted| name.contains(wanted.as_str())));
    let repeat = number("REPEAT").unwrap_or(1);
    let filtered = others.len() + checks.len() - chosen.clone().count();
    let mut to_run = chosen.flat_map(|check| std::iter::repeat_n(check, repeat));
    let (mut passed, mut failed) = (0, 0);
    let running = RefCell::new(Vec::new());
    loop {
        while running.borrow().len() < at_once()
            && let Some(check) = to_run.next()
        {
            if let Err(error) = start(check, deadline, &running) {
                println!("test {} ... FAILED\n  it was not started: {error}", check.0);
                failed += 1;
            }
        }
        if running.borrow().is_empty() {
            break;
        }
        wait_for_one(&running.borrow());
        running
            .borrow_mut()
            .retain_mut(|check| match check.outcome() {
                None => true,
                Some(ok) => {
                    passed += usize::from(ok);
                    failed += usize::from(!ok);
                    false
                }
            });
    }
    let outcome = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {outcome}. {passed} passed; {failed} failed; 0 ignored; 0 measured; {filtered} filtered out\n"
    );
    std::process::exit(i32::from(failed > 0));
}

fn number(variable: &str) -> Option<usize> {
    std::env::var(variable).ok()?.parse().ok()
}

/// How many checks run at a time.
fn at_once() -> usize {
    let cores = || thread::available_parallelism().map_or(1, NonZero::get);
    number("RUST_TEST_THREADS").unwrap_or_else(cores).max(1)
}

/// Waits until one of them has ended, or its time is over.
fn wait_for_one(running: &[Running]) {
    let children: Vec<&dyn Waitable> = running.iter().map(|check| &check.child as _).collect();
    let left = running.iter().map(Running::left).min();
    wait(&children, left).expect("a wait for processes");
}

/// A check in its process.
struct Running {
    name: &'static str,
    child: Process,
    start: Instant,
    deadline: Duration,
    /// What it prints, in memory: those of other checks would come in between.
    printed: File,
}

/// Starts a check beside those that are `running`.
fn start(check: &Check, deadline: Duration, running: &RefCell<Vec<Running>>) -> io::Result<()> {
    let (name, check) = *check;
    let printed = File::from(memfd_create("printed", MemfdFlags::CLOEXEC)?);
    let own = printed.try_clone()?;
    let printed = RefCell::new(Some(printed));
    let child = Process::spawn("check", || {
        dup2_stdout(&own).expect("standard output");
        dup2_stderr(&own).expect("standard error");
        // A check that counts descriptors, or has few, finds the usual three.
        drop((own, printed.take(), running.take()));
        check();
    });
    running.borrow_mut().push(Running {
        name,
        child: child.map_err(io::Error::other)?,
        start: Instant::now(),
        deadline,
        printed: printed.take().expect("the child's copy alone is gone"),
    });
    Ok(())
}

impl Running {
    /// Its time that is left.
    fn left(&self) -> Duration {
        self.deadline.saturating_sub(self.start.elapsed())
    }

    /// Whether it has passed; tells it, and what went wrong if anything did.
    /// `None` if it is still running.
    fn outcome(&mut self) -> Option<bool> {
        let failure = match self.child.join_timeout(Duration::ZERO) {
            Ok(Some(ExitStatus::Code(0))) => None,
            Ok(Some(status)) => Some(status.to_string()),
            Ok(None) if !self.left().is_zero() => return None,
            Ok(None) => {
                // An error: it has just ended.
                let _ = self.child.kill();
                Some(format!("was still running after {:?}", self.deadline))
            }
            Err(error) => Some(format!("could not be waited for: {error}")),
        };
        let outcome = if failure.is_some() { "FAILED" } else { "ok" };
        let (name, took) = (self.name, self.start.elapsed());
        println!("test {name} ... {outcome} ({took:.2?})");
        if let Some(failure) = &failure {
            let mut printed = Vec::new();
            // The position is shared with the check, which is at the end.
            let read = self.printed.rewind();
            if let Err(error) = read.and_then(|()| self.printed.read_to_end(&mut printed)) {
                println!("  what it has printed cannot be read: {error}");
            }
            println!("  the check {failure}");
            let printed = String::from_utf8_lossy(&printed);
            // The next check's result begins a line of its own.
            let end = match printed.ends_with('\n') || printed.is_empty() {
                true => "",
                false => "\n",
            };
            print!("{printed}{end}");
        }
        Some(failure.is_none())
    }
}
