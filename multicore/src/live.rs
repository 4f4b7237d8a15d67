//! Waiting for the end of a run, and showing the CPU use meanwhile.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use common::say;
use multiproc::deadline::Deadline;
use multiproc::queue::Error;
use multiproc::queue::thread::Queue;

const SECOND: Duration = Duration::from_secs(1);

/// How long a run takes, and what ends it sooner.
#[derive(Debug)]
pub struct Live {
    length: Duration,
    stop: Arc<Queue<()>>,
    shown: bool,
}

impl Live {
    /// Runs take `length`, or until `stop` is closed.
    pub fn new(length: Duration, stop: Arc<Queue<()>>) -> Self {
        Live {
            length,
            stop,
            shown: true,
        }
    }

    /// Shows nothing: for measurements.
    pub fn silent(mut self) -> Self {
        self.shown = false;
        self
    }

    /// Returns when the run is to end. Once a second it asks `cpu` for the CPU
    /// time so far and shows the use in that second: on a terminal always in
    /// the same line, elsewhere in a line each.
    pub fn watch(&self, what: &str, cpu: impl Fn() -> Result<Duration>) -> Result<()> {
        let on_terminal = io::stdout().is_terminal();
        let end = Deadline::after(self.length);
        let (start, mut last) = (Instant::now(), (Instant::now(), cpu()?));
        loop {
            let left = end.remaining().unwrap_or(Duration::MAX);
            match self.stop.get_timeout(left.min(SECOND)) {
                Err(Error::Empty) if !end.is_past() => {}
                _ => break,
            }
            let now = (Instant::now(), cpu()?);
            let wall = (now.0 - last.0).as_secs_f64();
            let percent = 100.0 * now.1.saturating_sub(last.1).as_secs_f64() / wall;
            last = now;
            let seconds = start.elapsed().as_secs();
            let line = format!("{what}: {percent:.1} % of one core after {seconds} s");
            match (self.shown, on_terminal) {
                (false, _) => {}
                (true, true) => rewrite(&line)?,
                (true, false) => say!("{line}"),
            }
        }
        if self.shown && on_terminal {
            rewrite("")?;
        }
        Ok(())
    }
}

/// Replaces the line that the cursor is in.
fn rewrite(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    // Back to the first column, and erase to the end (console_codes(4)).
    write!(out, "\r{line}\x1b[K")?;
    out.flush()
}
