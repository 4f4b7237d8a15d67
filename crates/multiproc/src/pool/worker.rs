//! A worker process: take a job, run its tasks, put their outcomes, repeat.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{self, decode_first};
use crate::deadline::Deadline;
use crate::pool::chunks::too_many;
use crate::pool::message::{
    DONE_HEAD, JobNumber, TaskOutcome, push_outcome, split_job, write_done_head,
};
use crate::pool::state::{INITIALIZING, READY, WorkerState};
use crate::process;
use crate::queue::Error;
use crate::queue::process::Ring;

/// How often a worker checks that the helper is alive. The kernel's signal at
/// the helper's death cannot be relied on: it is lost when a task changes the
/// worker's credentials.
const LOOK_IDLE: Duration = Duration::from_secs(1);
const LOOK_BUSY: u64 = 64; // jobs

/// What a worker needs, made before it was forked.
pub(crate) struct Work<'a> {
    pub(crate) tasks: &'a Ring,
    pub(crate) reports: &'a Ring,
    /// How many jobs to do before a fresh process takes over.
    pub(crate) most: Option<u64>,
    /// Returns an exit status, 0 for success.
    pub(crate) initializer: Option<&'a dyn Fn() -> i32>,
}

/// Runs the worker in slot `slot` until the queue is closed and empty; returns
/// its exit status.
pub(crate) fn run<A, R>(
    work: &Work<'_>,
    slot: usize,
    state: &WorkerState,
    task: &dyn Fn(A) -> R,
) -> Result<i32, Error>
where
    A: DeserializeOwned,
    R: Serialize,
{
    state.pid.store(std::process::id(), Ordering::Relaxed);
    if let Some(initializer) = work.initializer {
        state.phase.store(INITIALIZING, Ordering::Release);
        let status = initializer();
        if status != 0 {
            return Ok(status);
        }
        // It may have changed the user, which cancels the kernel's signal.
        stay_with_helper();
    }
    state.phase.store(READY, Ordering::Release);
    keep_panics();
    let (mut job, mut report) = (Vec::new(), Vec::new());
    let mut done = 0;
    let mut look = Deadline::after(LOOK_IDLE);
    while work.most.is_none_or(|most| done < most) {
        // Before the claim: if this worker dies early in the next job, it must
        // not seem to have got as far as it did in the last one.
        state.progress.store(0, Ordering::Relaxed);
        // The claim stands until the job's last report is in the queue, so a
        // death in between loses no job without a trace.
        match work.tasks.claim(slot, &mut job, look) {
            Ok(()) => {}
            Err(Error::Empty) => {
                stay_with_helper();
                look = Deadline::after(LOOK_IDLE);
                continue;
            }
            Err(Error::Closed) => break,
            Err(error) => return Err(error),
        }
        do_job(&job, &mut report, work.reports, state, task)?;
        work.tasks.release(slot);
        done += 1;
        if done % LOOK_BUSY == 0 {
            stay_with_helper();
        }
    }
    Ok(0)
}

/// Exits if the helper is gone; otherwise asks the kernel again to kill this
/// process when the helper dies.
fn stay_with_helper() {
    // No failure is known, and the next check would make up for one.
    let _ = process::die_with_parent();
}

fn do_job<A: DeserializeOwned, R: Serialize>(
    bytes: &[u8],
    report: &mut Vec<u8>,
    reports: &Ring,
    state: &WorkerState,
    task: &dyn Fn(A) -> R,
) -> Result<(), Error> {
    let broken = || Error::Codec(codec::Error::Invalid("a job without a head"));
    let (job, count, mut arguments) = split_job(bytes).ok_or_else(broken)?;
    let mut held = 0;
    clear(report);
    for number in 0..count {
        state.progress.store(number, Ordering::Relaxed);
        let outcome = do_task(&mut arguments, task);
        // Serialising runs the caller's code, which may panic.
        let start = report.len();
        let pushed = catch_unwind(AssertUnwindSafe(|| push_outcome(report, &outcome)));
        if let Err(payload) = pushed {
            report.truncate(start);
            let panicked = TaskOutcome::<()>::Panicked(panic_message(payload));
            push_outcome(report, &panicked);
        }
        if report.len() > reports.largest() && held > 0 {
            // They do not fit together: send what was there before.
            let last = report.split_off(start);
            put(report, reports, job, held, false)?;
            clear(report);
            report.extend_from_slice(&last);
            held = 0;
        }
        if report.len() > reports.largest() {
            let (size, limit) = (report.len() - DONE_HEAD, reports.largest() - DONE_HEAD);
            clear(report);
            push_outcome(report, &TaskOutcome::<()>::BadResult(too_many(size, limit)));
        }
        held += 1;
    }
    put(report, reports, job, held, true)
}

fn clear(report: &mut Vec<u8>) {
    report.clear();
    report.resize(DONE_HEAD, 0);
}

fn put(
    report: &mut [u8],
    reports: &Ring,
    job: JobNumber,
    count: u32,
    last: bool,
) -> Result<(), Error> {
    write_done_head(report, job, count, last);
    reports.put(report, Deadline::NEVER)
}

/// Runs the task whose argument comes next.
fn do_task<A: DeserializeOwned, R>(arguments: &mut &[u8], task: &dyn Fn(A) -> R) -> TaskOutcome<R> {
    // Deserialising runs the caller's code, which may panic.
    match catch_unwind(AssertUnwindSafe(|| decode_first(arguments))) {
        Err(payload) => TaskOutcome::Panicked(panic_message(payload)),
        Ok(Err(error)) => TaskOutcome::BadArgument(error.to_string()),
        Ok(Ok((argument, rest))) => {
            *arguments = rest;
            // Unwind-safe enough: data that a panic leaves half changed, and that
            // the next task sees, is the caller's own, as in a thread pool.
            match catch_unwind(AssertUnwindSafe(|| task(argument))) {
                Ok(result) => TaskOutcome::Returned(result),
                Err(payload) => TaskOutcome::Panicked(panic_message(payload)),
            }
        }
    }
}

thread_local! {
    /// The message and the place of this thread's last panic.
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps the message of a panic for whoever waits for the task, instead of
/// printing it here.
fn keep_panics() {
    panic::set_hook(Box::new(|info| {
        let message = text_of(info.payload());
        let place = info.location().map(|place| format!(", {place}"));
        let text = format!("{message}{}", place.unwrap_or_default());
        LAST_PANIC.with(|last| last.replace(Some(text)));
    }));
}

fn text_of(payload: &dyn Any) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("(not a text)")
}

fn panic_message(payload: Box<dyn Any + Send>) -> String {
    let text = text_of(&*payload).to_string();
    // Dropping the payload could panic again.
    std::mem::forget(payload);
    // A panic that the task resumed was reported by another thread, or not at
    // all; then the last panic of this thread may be one that the task caught.
    let last = LAST_PANIC.take().filter(|last| last.starts_with(&text));
    last.unwrap_or(text)
}
