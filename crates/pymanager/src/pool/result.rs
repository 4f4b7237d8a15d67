//! What a pool gives back at once: `AsyncResult`, and an iterator over results.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::board::Board;
use super::job::{Job, Mode, Next, State};
use crate::object::{
    Answer, Call, Class, Exception, Method, Object, Outcome, Signature, exact, seconds,
};
use crate::types::{kept_together, not_an_integer};
use multiproc::deadline::Deadline;

/// Waits until a job is over, and returns whether it was in time; `None` if the
/// client has gone.
pub(super) fn wait_for(
    board: &Board,
    job: &Arc<Job>,
    call: &Call<'_>,
    deadline: Deadline,
) -> Option<bool> {
    let over = |state: &mut State| state.over.then_some(());
    wait(board, job, call, deadline, over).map(|over| over.is_some())
}

/// Waits until `ready` finds what it wants: `Some(None)` if it does not in time,
/// `None` if the client has gone.
fn wait<R>(
    board: &Board,
    job: &Arc<Job>,
    call: &Call<'_>,
    deadline: Deadline,
    ready: impl Fn(&mut State) -> Option<R>,
) -> Option<Option<R>> {
    let wait = call.wait(deadline);
    let mut ticket = None;
    loop {
        let mut state = job.lock();
        let found = ready(&mut state);
        if found.is_some() || wait.caller.is_gone() || deadline.is_past() {
            if let Some(ticket) = ticket {
                state.waiting.leave(ticket);
            }
            let gone = found.is_none() && wait.caller.is_gone();
            return (!gone).then_some(found);
        }
        ticket = Some(state.waiting.enter(ticket));
        drop(state);
        let starves = board.starves_at(job);
        if starves.is_none_or(|at| at > Instant::now()) {
            wait.park_until(starves);
        }
    }
}

/// The outcome of a job that is over.
pub(super) fn outcome(job: &Job) -> Outcome {
    let (value, parts) = job.whole()?;
    Ok(kept_together(value, &parts))
}

fn deadline(call: &Call<'_>) -> Result<Deadline, Exception> {
    match call.get(0).filter(|timeout| !timeout.is_none()) {
        None => Ok(Deadline::NEVER),
        Some(timeout) => match exact(timeout) {
            Some(amount) if amount > 0.0 => Ok(seconds(amount)),
            Some(_) => Ok(Deadline::after(Duration::ZERO)),
            None => Err(not_an_integer(timeout)),
        },
    }
}

/// In every version of Python the class has this name.
fn timed_out() -> Exception {
    Exception::new("multiprocessing", "TimeoutError", Vec::new())
}

/// What `apply_async`, `map_async` and `starmap_async` give back.
#[derive(Debug)]
pub(super) struct AsyncResult {
    board: Arc<Board>,
    job: Arc<Job>,
}

impl AsyncResult {
    pub(super) fn new(board: Arc<Board>, job: Arc<Job>) -> Self {
        AsyncResult { board, job }
    }

    /// Whether it is here. So is a result for which no worker came, as an error:
    /// a program may call nothing but this.
    fn is_ready(&self) -> bool {
        if !self.job.lock().over {
            self.board.starves_at(&self.job);
        }
        self.job.lock().over
    }
}

const METHODS: &[Method<AsyncResult>] = &[
    Method::new(
        "get",
        Signature::named(&["timeout"], 0),
        |result, call| match wait_for(&result.board, &result.job, call, deadline(call)?) {
            Some(true) => outcome(&result.job),
            Some(false) => Err(timed_out()),
            None => Ok(Answer::Nobody),
        },
    ),
    Method::new("ready", Signature::NONE, |result, _| {
        Ok(result.is_ready().into())
    }),
    Method::new("successful", Signature::NONE, |result, _| {
        if !result.is_ready() {
            let shown = result.repr(&format!("{:012x}", result.job.number));
            return Err(Exception::value_error(format!("{shown} not ready")));
        }
        Ok(result.job.is_successful().into())
    }),
    Method::new(
        "wait",
        Signature::named(&["timeout"], 0),
        |result, call| match wait_for(&result.board, &result.job, call, deadline(call)?) {
            Some(_) => Ok(Answer::none()),
            None => Ok(Answer::Nobody),
        },
    ),
];

static APPLY_RESULT: Class<AsyncResult> = Class::new("multiprocessing.pool.ApplyResult", METHODS);
static MAP_RESULT: Class<AsyncResult> = Class::new("multiprocessing.pool.MapResult", METHODS);

impl Object for AsyncResult {
    fn class(&self) -> &'static Class<Self> {
        match self.job.asked.mode {
            Mode::Apply => &APPLY_RESULT,
            _ => &MAP_RESULT,
        }
    }
}

/// What `imap` and `imap_unordered` give back.
#[derive(Debug)]
pub(super) struct ResultIterator {
    board: Arc<Board>,
    job: Arc<Job>,
}

impl ResultIterator {
    pub(super) fn new(board: Arc<Board>, job: Arc<Job>) -> Self {
        ResultIterator { board, job }
    }
}

static ITERATOR: Class<ResultIterator> = Class::new(
    "multiprocessing.pool.IMapIterator",
    &[Method::new(
        "__next__",
        Signature::named(&["timeout"], 0),
        |results, call| {
            let (job, chunk) = (&results.job, results.job.asked.chunk);
            let next = |state: &mut State| state.next(chunk);
            match wait(&results.board, job, call, deadline(call)?, next) {
                Some(Some(Next::Result(value))) => Ok(value.into()),
                Some(Some(Next::Error(error))) => Err(error),
                Some(Some(Next::End)) => {
                    Err(Exception::new("builtins", "StopIteration", Vec::new()))
                }
                Some(None) => Err(timed_out()),
                None => Ok(Answer::Nobody),
            }
        },
    )],
);

impl Object for ResultIterator {
    fn class(&self) -> &'static Class<Self> {
        &ITERATOR
    }
}
