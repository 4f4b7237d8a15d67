//! A worker process: take a job, do its tasks, put the outcomes, again.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

use crate::codec::{self, decode_first, encode};
use crate::deadline::Deadline;
use crate::queue::Error;
use crate::queue::process::Ring;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::pool::helper::Place;
use crate::pool::message::{Outcome, Reply, push_outcome, split_job};

/// What a worker needs; all of it was there when it was forked.
pub(crate) struct Work<'a> {
    pub(crate) tasks: &'a Ring,
    pub(crate) replies: &'a Ring,
    /// Jobs to do before the process gives way to a fresh one.
    pub(crate) most: Option<u64>,
    pub(crate) initializer: Option<&'a dyn Fn()>,
}

/// The worker at place number `slot`, until the queue is closed and empty.
pub(crate) fn run<A, R>(
    work: &Work<'_>,
    slot: usize,
    place: &Place,
    task: &dyn Fn(A) -> R,
) -> Result<(), Error>
where
    A: DeserializeOwned,
    R: Serialize,
{
    if let Some(initializer) = work.initializer {
        initializer();
    }
    place.ready.store(1, Ordering::Release);
    keep_panics();
    let (mut job, mut reply) = (Vec::new(), Vec::new());
    let mut done = 0;
    while work.most.is_none_or(|most| done < most) {
        // Before the claim: whoever dies with the next job in hand must not be
        // said to have come as far as in the last one.
        place.progress.store(0, Ordering::Relaxed);
        // No result can be lost here: the claim stands until its reply is in
        // the queue.
        match work.tasks.claim(slot, &mut job, Deadline::NEVER) {
            Ok(()) => {}
            Err(Error::Closed) => break,
            Err(error) => return Err(error),
        }
        do_job(&job, &mut reply, work.replies.largest(), place, task)?;
        match work.replies.put(&reply, Deadline::NEVER) {
            Err(Error::TooLarge { .. }) => put_too_large(work.replies, &job, &reply)?,
            put => put?,
        }
        work.tasks.release(slot);
        done += 1;
    }
    Ok(())
}

fn do_job<A: DeserializeOwned, R: Serialize>(
    bytes: &[u8],
    reply: &mut Vec<u8>,
    largest: usize,
    place: &Place,
    task: &dyn Fn(A) -> R,
) -> Result<(), Error> {
    let broken = || Error::Codec(codec::Error::Invalid("a job without a head"));
    let (job, count, mut arguments) = split_job(bytes).ok_or_else(broken)?;
    reply.clear();
    encode(&Reply::Done { job, count }, reply)?;
    for number in 0..count {
        place.progress.store(number, Ordering::Relaxed);
        // Deserialising is the caller's code, too.
        let decoded = catch_unwind(AssertUnwindSafe(|| decode_first(arguments)));
        let outcome = match decoded {
            Err(payload) => Outcome::Panicked(panic_message(payload)),
            Ok(Ok((argument, rest))) => {
                arguments = rest;
                // The task may leave its own data half changed by a panic; what
                // it shares with the next task is its own affair, as in a
                // thread pool.
                match catch_unwind(AssertUnwindSafe(|| task(argument))) {
                    Ok(result) => Outcome::Returned(result),
                    Err(payload) => Outcome::Panicked(panic_message(payload)),
                }
            }
            Ok(Err(error)) => Outcome::BadArgument(error.to_string()),
        };
        // Serialising is the caller's code too.
        let start = reply.len();
        let pushed = catch_unwind(AssertUnwindSafe(|| push_outcome(reply, &outcome)));
        if let Err(payload) = pushed {
            reply.truncate(start);
            push_outcome(reply, &Outcome::<()>::Panicked(panic_message(payload)));
        }
        if reply.len() > largest {
            let reason = too_many(reply.len(), largest);
            reply.truncate(start);
            push_outcome(reply, &Outcome::<()>::BadResult(reason));
        }
    }
    Ok(())
}

fn too_many(bytes: usize, limit: usize) -> String {
    format!("{bytes} bytes are too many for a queue of {limit}")
}

fn put_too_large(replies: &Ring, job: &[u8], reply: &[u8]) -> Result<(), Error> {
    let Some((job, ..)) = split_job(job) else {
        return Ok(());
    };
    let reason = too_many(reply.len(), replies.largest());
    let mut short = Vec::new();
    encode(&Reply::TooLarge { job, reason }, &mut short)?;
    replies.put(&short, Deadline::NEVER)
}

thread_local! {
    /// What the last panic of this thread said, and where.
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A task's panic is told to who waits for the task, not printed here.
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
    // Dropping what was thrown could panic again.
    std::mem::forget(payload);
    // A panic that was resumed was said by another thread, or not at all; the
    // last one of this thread may have been caught by the task.
    let last = LAST_PANIC.take().filter(|last| last.starts_with(&text));
    last.unwrap_or(text)
}
