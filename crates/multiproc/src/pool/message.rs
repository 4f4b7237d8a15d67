//! What goes through the two queues.
//!
//! A job is one task, or a chunk of a `map`'s tasks:
//!
//! ```text
//! | number, 8 bytes | count | argument | argument ...                  to the workers
//! | Report::Done { job, count, last } | outcome | outcome ...          back
//! ```
//!
//! The number comes first and has a fixed size, because the queue remembers the
//! first bytes of a claimed item. A job whose outcomes do not fit in one report
//! sends several.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::codec::{decode_first, encode};
use crate::pool::caught::caught;
use crate::process::{Died, ExitStatus};

/// The number of a job: the key of its entry in the table of pending ones.
pub(crate) type JobNumber = u64;

/// The size of a job's head.
pub(crate) const JOB_HEAD: usize = 12;

/// Writes a job's head to the beginning of `bytes`, which has room for it.
pub(crate) fn write_job_head(bytes: &mut [u8], job: JobNumber, count: u32) {
    bytes[..8].copy_from_slice(&job.to_ne_bytes());
    bytes[8..JOB_HEAD].copy_from_slice(&count.to_ne_bytes());
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

/// The beginning of a report to the program.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Report {
    /// From a worker: the outcomes of `count` more tasks of `job` follow. The
    /// numbers are bytes, so that their size is always the same: [`DONE_HEAD`].
    Done {
        job: [u8; 8],
        count: [u8; 4],
        last: bool,
    },
    /// From the helper: all workers are forked.
    Started,
    /// From the helper: worker number `worker` could not be forked.
    NotStarted { worker: usize, reason: String },
    /// From the helper: a worker died with `job` in hand, running task number
    /// `progress` of it.
    Lost {
        job: JobNumber,
        progress: u32,
        death: Death,
    },
    /// From the helper: it gives up, because no worker can be started.
    GaveUp(Cause),
}

/// The size of [`Report::Done`], serialised.
pub(crate) const DONE_HEAD: usize = 1 + 8 + 4 + 1;

/// Writes a [`Report::Done`] to the beginning of `report`, which has room for
/// it.
pub(crate) fn write_done_head(report: &mut [u8], job: JobNumber, count: u32, last: bool) {
    report[0] = 0; // the first variant
    report[1..9].copy_from_slice(&job.to_ne_bytes());
    report[9..13].copy_from_slice(&count.to_ne_bytes());
    report[13] = last.into();
}

/// Why the helper gives up.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Cause {
    /// Workers fail in the initializer.
    Initializer(Death),
    /// Workers fail before anything else.
    Start(Death),
    /// The system refuses to fork.
    Fork(String),
}

/// [`Died`] in a form that can be sent.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Death {
    pid: u32,
    signal: bool,
    number: i32,
}

impl Death {
    pub(crate) fn new(pid: u32, status: ExitStatus) -> Self {
        let (signal, number) = match status {
            ExitStatus::Code(code) => (false, code),
            ExitStatus::Signal(signal) => (true, signal),
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
        Died {
            name: "pool-worker".to_string(),
            pid: death.pid,
            status: if death.signal {
                ExitStatus::Signal(death.number)
            } else {
                ExitStatus::Code(death.number)
            },
        }
    }
}

/// What became of one task, in a worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum TaskOutcome<R> {
    Returned(R),
    Panicked(String),
    BadResult(String),
    BadArgument(String),
}

/// Appends `outcome`, or [`TaskOutcome::BadResult`] if its result cannot be
/// serialised.
pub(crate) fn push_outcome<R: Serialize>(bytes: &mut Vec<u8>, outcome: &TaskOutcome<R>) {
    let start = bytes.len();
    if let Err(error) = encode(outcome, bytes) {
        bytes.truncate(start);
        let bad = TaskOutcome::<()>::BadResult(error.to_string());
        // A string always serialises.
        let _ = encode(&bad, bytes);
    }
}

/// Takes `count` outcomes off `bytes`. If one cannot be read, it and all that
/// follow are bad results.
pub(crate) fn outcomes<R: DeserializeOwned>(
    mut bytes: &[u8],
    count: u32,
) -> impl Iterator<Item = TaskOutcome<R>> {
    let mut failed: Option<String> = None;
    (0..count).map(move |_| {
        if let Some(reason) = &failed {
            return TaskOutcome::BadResult(reason.clone());
        }
        // Deserialising runs the caller's code: its panic must not end the
        // thread that delivers all results.
        let reason = match caught(|| decode_first(bytes)) {
            Some(Ok((outcome, rest))) => {
                bytes = rest;
                return outcome;
            }
            Some(Err(error)) => error.to_string(),
            None => "it panicked while it was read".to_string(),
        };
        failed = Some(reason.clone());
        TaskOutcome::BadResult(reason)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_report_is_a_report() {
        let mut bytes = vec![0; DONE_HEAD];
        write_done_head(&mut bytes, 258, 3, true);
        let (report, rest) = decode_first(&bytes).unwrap();
        let Report::Done { job, count, last } = report else {
            panic!("{report:?}");
        };
        assert_eq!(JobNumber::from_ne_bytes(job), 258);
        assert_eq!((u32::from_ne_bytes(count), last), (3, true));
        assert!(rest.is_empty());
    }
}
