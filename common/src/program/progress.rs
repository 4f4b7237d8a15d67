//! How far a long run is, on a terminal.

use std::sync::Once;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Whoever waits no longer than this need not be told.
const PATIENCE: Duration = Duration::from_secs(2);

/// A line on standard error that says how far a run is and how long it will
/// take. It is there after two seconds, on a terminal only, and goes when this
/// is dropped. Any thread may [`add`](Self::add).
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    start: Instant,
    shown: Once,
}

impl Progress {
    /// A run of `total` steps, of whatever kind.
    pub fn new(total: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{wide_bar} {percent:>3} %, {eta} left");
        Progress {
            // A template with a fault would only look otherwise.
            bar: style.map_or(bar.clone(), |style| bar.with_style(style)),
            start: Instant::now(),
            shown: Once::new(),
        }
    }

    /// So many steps more are done.
    pub fn add(&self, steps: u64) {
        self.bar.inc(steps);
        if self.start.elapsed() >= PATIENCE {
            let show = || self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.shown.call_once(show);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
