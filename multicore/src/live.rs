//! Waiting for the end of a run, and showing the CPU use meanwhile.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::say;
use multiproc::deadline::Deadline;

use crate::Error;

const SECOND: Duration = Duration::from_secs(1);

/// How long a run takes, and what ends it sooner.
#[derive(Debug)]
pub struct Live {
    length: Duration,
    stop: Arc<AtomicBool>,
    shown: bool,
}

impl Live {
    /// Runs take `length`, or until `stop` is set. Whoever sets it wakes the
    /// watching thread ([`thread::Thread::unpark`]), or it will notice within a
    /// second.
    pub fn new(length: Duration, stop: Arc<AtomicBool>) -> Self {
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
    ///
    /// # Errors
    ///
    /// Those of `cpu`, at once, and of the terminal.
    pub fn watch(
        &self,
        what: &str,
        mut cpu: impl FnMut() -> Result<Duration, Error>,
    ) -> Result<(), Error> {
        let on_terminal = io::stdout().is_terminal();
        let end = Deadline::after(self.length);
        let (start, mut last) = (Instant::now(), (Instant::now(), cpu()?));
        loop {
            self.sleep_until(last.0 + SECOND, end);
            if self.stop.load(Ordering::SeqCst) || end.is_past() {
                break;
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

    fn sleep_until(&self, moment: Instant, end: Deadline) {
        while !self.stop.load(Ordering::SeqCst) {
            let left = moment.saturating_duration_since(Instant::now());
            let left = left.min(end.remaining().unwrap_or(left));
            if left.is_zero() {
                break;
            }
            thread::park_timeout(left);
        }
    }
}

/// Replaces the line that the cursor is in.
fn rewrite(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    // Back to the first column, and erase to the end (console_codes(4)).
    write!(out, "\r{line}\x1b[K")?;
    out.flush()
}
