//! The queue of bytes: what [`Queue`](crate::Queue) is made of, for values that
//! are not JSON.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};

use crate::core::{Core, IN_FLIGHT};
use crate::held::{Ending, Held};
use crate::message::Body;
use crate::{DeadLetter, Error, Put, Settings, Stats};

/// A [`Queue`](crate::Queue) whose values are bytes of a stated type. The
/// methods are the same; see there.
#[derive(Clone, Debug)]
pub struct RawQueue {
    core: Arc<Core>,
}

#[expect(missing_docs, reason = "as in Queue, method by method")]
#[expect(clippy::missing_errors_doc, reason = "as in Queue, method by method")]
impl RawQueue {
    pub fn open(server: &str, name: &str, settings: &Settings) -> Result<Self, Error> {
        let core = Core::open(server, name, settings)?;
        Ok(RawQueue { core })
    }

    pub fn put(&self, body: Body, options: &Put) -> Result<String, Error> {
        self.core.link.block_on(self.core.put(body, options))
    }

    pub fn put_many(&self, tasks: Vec<(Body, Put)>) -> Result<Vec<Result<String, Error>>, Error> {
        let all = async { Ok(self.core.put_many(tasks).await) };
        self.core.link.block_on(all)
    }

    pub fn get(&self, timeout: impl Into<Option<Duration>>) -> Result<RawTask, Error> {
        let mut tasks = self.get_batch(1, timeout)?;
        tasks.pop().ok_or(Error::Empty)
    }

    pub fn get_batch(
        &self,
        max: usize,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<Vec<RawTask>, Error> {
        let max = max.max(1);
        let held = self
            .core
            .link
            .block_on(self.core.receive(max, timeout.into()))?;
        Ok(held.into_iter().map(|held| RawTask { held }).collect())
    }

    pub fn done_many(&self, tasks: Vec<(RawTask, Body)>) -> Result<Vec<Result<(), Error>>, Error> {
        let all = stream::iter(tasks)
            .map(|(task, result)| task.held.end(Ending::Done(result)))
            .buffered(IN_FLIGHT)
            .collect();
        self.core.link.block_on(async { Ok(all.await) })
    }

    pub fn result(&self, id: &str, timeout: impl Into<Option<Duration>>) -> Result<Body, Error> {
        self.core
            .link
            .block_on(self.core.result(id, timeout.into()))
    }

    pub fn join(&self, timeout: impl Into<Option<Duration>>) -> Result<(), Error> {
        self.core.link.block_on(self.core.join(timeout.into()))
    }

    #[expect(clippy::len_without_is_empty, reason = "stale when it is known")]
    pub fn len(&self) -> Result<u64, Error> {
        self.core.link.block_on(self.core.len())
    }

    /// How many tasks there may be; none for any number.
    pub fn max_tasks(&self) -> Option<u64> {
        Some(self.core.policy.max_tasks).filter(|most| *most > 0)
    }

    pub fn leader(&self) -> Result<String, Error> {
        self.core.link.block_on(self.core.leader())
    }

    pub fn stats(&self) -> Result<Stats, Error> {
        self.core.link.block_on(self.core.stats())
    }

    pub fn dead_letters(&self, max: usize) -> Result<Vec<DeadLetter>, Error> {
        self.core.link.block_on(self.core.dead_letters(max))
    }

    pub fn requeue(&self, id: &str) -> Result<(), Error> {
        self.core.link.block_on(self.core.requeue(id))
    }
}

/// A [`Task`](crate::Task) whose value is bytes. Dropped, it goes back to the
/// queue.
#[derive(Debug)]
pub struct RawTask {
    held: Held,
}

#[expect(clippy::missing_errors_doc, reason = "as in Task, method by method")]
impl RawTask {
    /// The task's id.
    pub fn id(&self) -> &str {
        &self.held.id
    }

    /// How many times it has been handed out, this time included.
    pub fn attempt(&self) -> u64 {
        self.held.attempt
    }

    /// The task as it was put.
    pub fn body(&self) -> Body {
        self.held.body()
    }

    /// Whether its lease holds.
    pub fn holds(&self) -> bool {
        self.held.lease.holds()
    }

    /// As [`Task::done`](crate::Task::done).
    pub fn done(self, result: Body) -> Result<(), Error> {
        let core = Arc::clone(&self.held.core);
        core.link.block_on(self.held.end(Ending::Done(result)))
    }

    /// As [`Task::retry`](crate::Task::retry).
    pub fn retry(self, after: impl Into<Option<Duration>>) -> Result<(), Error> {
        let core = Arc::clone(&self.held.core);
        core.link.block_on(self.held.retry(after.into()))
    }

    /// As [`Task::fail`](crate::Task::fail).
    pub fn fail(self, reason: &str) -> Result<(), Error> {
        let core = Arc::clone(&self.held.core);
        core.link
            .block_on(self.held.end(Ending::Dead(reason.to_string())))
    }
}
