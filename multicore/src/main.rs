//! One busy thread for each core, and the CPU use of this process meanwhile.
//!
//! ```text
//! cargo run -p multicore
//! cargo run -p multicore -- --python
//! ```
//!
//! Python: `threading.Thread(target=loop)`, `multiprocessing.cpu_count()` times,
//! with a loop that never ends. What to notice: here N threads use N cores. In
//! Python only the thread with the interpreter's global lock runs: one core.
#![forbid(unsafe_code)]

mod options;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::Context;
use common::{program, say};
use multicore::{Cores, Error, Live, Meter, Summary, be_busy, processes, python};
use multiproc::thread::Builder;

use options::Options;

// ANCHOR: recipe
fn main() -> ExitCode {
    program::run(|options: Options| {
        let cores = Cores::of_this_process()?;
        let count = options.threads.unwrap_or(cores.count());
        // Fork before the handler is set: it starts a thread.
        let forked = options.processes.then(|| processes::start(count));
        let forked = forked.transpose()?;
        let interrupted = Arc::new(AtomicBool::new(false));
        let (flag, main) = (Arc::clone(&interrupted), thread::current());
        ctrlc::set_handler(move || {
            flag.store(true, Ordering::SeqCst);
            main.unpark();
        })
        .context("cannot catch Ctrl-C")?;

        let live = Live::new(options.seconds, Arc::clone(&interrupted));
        let mut text = String::new();
        if options.python {
            text = python::run(count, &live)?.describe("Python's threads", &cores) + "\n";
        }
        text += &match forked {
            Some(forked) => forked.run(&live)?.describe("processes", &cores),
            None => threads(count, &live)?.describe("threads", &cores),
        };
        say!("{text}");
        match interrupted.load(Ordering::SeqCst) {
            true => Err(program::Exit::new(130, ""))?,
            false => Ok(()),
        }
    })
}

/// The notes' program: as many threads as asked for, each of them busy.
fn threads(count: u32, live: &Live) -> Result<Summary, Error> {
    let meter = Meter::of_this_process()?;
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let start = |number| {
            // The loop needs little stack, and there may be thousands of threads.
            let builder = Builder::new().stack_size(64 << 10);
            let thread = builder.spawn_scoped(scope, || be_busy(&stop));
            let what = format!("cannot start thread {number}");
            thread.map(drop).map_err(Error::system(what))
        };
        let started = (1..=count).try_for_each(start);
        let watched = started.and_then(|()| live.watch("threads", || meter.cpu()));
        // On errors too: the scope waits for its threads.
        stop.store(true, Ordering::Relaxed);
        watched
    })?;
    meter.stop(count)
}
// ANCHOR_END: recipe
