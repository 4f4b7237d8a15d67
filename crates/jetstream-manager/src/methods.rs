//! The methods of `queue.Queue`, as a proxy calls them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use jetstream_tasks::{Error, Put, RawTask};
use pymanager::pickle::Value;
use pymanager::{Answer, Call, Class, Exception, Method, Outcome, Signature};

use crate::body::{decode, encode};
use crate::bridge::{Acknowledge, DurableQueue};
use crate::held::Leased;

/// How long a call goes on asking beyond its time while there is no answer: an
/// `Empty` that nobody knows to be true would end a worker.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a call that waits for the server checks whether its client is gone.
const SLICE: Duration = Duration::from_secs(1);
const AGAIN: Duration = Duration::from_millis(250);

pub(crate) static QUEUE: Class<DurableQueue> = Class::new("queue.Queue", METHODS);

const METHODS: &[Method<DurableQueue>] = &[
    Method::new("empty", Signature::NONE, |queue, _| {
        Ok((waiting(queue)? == 0).into())
    }),
    Method::new("full", Signature::NONE, |queue, _| {
        Ok(match queue.raw.max_tasks() {
            None => false,
            Some(most) => queue.raw.len().map_err(raised)? >= most,
        }
        .into())
    }),
    Method::new(
        "get",
        Signature::named(&["block", "timeout"], 0),
        |queue, call| {
            let patience = call.patience(0)?;
            get(queue, call, patience)
        },
    ),
    Method::new("get_nowait", Signature::NONE, |queue, call| {
        get(queue, call, Some(Duration::ZERO))
    }),
    Method::new("join", Signature::NONE, join),
    Method::new(
        "put",
        Signature::named(&["item", "block", "timeout"], 1),
        |queue, call| {
            let patience = call.patience(1)?;
            put(queue, call, patience)
        },
    ),
    Method::new(
        "put_nowait",
        Signature::named(&["item"], 1),
        |queue, call| put(queue, call, Some(Duration::ZERO)),
    ),
    Method::new("qsize", Signature::NONE, |queue, _| {
        let waiting = waiting(queue)?;
        Ok(i64::try_from(waiting).unwrap_or(i64::MAX).into())
    }),
    Method::new("task_done", Signature::NONE, task_done),
];

/// Items that no client of this manager has. Those of other managers and workers
/// count: the server cannot tell what they have from what they gave back, and an
/// `empty()` that is wrong would end a worker.
fn waiting(queue: &DurableQueue) -> Result<u64, Exception> {
    // In this order: an item that leaves in between is counted.
    let all = queue.raw.len().map_err(raised)?;
    Ok(all.saturating_sub(queue.leased.load(Ordering::SeqCst)))
}

fn put(queue: &DurableQueue, call: &Call<'_>, patience: Option<Duration>) -> Outcome {
    let body = encode(&call.value(0)).map_err(|e| Exception::value_error(e.to_string()))?;
    let deadline = deadline(patience);
    loop {
        let left = left(deadline).map_or(SLICE, |left| left.min(SLICE));
        match queue.raw.put(body.clone(), &Put::new().wait(left)) {
            Ok(_) => break,
            Err(Error::Full(_)) if call.is_gone() => return Ok(Answer::Nobody),
            Err(Error::Full(_)) if !is_past(deadline) => {}
            Err(error) => return Err(raised(error)),
        }
    }
    // Not before the result is where it belongs.
    acknowledge_former(queue, call);
    Ok(Answer::none())
}

fn get(queue: &DurableQueue, call: &Call<'_>, patience: Option<Duration>) -> Outcome {
    acknowledge_former(queue, call);
    let deadline = deadline(patience);
    loop {
        let Some(task) = take(queue, call, deadline)? else {
            return Ok(Answer::Nobody);
        };
        let item = match decode(&task.body()) {
            Ok(item) => item,
            Err(why) => {
                // For the dead letters; should the server not hear it, it comes
                // back, to the same end.
                let _ = task.fail(&format!("it cannot be read: {why}"));
                continue;
            }
        };
        let task = Leased::new(task, &queue.leased);
        if queue.how == Acknowledge::Read {
            let shared = Arc::clone(&queue.shared);
            return Ok(Answer::lent(item, move |arrived| {
                shared.settle(task, arrived);
            }));
        }
        call.tell_when_it_ends();
        let held = &queue.shared.held;
        held.add(call.connection(), &queue.name, queue.how, task);
        return Ok(Answer::Value(item));
    }
}

/// The next item; `None` if the client is gone.
fn take(
    queue: &DurableQueue,
    call: &Call<'_>,
    deadline: Option<Instant>,
) -> Result<Option<RawTask>, Exception> {
    let mut silent_since = None;
    loop {
        match queue.raw.get(Duration::ZERO) {
            Ok(task) => return Ok(Some(task)),
            Err(Error::Empty) if is_past(deadline) => return Err(raised(Error::Empty)),
            Err(Error::Empty) => silent_since = None,
            Err(Error::NoAnswer(time)) if is_past(deadline) => {
                let since = *silent_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= PATIENCE {
                    return Err(raised(Error::NoAnswer(PATIENCE + time)));
                }
                thread::park_timeout(AGAIN);
            }
            Err(Error::NoAnswer(_)) => {}
            Err(error) => return Err(raised(error)),
        }
        if call.is_gone() {
            return Ok(None);
        }
        if let Some(task) = queue.line.wait(call, deadline) {
            return Ok(Some(task));
        }
        if call.is_gone() {
            return Ok(None);
        }
    }
}

fn task_done(queue: &DurableQueue, call: &mut Call<'_>) -> Outcome {
    if queue.how == Acknowledge::Read {
        return Err(Exception::value_error(
            "task_done(): the items of this queue are done when they are read; \
             serve it as NAME=done",
        ));
    }
    let held = &queue.shared.held;
    let Some(task) = held.take_oldest(call.connection(), &queue.name) else {
        return Err(Exception::value_error("task_done() called too many times"));
    };
    task.done().map_err(raised)?;
    Ok(Answer::none())
}

fn join(queue: &DurableQueue, call: &mut Call<'_>) -> Outcome {
    loop {
        match queue.raw.join(SLICE) {
            Ok(()) => return Ok(Answer::none()),
            Err(Error::TimedOut(_)) if call.is_gone() => return Ok(Answer::Nobody),
            Err(Error::TimedOut(_)) => {}
            Err(error) => return Err(raised(error)),
        }
    }
}

/// A client that goes on is done with the item it had.
fn acknowledge_former(queue: &DurableQueue, call: &Call<'_>) {
    for task in queue.shared.held.take_former(call.connection()) {
        task.acknowledge();
    }
}

fn deadline(patience: Option<Duration>) -> Option<Instant> {
    Instant::now().checked_add(patience?)
}

fn left(deadline: Option<Instant>) -> Option<Duration> {
    Some(deadline?.saturating_duration_since(Instant::now()))
}

fn is_past(deadline: Option<Instant>) -> bool {
    left(deadline).is_some_and(|left| left.is_zero())
}

/// What an error is in Python.
fn raised(error: Error) -> Exception {
    let queue = |class| Exception::new("queue", class, Vec::<Value>::new());
    match error {
        Error::Empty => queue("Empty"),
        Error::Full(_) => queue("Full"),
        Error::TooLarge(_) => Exception::value_error(error.to_string()),
        Error::LeaseLost(_) | Error::AlreadyDone(_) => Exception::runtime_error(error.to_string()),
        // One who reconnects when his manager is gone does so for this, too.
        error => Exception::builtin("OSError", error.to_string()),
    }
}
