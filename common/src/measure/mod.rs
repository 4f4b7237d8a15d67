//! Measurements side by side: every candidate in turn, round after round, so
//! that a machine whose speed drifts slows all of them alike; medians quoted.
//!
//! For `benches/` (`harness = false`), where a candidate may be a program in
//! another language. What a run finds is printed, and appended as lines of JSON
//! to the file that the variable [`RECORD`] names: the tables and curves of the
//! README and the book are written from that file, never typed.

mod curve;
mod flow;
mod growth;
pub mod payload;
mod peer;
mod record;

use std::fmt;
use std::fs;
use std::time::{Duration, Instant};

pub use curve::Curve;
pub use flow::flow;
pub use growth::Growth;
pub use peer::Peer;
pub use record::RECORD;

/// What the numbers of a comparison are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Operations a second: more is better.
    PerSecond,
    /// Seconds: less is better.
    Seconds,
    /// Bytes a second: more is better.
    BytesPerSecond,
    /// A share of something, 0 to 1: more is better.
    Share,
    /// Bytes of memory: less is better.
    Bytes,
}

impl Unit {
    /// Whether a smaller number is the better one.
    pub fn less_is_better(self) -> bool {
        matches!(self, Unit::Seconds | Unit::Bytes)
    }
}

/// Runs one round of a candidate and gives its number; `None` when it cannot
/// be run here (`python3` is missing).
type Round<'a> = Box<dyn FnMut() -> Option<f64> + 'a>;

/// Candidates that do the same work.
pub struct Comparison<'a> {
    title: String,
    unit: Unit,
    rounds: usize,
    candidates: Vec<(String, Round<'a>)>,
}

impl fmt::Debug for Comparison<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Comparison")
            .field("title", &self.title)
            .finish_non_exhaustive()
    }
}

impl<'a> Comparison<'a> {
    /// A comparison called `title`, five rounds of each candidate.
    pub fn new(title: impl Into<String>, unit: Unit) -> Self {
        Comparison {
            title: title.into(),
            unit,
            rounds: 5,
            candidates: Vec::new(),
        }
    }

    /// Another number of rounds.
    pub fn rounds(mut self, rounds: usize) -> Self {
        self.rounds = rounds.max(1);
        self
    }

    /// One more candidate. Put ours first: the others are given as ratios
    /// to it.
    pub fn candidate(
        mut self,
        name: impl Into<String>,
        round: impl FnMut() -> Option<f64> + 'a,
    ) -> Self {
        self.candidates.push((name.into(), Box::new(round)));
        self
    }

    /// Runs all rounds, after one that does not count, and prints a table.
    pub fn run(mut self) -> Vec<(String, Option<f64>)> {
        let mut numbers: Vec<Option<Vec<f64>>> = vec![Some(Vec::new()); self.candidates.len()];
        for round in 0..=self.rounds {
            for ((_, candidate), numbers) in self.candidates.iter_mut().zip(&mut numbers) {
                // One that could not run once is not asked again.
                let Some(list) = numbers else { continue };
                match candidate() {
                    Some(number) if round > 0 => list.push(number),
                    Some(_) => {}
                    None => *numbers = None,
                }
            }
        }
        let medians: Vec<_> = numbers.into_iter().map(|list| list.map(median)).collect();
        let table: Vec<_> = self
            .candidates
            .into_iter()
            .map(|(name, _)| name)
            .zip(medians)
            .collect();
        println!("{}", Table(&self.title, self.unit, &table));
        record::comparison(&self.title, self.unit, self.rounds, &table);
        table
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

struct Table<'a>(&'a str, Unit, &'a [(String, Option<f64>)]);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Table(title, unit, rows) = *self;
        writeln!(f, "{title}")?;
        let ours = rows.first().and_then(|(_, median)| *median);
        for (index, (name, median)) in rows.iter().enumerate() {
            write!(f, "  {name:<32}")?;
            let Some(number) = *median else {
                writeln!(f, "cannot run here")?;
                continue;
            };
            match unit {
                Unit::PerSecond => write!(f, "{:>14.0} /s", number)?,
                Unit::BytesPerSecond => write!(f, "{:>12.2} GB/s", number / 1e9)?,
                Unit::Seconds => write!(f, "{:>14.1} µs", number * 1e6)?,
                Unit::Share => write!(f, "{:>14.1} %", number * 100.0)?,
                Unit::Bytes => write!(f, "{:>14.1} MiB", number / 1_048_576.0)?,
            }
            if let (Some(ours), true) = (ours, index > 0) {
                let better = if unit.less_is_better() {
                    number / ours
                } else {
                    ours / number
                };
                write!(f, "   ours is {better:.2} × as good")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// How long `work` takes, in seconds.
pub fn seconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().max(Duration::from_nanos(1)).as_secs_f64()
}

/// The most memory that this process has had, in bytes: what it shares with its
/// children included.
///
/// # Panics
///
/// Without `/proc`.
pub fn most_memory() -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("/proc");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kib.expect("a VmHWM") * 1024.0
}

/// Runs `python3 -c program args…` and reads the number that it prints: see
/// [`Peer::python`].
pub fn python(program: &str, args: &[&str]) -> Option<f64> {
    Peer::python(program).number(args)
}
