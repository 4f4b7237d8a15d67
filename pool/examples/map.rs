//! One function over many arguments, four ways.
//!
//! ```text
//! $ cargo run -q -p pool --example map
//! map: [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]
//! map_async, meanwhile something else, then: sum 285
//! imap over an endless input, the first five: [0, 1, 4, 9, 16]
//! imap_unordered, sorted afterwards: [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]
//! ```
//!
//! Python: `map`, `map_async`, `imap`, `imap_unordered`. What to notice:
//! arguments travel in chunks, so that sending a short task does not cost more
//! than the task. `imap` reads its input only as far ahead as the workers need;
//! Python's reads all of it.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use common::{program, say};
use multiproc::pool::Pool;

fn main() -> ExitCode {
    program::example("Shows map, map_async, imap and imap_unordered", || {
        let pool = Pool::new(2, |n: u64| n * n)?;
        say!("map: {:?}", pool.map(0..10, None)?);

        let later = pool.map_async(0..10, Some(3));
        let sum: u64 = later.get()?.iter().sum();
        say!("map_async, meanwhile something else, then: sum {sum}");

        let first: Vec<u64> = pool.imap(0.., 2).take(5).collect::<Result<_, _>>()?;
        say!("imap over an endless input, the first five: {first:?}");

        let mut all: Vec<u64> = pool.imap_unordered(0..10, 2).collect::<Result<_, _>>()?;
        all.sort_unstable();
        say!("imap_unordered, sorted afterwards: {all:?}");
        Ok(pool.close().join()?)
    })
}
