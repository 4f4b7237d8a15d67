//! What starting, switching and talking cost, for processes and for threads.
//!
//! <!-- numbers vary -->
//! ```text
//! $ cargo run -q -p threads --example process_or_thread
//! microseconds                  process     thread
//! start and wait for it          127.38      61.83
//! switch to it and back            2.86       2.79
//! hand it 64 KiB                  34.46       3.95
//! ```
//!
//! The notes: threads are a bit faster than processes, but not much. What to
//! notice: it depends on what they do. Switching costs nearly the same. Starting a
//! process copies its page tables, so it takes longer for a larger program. Data
//! for a process is copied into the kernel and out again; a thread gets a pointer,
//! whatever the size, and most of its time here goes into freeing the block.
//!
//! The processes come first: a program that has threads must not fork.
#![forbid(unsafe_code)]

use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use common::{program, say};
use multiproc::process::{Builder as ProcessBuilder, Process};
use multiproc::queue::thread::Queue;
use multiproc::thread::Thread;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

const STARTS: u32 = 200;
const SWITCHES: u32 = 5_000;
const BLOCKS: u32 = 2_000;
const BLOCK: usize = 64 << 10;

fn main() -> ExitCode {
    program::example("Measures what a process and a thread cost", || {
        let processes = [start_process()?, switch_process()?, hand_process()?];
        let threads = [start_thread()?, switch_thread()?, hand_thread()?];
        say!("{:<26} {:>10} {:>10}", "microseconds", "process", "thread");
        let rows = [
            "start and wait for it",
            "switch to it and back",
            "hand it 64 KiB",
        ];
        for ((row, process), thread) in rows.iter().zip(processes).zip(threads) {
            say!("{row:<26} {process:>10.2} {thread:>10.2}");
        }
        Ok(())
    })
}

/// Microseconds for one of `times`.
fn measure(times: u32, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64() * 1e6 / f64::from(times))
}

fn start_process() -> anyhow::Result<f64> {
    measure(STARTS, || {
        (0..STARTS).try_for_each(|_| Ok(Process::spawn("child", || {})?.join_success()?))
    })
}

fn start_thread() -> anyhow::Result<f64> {
    measure(STARTS, || {
        (0..STARTS).try_for_each(|_| Ok(Thread::spawn(|| {})?.join()?))
    })
}

fn switch_process() -> anyhow::Result<f64> {
    let ((here, there), (back, forth)) = (pipe()?, pipe()?);
    on_one_core(|| {
        // The child's ends are moved into it and so closed here; ours are closed
        // in the child, which else would keep its own input open.
        let child = ProcessBuilder::new("child")
            .close_in_child(&there)
            .close_in_child(&back)
            .spawn(move || echo(here, forth))?;
        let time = call(there, back)?;
        child.join_success()?;
        Ok(time)
    })
}

fn switch_thread() -> anyhow::Result<f64> {
    let ((here, there), (back, forth)) = (pipe()?, pipe()?);
    on_one_core(|| {
        let thread = Thread::spawn(move || echo(here, forth))?;
        let time = call(there, back)?;
        thread.join()??;
        Ok(time)
    })
}

/// On two cores, the two sides would run at the same time rather than switch.
fn on_one_core<R>(work: impl FnOnce() -> anyhow::Result<R>) -> anyhow::Result<R> {
    let this = Pid::from_raw(0);
    let allowed = sched_getaffinity(this)?;
    let mut one = CpuSet::new();
    for cpu in 0..CpuSet::count() {
        if allowed.is_set(cpu)? {
            one.set(cpu)?;
            break;
        }
    }
    sched_setaffinity(this, &one)?;
    let result = work();
    sched_setaffinity(this, &allowed)?;
    result
}

fn call(mut there: PipeWriter, mut back: PipeReader) -> anyhow::Result<f64> {
    measure(SWITCHES, || {
        for _ in 0..SWITCHES {
            there.write_all(b"?")?;
            back.read_exact(&mut [0])?;
        }
        // `there` is closed with the end of this function: the end of the echo.
        Ok(())
    })
}

fn echo(mut here: PipeReader, mut forth: PipeWriter) -> std::io::Result<()> {
    while here.read(&mut [0])? > 0 {
        forth.write_all(b"!")?;
    }
    Ok(())
}

fn hand_process() -> anyhow::Result<f64> {
    let (mut here, mut there) = pipe()?;
    let child = ProcessBuilder::new("child")
        .close_in_child(&there)
        .spawn(move || {
            let mut block = vec![0; BLOCK];
            (0..BLOCKS).try_for_each(|_| here.read_exact(&mut block))
        })?;
    let block = vec![1; BLOCK];
    measure(BLOCKS, || {
        (0..BLOCKS).try_for_each(|_| there.write_all(&block))?;
        child.join_success()?;
        Ok(())
    })
}

fn hand_thread() -> anyhow::Result<f64> {
    let queue = Arc::new(Queue::new(0));
    let blocks: Vec<_> = (0..BLOCKS).map(|_| vec![1_u8; BLOCK]).collect();
    let getter = Arc::clone(&queue);
    let thread = Thread::spawn(move || (0..BLOCKS).try_for_each(|_| getter.get().map(drop)))?;
    measure(BLOCKS, || {
        blocks.into_iter().try_for_each(|block| queue.put(block))?;
        Ok(thread.join()??)
    })
}
