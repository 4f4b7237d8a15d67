//! How far a long run has come, on a terminal.

use std::sync::Once;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A run that takes no longer than this shows nothing.
const PATIENCE: Duration = Duration::from_secs(2);

/// A line on standard error that shows how far a run has come and how long it will
/// take. It appears after two seconds, only on a terminal, and disappears when
/// this is dropped. Any thread may [`add`](Self::add).
///
/// ```
/// use common::program::Progress;
///
/// let progress = Progress::new(1_000);
/// for _ in 0..10 {
///     // … a hundred steps …
///     progress.add(100);
/// }
/// ```
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
            // Without a style it would only look different.
            bar: style.map_or(bar.clone(), |style| bar.with_style(style)),
            start: Instant::now(),
            shown: Once::new(),
        }
    }

    /// Adds `steps` to what is done.
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
