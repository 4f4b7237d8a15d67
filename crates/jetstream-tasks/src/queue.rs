//! The queue of values in JSON.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::message::{Body, JSON};
use crate::raw::{RawQueue, RawTask};
use crate::{DeadLetter, Error, Put, Settings, Stats};

/// A queue of tasks that outlives its clients and its servers.
///
/// Any number of programs put tasks and take them, on any number of machines.
/// The values are JSON, so a client in another language takes part.
///
/// Calls block; a thread of the library's own keeps the connection and the
/// leases. So a program that forks does it before it opens a queue. A clone is
/// the same queue over the same connection, for another thread.
///
/// ```no_run
/// // Not run: needs a nats-server.
/// use std::time::Duration;
/// use jetstream_tasks::{Queue, Settings};
///
/// let queue: Queue<u64> = Queue::open("127.0.0.1:4222", "squares", &Settings::new())?;
/// let id = queue.put(&12)?;
///
/// let task = queue.get(Duration::from_secs(1))?;
/// let square = task.value * task.value;
/// task.done(&square)?;
///
/// let result: u64 = queue.result(&id, Duration::from_secs(1))?;
/// assert_eq!(result, 144);
/// # Ok::<(), jetstream_tasks::Error>(())
/// ```
pub struct Queue<T = Value> {
    raw: RawQueue,
    of: PhantomData<fn(T) -> T>,
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Queue {
            raw: self.raw.clone(),
            of: PhantomData,
        }
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}

impl<T: Serialize + DeserializeOwned> Queue<T> {
    /// Connects to `server` (`HOST:PORT`, `nats://USER:PASSWORD@HOST:PORT`, or
    /// several with commas between them for a cluster) and opens the queue
    /// called `name`, which is made where there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Connect`]; [`Error::Differs`] where the queue has other settings
    /// than those that were set; [`Error::NotAQueue`]; [`Error::Name`].
    pub fn open(server: &str, name: &str, settings: &Settings) -> Result<Self, Error> {
        let raw = RawQueue::open(server, name, settings)?;
        Ok(Queue {
            raw,
            of: PhantomData,
        })
    }

    /// Adds a task, and returns its id when the server has it.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] at the queue's limit; [`Error::NoAnswer`], after which
    /// the task may be there or not; [`Error::TooLarge`]; [`Error::Encode`].
    pub fn put(&self, value: &T) -> Result<String, Error> {
        self.put_with(value, &Put::new())
    }

    /// Adds a task that asks for more: an id, a priority, a delay.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put); with an id of one's own, it may simply be called
    /// again.
    pub fn put_with(&self, value: &T, options: &Put) -> Result<String, Error> {
        self.raw.put(encode(value)?, options)
    }

    /// Adds many tasks, many of them at the same time, and returns what became of
    /// each.
    ///
    /// # Errors
    ///
    /// [`Error::Encode`] and [`Error::InRuntime`] for all of them, before the
    /// first is sent.
    pub fn put_many<'a>(
        &self,
        values: impl IntoIterator<Item = &'a T>,
    ) -> Result<Vec<Result<String, Error>>, Error>
    where
        T: 'a,
    {
        let tasks: Result<Vec<_>, Error> = values
            .into_iter()
            .map(|value| Ok((encode(value)?, Put::new())))
            .collect();
        self.raw.put_many(tasks?)
    }

    /// Takes the next task: a lease, which is renewed in the background until
    /// the task is finished or dropped. `None` waits for ever, through restarts
    /// of the server too.
    ///
    /// A task that is not a `T` becomes a dead letter, and the next one is
    /// taken.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] when the time is over; [`Error::NoAnswer`] when it is
    /// over and the server was not there.
    pub fn get(&self, timeout: impl Into<Option<Duration>>) -> Result<Task<T>, Error> {
        let mut tasks = self.get_batch(1, timeout)?;
        tasks.pop().ok_or(Error::Empty)
    }

    /// Takes up to `max` tasks, as soon as there is one.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn get_batch(
        &self,
        max: usize,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<Vec<Task<T>>, Error> {
        let timeout = timeout.into();
        loop {
            let raw = self.raw.get_batch(max, timeout)?;
            let mut tasks = Vec::with_capacity(raw.len());
            for raw in raw {
                match serde_json::from_slice(&raw.body().bytes) {
                    Ok(value) => tasks.push(Task { value, raw }),
                    Err(error) => unreadable(raw, &error)?,
                }
            }
            if !tasks.is_empty() {
                return Ok(tasks);
            }
        }
    }

    /// Ends many tasks, each with its result, many of them at the same time, and
    /// returns what became of each, as [`Task::done`] does.
    ///
    /// # Errors
    ///
    /// [`Error::Encode`] for all of them, before the first is sent; they go back
    /// to the queue.
    pub fn done_many<R: Serialize>(
        &self,
        tasks: impl IntoIterator<Item = (Task<T>, R)>,
    ) -> Result<Vec<Result<(), Error>>, Error> {
        let tasks: Result<Vec<_>, Error> = tasks
            .into_iter()
            .map(|(task, result)| Ok((task.raw, encode(&result)?)))
            .collect();
        self.raw.done_many(tasks?)
    }

    /// The result of a task, once it is done. It stays there to be asked for
    /// again, as long as outcomes are kept.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] when it became a dead letter; [`Error::TimedOut`];
    /// [`Error::Decode`].
    pub fn result<R: DeserializeOwned>(
        &self,
        id: &str,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<R, Error> {
        let body = self.raw.result(id, timeout)?;
        serde_json::from_slice(&body.bytes).map_err(Error::Decode)
    }

    /// Waits until every task has ended: done, or in the dead letters.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`], [`Error::NoAnswer`].
    pub fn join(&self, timeout: impl Into<Option<Duration>>) -> Result<(), Error> {
        self.raw.join(timeout)
    }

    /// How many tasks have not ended: waiting, delayed, or with workers.
    ///
    /// # Errors
    ///
    /// [`Error::NoAnswer`].
    #[expect(clippy::len_without_is_empty, reason = "stale when it is known")]
    pub fn len(&self) -> Result<u64, Error> {
        self.raw.len()
    }

    /// The name of the server that leads the replicas of the tasks; empty where
    /// there is one server.
    ///
    /// # Errors
    ///
    /// [`Error::NoAnswer`].
    pub fn leader(&self) -> Result<String, Error> {
        self.raw.leader()
    }

    /// How many tasks are where.
    ///
    /// # Errors
    ///
    /// [`Error::NoAnswer`].
    pub fn stats(&self) -> Result<Stats, Error> {
        self.raw.stats()
    }

    /// The first `max` of the tasks that were given up, oldest first.
    ///
    /// # Errors
    ///
    /// [`Error::NoAnswer`].
    pub fn dead_letters(&self, max: usize) -> Result<Vec<DeadLetter>, Error> {
        self.raw.dead_letters(max)
    }

    /// Puts a dead letter into the queue again, as if it had never been tried.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::Full`], [`Error::NoAnswer`].
    pub fn requeue(&self, id: &str) -> Result<(), Error> {
        self.raw.requeue(id)
    }
}

/// A task to be done, held by a lease. Dropping it without a word gives it back
/// to the queue after its back-off, as a panic in the middle of the work does.
#[derive(Debug)]
pub struct Task<T> {
    /// What was put.
    pub value: T,
    raw: RawTask,
}

impl<T> Task<T> {
    /// The id that `put` gave it.
    pub fn id(&self) -> &str {
        self.raw.id()
    }

    /// How many times it has been handed out, this time included.
    pub fn attempt(&self) -> u64 {
        self.raw.attempt()
    }

    /// Whether the lease holds. For work in several steps: there is no use in
    /// going on when another worker may have the task.
    pub fn holds(&self) -> bool {
        self.raw.holds()
    }

    /// The task is done; its result is kept for whoever asks for it. Of all the
    /// workers that may have had this task, this succeeds for one.
    ///
    /// # Errors
    ///
    /// [`Error::LeaseLost`] when the lease ran out before, with nothing
    /// recorded; [`Error::AlreadyDone`] when another worker's outcome counts;
    /// [`Error::NoAnswer`], after which the result may be recorded or not, and
    /// the task may be done once more.
    pub fn done<R: Serialize>(self, result: &R) -> Result<(), Error> {
        let body = encode(result)?;
        self.raw.done(body)
    }

    /// Gives the task back, to be handed out again after `after`, or after the
    /// queue's back-off. At its last attempt it becomes a dead letter.
    ///
    /// The pause is kept by the server in memory: after its restart, the task
    /// comes when its lease would have ended.
    ///
    /// # Errors
    ///
    /// [`Error::LeaseLost`], [`Error::NoAnswer`].
    pub fn retry(self, after: impl Into<Option<Duration>>) -> Result<(), Error> {
        self.raw.retry(after)
    }

    /// Gives the task up: it goes to the dead letters, with this reason.
    ///
    /// # Errors
    ///
    /// As [`done`](Self::done).
    pub fn fail(self, reason: &str) -> Result<(), Error> {
        self.raw.fail(reason)
    }
}

/// Another worker may have dealt with it meanwhile.
fn unreadable(raw: RawTask, error: &serde_json::Error) -> Result<(), Error> {
    match raw.fail(&format!("it cannot be read: {error}")) {
        Err(Error::LeaseLost(_) | Error::AlreadyDone(_)) | Ok(()) => Ok(()),
        Err(error) => Err(error),
    }
}

fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Body, Error> {
    let bytes = serde_json::to_vec(value).map_err(Error::Encode)?;
    Ok(Body::new(JSON, bytes))
}
