//! What goes through the two queues.
//!
//! A job is one task, or a chunk of a `map`'s tasks:
//!
//! ```text
//! | number, 8 bytes | count | argument | argument ...     to the workers
//! | Reply::Done { job, count } | outcome | outcome ...    back
//! ```
//!
//! The number comes first and has a fixed size, because it is what the queue
//! remembers of a claimed item.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::codec::{decode_first, encode};
use crate::process::Died;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The number of a job: the key of its entry in the table of pending ones.
pub(crate) type JobNumber = u64;

/// Appends a job's head to `bytes`; its arguments follow.
pub(crate) fn begin_job(bytes: &mut Vec<u8>, job: JobNumber, count: u32) {
    bytes.extend_from_slice(&job.to_ne_bytes());
    bytes.extend_from_slice(&count.to_ne_bytes());
}

/// Takes a job's head off `bytes`.
pub(crate) fn split_job(bytes: &[u8]) -> Option<(JobNumber, u32, &[u8])> {
    let (job, rest) = bytes.split_first_chunk()?;
    let (count, arguments) = rest.split_first_chunk()?;
    Some((
        JobNumber::from_ne_bytes(*job),
        u32::from_ne_bytes(*count),
        arguments,
    ))
}

/// How a reply begins.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// From a worker: `count` outcomes of `job` follow.
    Done { job: JobNumber, count: u32 },
    /// From a worker: the outcomes of `job` do not fit.
    TooLarge { job: JobNumber, reason: String },
    /// From the helper: all workers are forked.
    Started,
    /// From the helper: worker number `worker` could not be forked.
    NotStarted { worker: usize, reason: String },
    /// From the helper: a worker died with `job` in hand, doing task number
    /// `progress` of it.
    Lost {
        job: JobNumber,
        progress: u32,
        death: Death,
    },
    /// From the helper: it gives up, since no worker gets through its
    /// initializer.
    Hopeless { death: Death },
}

/// [`Died`], to be sent.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Death {
    pid: u32,
    signal: bool,
    number: i32,
}

impl Death {
    pub(crate) fn new(pid: u32, status: crate::process::ExitStatus) -> Self {
        use crate::process::ExitStatus::{Code, Signal};
        let (signal, number) = match status {
            Code(code) => (false, code),
            Signal(signal) => (true, signal),
        };
        Death {
            pid,
            signal,
            number,
        }
    }
}

impl From<Death> for Died {
    fn from(death: Death) -> Self {
        use crate::process::ExitStatus::{Code, Signal};
        Died {
            name: "pool-worker".to_string(),
            pid: death.pid,
            status: if death.signal {
                Signal(death.number)
            } else {
                Code(death.number)
            },
        }
    }
}

/// What became of one task, in a worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Outcome<R> {
    Returned(R),
    Panicked(String),
    BadResult(String),
    BadArgument(String),
}

/// Appends `outcome`; if its result cannot be serialised, that instead.
pub(crate) fn push_outcome<R: Serialize>(bytes: &mut Vec<u8>, outcome: &Outcome<R>) {
    let start = bytes.len();
    if let Err(error) = encode(outcome, bytes) {
        bytes.truncate(start);
        let bad = Outcome::<()>::BadResult(error.to_string());
        // A string always serialises.
        let _ = encode(&bad, bytes);
    }
}

/// Takes `count` outcomes off `bytes`. Where one cannot be read, it and those
/// behind it are bad results.
pub(crate) fn outcomes<R: DeserializeOwned>(
    mut bytes: &[u8],
    count: u32,
) -> impl Iterator<Item = Outcome<R>> {
    let mut failed: Option<String> = None;
    (0..count).map(move |_| {
        if let Some(reason) = &failed {
            return Outcome::BadResult(reason.clone());
        }
        // Deserialising is the caller's code: its panic must not end the thread
        // that all results come through.
        let read = catch_unwind(AssertUnwindSafe(|| decode_first(bytes)));
        let reason = match read {
            Ok(Ok((outcome, rest))) => {
                bytes = rest;
                return outcome;
            }
            Ok(Err(error)) => error.to_string(),
            Err(payload) => {
                // Dropping what was thrown could panic again.
                std::mem::forget(payload);
                "it panicked while it was read".to_string()
            }
        };
        failed = Some(reason.clone());
        Outcome::BadResult(reason)
    })
}
