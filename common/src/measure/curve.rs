//! How a cost grows: the same work at several sizes.

use std::fmt;

use super::{Unit, record};

/// One round of a line at a size; `None` when it cannot be run here.
type Line<'a> = Box<dyn FnMut(u64) -> Option<f64> + 'a>;

/// Lines over the same sizes.
///
/// ```
/// use common::measure::{Curve, Unit, seconds};
///
/// let lines = Curve::new("allocate", "bytes", Unit::Seconds, [1 << 10, 1 << 20])
///     .line("a vector", |size| Some(seconds(|| drop(vec![1_u8; size as usize]))))
///     .run();
/// assert_eq!(lines[0].1.len(), 2);
/// ```
pub struct Curve<'a> {
    title: String,
    axis: String,
    unit: Unit,
    sizes: Vec<u64>,
    rounds: usize,
    lines: Vec<(String, Line<'a>)>,
}

impl fmt::Debug for Curve<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Curve")
            .field("title", &self.title)
            .finish_non_exhaustive()
    }
}

impl<'a> Curve<'a> {
    /// A curve called `title` over `sizes`, which are so many of what `axis`
    /// says; three rounds at each.
    pub fn new(
        title: impl Into<String>,
        axis: impl Into<String>,
        unit: Unit,
        sizes: impl IntoIterator<Item = u64>,
    ) -> Self {
        Curve {
            title: title.into(),
            axis: axis.into(),
            unit,
            sizes: sizes.into_iter().collect(),
            rounds: 3,
            lines: Vec::new(),
        }
    }

    /// Another number of rounds.
    pub fn rounds(mut self, rounds: usize) -> Self {
        self.rounds = rounds.max(1);
        self
    }

    /// One more line. Put ours first.
    pub fn line(
        mut self,
        name: impl Into<String>,
        round: impl FnMut(u64) -> Option<f64> + 'a,
    ) -> Self {
        self.lines.push((name.into(), Box::new(round)));
        self
    }

    /// Runs every line at every size, in turn, prints the medians and gives them
    /// as `(name, [(size, median)])`. A size that a line cannot do is left out.
    pub fn run(mut self) -> Vec<(String, Vec<(f64, f64)>)> {
        let mut found: Vec<(String, Vec<(f64, f64)>)> = self
            .lines
            .iter()
            .map(|(name, _)| (name.clone(), Vec::new()))
            .collect();
        println!("{}, by {}", self.title, self.axis);
        for &size in &self.sizes {
            let mut numbers = vec![Vec::new(); self.lines.len()];
            for round in 0..self.rounds {
                for ((_, line), numbers) in self.lines.iter_mut().zip(&mut numbers) {
                    // One that could not run once is not asked again: it may
                    // have taken all its time.
                    if numbers.len() == round {
                        numbers.extend(line(size));
                    }
                }
            }
            for ((name, points), numbers) in found.iter_mut().zip(numbers) {
                if numbers.len() < self.rounds {
                    println!("  {size:>12} {name:<24} cannot run here");
                    continue;
                }
                let median = super::median(numbers);
                println!("  {size:>12} {name:<24} {median:>14.6e}");
                points.push((size as f64, median));
            }
        }
        record::curve(&self.title, &self.axis, self.unit, &found);
        found
    }
}
