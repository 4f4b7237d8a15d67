//! Twenty external programs at once: their lines as they come, and their ends.
//!
//! ```text
//! $ cargo run -q -p coroutine --example children
//! 20 programs, 60 lines, 18 ended well
//! program 7 ended with 7
//! program 14 was killed by signal 9
//! ```
//!
//! What to notice: one thread reads forty things, twenty outputs and twenty ends,
//! and needs none of them to come first. On a terminal each program has a line of
//! its own that shows what it said last. Ctrl-C and `kill` end the programs too:
//! their handles end them when they are dropped.
#![forbid(unsafe_code)]

use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus, Stdio};

use anyhow::Context;
use common::program::{self, Exit};
use common::say;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

const PROGRAMS: u32 = 20;

const SCRIPT: &str = "
for step in 1 2 3; do echo step $step; sleep 0.0$step; done
case $1 in 7) exit 7;; 14) kill -9 $$;; esac";

fn main() -> ExitCode {
    program::example("Runs twenty programs and reads them all", || {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(run_or_stop())
    })
}

/// Runs all, unless a signal comes first: then what runs is dropped, and ends.
async fn run_or_stop() -> anyhow::Result<()> {
    let mut first = JoinSet::new();
    for (kind, status) in [
        (SignalKind::interrupt(), 130),
        (SignalKind::terminate(), 143),
        (SignalKind::hangup(), 129),
    ] {
        let mut stop = signal(kind)?;
        first.spawn(async move {
            stop.recv().await;
            Err(Exit::new(status, "").into())
        });
    }
    first.spawn(run_all());
    let outcome = first.join_next().await.context("nothing to run")?;
    // Waits until what still ran is dropped.
    first.shutdown().await;
    outcome?
}

// ANCHOR: children
async fn run_all() -> anyhow::Result<()> {
    // Draws nothing where standard error is no terminal.
    let screen = MultiProgress::new();
    let mut programs = JoinSet::new();
    for n in 1..=PROGRAMS {
        let line = screen.add(ProgressBar::new_spinner());
        line.set_style(ProgressStyle::with_template("{prefix:>12} {msg}")?);
        line.set_prefix(format!("program {n}"));
        programs.spawn(async move { (n, run(n, &line).await) });
    }
    let (mut lines, mut bad) = (0, Vec::new());
    for (n, outcome) in programs.join_all().await {
        let (count, status) = outcome.with_context(|| format!("program {n}"))?;
        lines += count;
        if !status.success() {
            bad.push((n, status));
        }
    }
    screen.clear()?;
    bad.sort_by_key(|(n, _)| *n);
    let well = PROGRAMS as usize - bad.len();
    say!("{PROGRAMS} programs, {lines} lines, {well} ended well");
    for (n, status) in bad {
        match (status.code(), status.signal()) {
            (Some(code), _) => say!("program {n} ended with {code}"),
            (None, signal) => say!("program {n} was killed by signal {}", signal.unwrap_or(0)),
        }
    }
    Ok(())
}

/// How many lines it printed, and how it ended.
async fn run(n: u32, line: &ProgressBar) -> anyhow::Result<(usize, ExitStatus)> {
    let mut child = Command::new("sh")
        .args(["-c", SCRIPT, "sh", &n.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // Dropped where it waits, it takes the program along.
        .kill_on_drop(true)
        .spawn()?;
    let stdout = child.stdout.take().context("piped")?;
    let mut lines = BufReader::new(stdout).lines();
    let mut count = 0;
    while let Some(text) = lines.next_line().await? {
        line.set_message(text);
        count += 1;
    }
    let status = child.wait().await?;
    line.set_message(status.to_string());
    Ok((count, status))
}
// ANCHOR_END: children
