//! What each worker does once, before its first task.
//!
//! ```text
//! $ cargo run -q -p pool --example initializer
//! 2 workers opened the dictionary 2 times for 100 look-ups
//! ```
//!
//! Python: `Pool(2, initializer=f, initargs=(x,))`. What to notice: it is for
//! what takes long to set up, such as a connection or a large table. It runs in
//! every worker, including those that replace a dead one. What a fork may copy is
//! better set up once, before the pool is made.
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::ensure;
use common::{program, say};
use multiproc::pool::PoolBuilder;
use multiproc::shared::Shared;

thread_local! {
    /// The worker's own: it has one thread.
    static DICTIONARY: RefCell<HashMap<u32, String>> = RefCell::default();
}

fn main() -> ExitCode {
    program::example("Sets something up once for each worker", || {
        let opened = Shared::new(AtomicU32::new(0))?;
        let pool = PoolBuilder::new()
            .workers(2)
            .initializer(|| {
                opened.fetch_add(1, Ordering::SeqCst);
                DICTIONARY.set((0..100).map(|n| (n, format!("word {n}"))).collect());
            })
            .build(|n: u32| DICTIONARY.with_borrow(|words| words.get(&n).cloned()))?;
        let words = pool.map(0..100, None)?;
        ensure!(words.iter().all(Option::is_some), "a word is missing");
        pool.close().join()?;
        let opened = opened.load(Ordering::SeqCst);
        say!(
            "2 workers opened the dictionary {opened} times for {} look-ups",
            words.len()
        );
        Ok(())
    })
}
