//! Curves of which each point is measured in a process that has done nothing
//! before, ours beside CPython's.

use super::{Curve, Peer, Unit};

/// A benchmark that starts itself anew for each point.
///
/// ```no_run
/// use common::measure::{Growth, Unit, seconds};
///
/// let growth = Growth::new("import sys; print(len(sys.argv))", 1_000);
/// if growth.is_point(|_what, size| seconds(|| drop(vec![1_u8; size as usize]))) {
///     return;
/// }
/// growth.curve("vector", "a vector", "bytes", Unit::Seconds, &[1_000, 1_000_000]);
/// ```
#[derive(Debug)]
pub struct Growth {
    python: Peer,
    most_for_python: u64,
}

impl Growth {
    /// Beside a Python program, which gets what to measure and the size as
    /// arguments, and is asked for sizes up to `most_for_python`.
    pub fn new(python: &str, most_for_python: u64) -> Self {
        Growth {
            python: Peer::python(python),
            most_for_python,
        }
    }

    /// Whether this process was started for a point. If so, `point` has measured
    /// it, of what and at which size, and it is printed: there is no more to do.
    ///
    /// # Panics
    ///
    /// When the size is no number.
    pub fn is_point(&self, point: impl FnOnce(&str, u64) -> f64) -> bool {
        let wanted = Peer::wanted();
        let [what, size] = &*wanted else {
            return false;
        };
        println!("{}", point(what, size.parse().expect("a size")));
        true
    }

    /// Measures a curve; see [`Curve::new`].
    pub fn curve(&self, what: &str, title: &str, axis: &str, unit: Unit, sizes: &[u64]) {
        let ours = Peer::this_program();
        Curve::new(title, axis, unit, sizes.iter().copied())
            .line("ours", |size| ours.number(&[what, &size.to_string()]))
            .line(self.python.name(), |size| {
                let asked = size <= self.most_for_python;
                asked.then(|| self.python.number(&[what, &size.to_string()]))?
            })
            .run();
    }
}
