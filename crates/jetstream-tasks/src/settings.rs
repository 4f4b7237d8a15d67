//! What a queue is made with, and what a single task may ask for.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Error;

/// How a queue is to be. What is not set is as the queue has it already, or has
/// its default when this call makes it; what is set and differs from the queue
/// that is there makes [`open`](crate::Queue::open) fail.
///
/// ```
/// use std::time::Duration;
/// use jetstream_tasks::Settings;
///
/// let settings = Settings::new()
///     .ack_wait(Duration::from_secs(10))
///     .max_deliver(3)
///     .backoff([Duration::from_secs(1), Duration::from_secs(30)]);
/// # drop(settings);
/// ```
#[derive(Clone, Debug)]
pub struct Settings {
    ack_wait: Option<Duration>,
    max_deliver: Option<u64>,
    backoff: Option<Vec<Duration>>,
    priorities: Option<u8>,
    replicas: Option<u8>,
    max_tasks: Option<u64>,
    max_task_size: Option<u64>,
    keep_results: Option<Duration>,
    window: Option<Duration>,
    pub(crate) timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings::new()
    }
}

impl Settings {
    /// Nothing set.
    pub fn new() -> Self {
        Settings {
            ack_wait: None,
            max_deliver: None,
            backoff: None,
            priorities: None,
            replicas: None,
            max_tasks: None,
            max_task_size: None,
            keep_results: None,
            window: None,
            timeout: Duration::from_secs(30),
        }
    }

    /// How long a lease lasts that is not renewed: the time after which the
    /// task of a worker that died is given to another. 30 s by default.
    pub fn ack_wait(mut self, ack_wait: Duration) -> Self {
        self.ack_wait = Some(ack_wait);
        self
    }

    /// How many times a task is handed out before it becomes a dead letter. 5
    /// by default.
    pub fn max_deliver(mut self, max_deliver: u64) -> Self {
        self.max_deliver = Some(max_deliver);
        self
    }

    /// How long a task waits after its first failed attempt, its second, and so
    /// on; the last one holds for all later ones. 1 s, 5 s, 30 s, 2 min by
    /// default. A worker that *died* is not a failed attempt: its task waits
    /// for `ack_wait` and no longer.
    pub fn backoff(mut self, backoff: impl Into<Vec<Duration>>) -> Self {
        self.backoff = Some(backoff.into());
        self
    }

    /// How many priorities there are, 1 to 10. 1 by default.
    pub fn priorities(mut self, priorities: u8) -> Self {
        self.priorities = Some(priorities);
        self
    }

    /// On how many servers of a cluster all of it is kept: 1, 3 or 5. 1 by
    /// default.
    pub fn replicas(mut self, replicas: u8) -> Self {
        self.replicas = Some(replicas);
        self
    }

    /// How many tasks there may be that are not done. No limit by default.
    pub fn max_tasks(mut self, max_tasks: u64) -> Self {
        self.max_tasks = Some(max_tasks);
        self
    }

    /// How many bytes a task may have, its headers included. No limit but the
    /// server's own (1 MiB as it comes) by default. Together with `max_tasks` it
    /// bounds the disk that the queue takes. (JetStream's own limit by bytes is
    /// not used: a message that just passes it makes the server, 2.9 at least,
    /// drop the oldest one, whatever its policy is called.)
    pub fn max_task_size(mut self, max_task_size: u64) -> Self {
        self.max_task_size = Some(max_task_size);
        self
    }

    /// How long the outcome of a task is kept. One day by default. Each takes
    /// about 200 bytes of the server's memory (measured with 2.9.10).
    pub fn keep_results(mut self, keep_results: Duration) -> Self {
        self.keep_results = Some(keep_results);
        self
    }

    /// How long the server remembers ids, to drop what is put twice. Two
    /// minutes, or twice `ack_wait` if that is longer, by default. Each id takes
    /// about 200 bytes of the server's memory (measured with 2.9.10).
    pub fn window(mut self, window: Duration) -> Self {
        self.window = Some(window);
        self
    }

    /// How long a call goes on trying while the server does not answer. 30 s by
    /// default; a matter of this client alone.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The queue that this makes where there is none.
    pub(crate) fn policy(&self) -> Result<Policy, Error> {
        let seconds = |list: &[u64]| list.iter().map(|s| s * 1000).collect();
        let ack_wait_ms = self.ack_wait.map_or(30_000, millis);
        let policy = Policy {
            version: VERSION,
            ack_wait_ms,
            max_deliver: self.max_deliver.unwrap_or(5),
            backoff_ms: match &self.backoff {
                Some(list) => list.iter().copied().map(millis).collect(),
                None => seconds(&[1, 5, 30, 120]),
            },
            priorities: self.priorities.unwrap_or(1),
            replicas: self.replicas.unwrap_or(1),
            max_tasks: self.max_tasks.unwrap_or(0),
            max_task_size: self.max_task_size.unwrap_or(0),
            keep_results_ms: self.keep_results.map_or(86_400_000, millis),
            window_ms: self.window.map_or((2 * ack_wait_ms).max(120_000), millis),
        };
        let wrong = |text: &str| Err(Error::Setting(text.to_string()));
        if policy.ack_wait_ms < 100 {
            return wrong("ack_wait: less than 100 ms is no lease");
        }
        if policy.max_deliver == 0 {
            return wrong("max_deliver: a task must be handed out once at least");
        }
        if !(1..=10).contains(&policy.priorities) {
            return wrong("priorities: 1 to 10");
        }
        if ![1, 3, 5].contains(&policy.replicas) {
            return wrong("replicas: 1, 3 or 5");
        }
        if policy.keep_results_ms < policy.window_ms {
            return wrong("keep_results: shorter than the window, so a task might be done twice");
        }
        if policy.window_ms < 2 * policy.ack_wait_ms {
            return wrong("window: shorter than twice ack_wait, so a task might be moved twice");
        }
        Ok(policy)
    }

    /// Whether the queue that is there is what was asked for.
    pub(crate) fn check(&self, has: &Policy) -> Result<(), Error> {
        fn same<T: PartialEq + std::fmt::Debug>(
            setting: &'static str,
            wanted: Option<T>,
            has: T,
        ) -> Result<(), Error> {
            match wanted {
                Some(wanted) if wanted != has => Err(Error::Differs {
                    setting,
                    has: format!("{has:?}"),
                    wanted: format!("{wanted:?}"),
                }),
                _ => Ok(()),
            }
        }
        let ms = Duration::from_millis;
        same("ack_wait", self.ack_wait, ms(has.ack_wait_ms))?;
        same("max_deliver", self.max_deliver, has.max_deliver)?;
        let backoff = has.backoff_ms.iter().copied().map(ms).collect();
        same("backoff", self.backoff.clone(), backoff)?;
        same("priorities", self.priorities, has.priorities)?;
        same("replicas", self.replicas, has.replicas)?;
        same("max_tasks", self.max_tasks, has.max_tasks)?;
        same("max_task_size", self.max_task_size, has.max_task_size)?;
        same("keep_results", self.keep_results, ms(has.keep_results_ms))?;
        same("window", self.window, ms(has.window_ms))
    }
}

pub(crate) const VERSION: u32 = 1;

/// The settings of a queue, kept as JSON in the description of its stream: all
/// clients, in any language, go by the same ones.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Policy {
    #[serde(rename = "queue")]
    pub(crate) version: u32,
    pub(crate) ack_wait_ms: u64,
    pub(crate) max_deliver: u64,
    pub(crate) backoff_ms: Vec<u64>,
    pub(crate) priorities: u8,
    pub(crate) replicas: u8,
    pub(crate) max_tasks: u64,
    pub(crate) max_task_size: u64,
    pub(crate) keep_results_ms: u64,
    pub(crate) window_ms: u64,
}

impl Policy {
    pub(crate) fn ack_wait(&self) -> Duration {
        Duration::from_millis(self.ack_wait_ms)
    }

    /// The pause after failed attempt number `attempt`, from 1.
    pub(crate) fn pause_after(&self, attempt: u64) -> Duration {
        let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        let pause = self.backoff_ms.get(index).or(self.backoff_ms.last());
        Duration::from_millis(pause.copied().unwrap_or(0))
    }
}

/// What a single task asks for, beyond its value.
///
/// ```
/// use std::time::Duration;
/// use jetstream_tasks::Put;
///
/// let tonight = Put::new().id("report-2026-11-21").delay(Duration::from_secs(3600));
/// # drop(tonight);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Put {
    pub(crate) id: Option<String>,
    pub(crate) priority: Option<u8>,
    pub(crate) delay: Duration,
    pub(crate) deadline: Option<Duration>,
    pub(crate) time_limit: Option<Duration>,
    pub(crate) wait: Duration,
}

impl Put {
    /// As `put` does it: an id of the library's own, the middle priority, now.
    pub fn new() -> Self {
        Put::default()
    }

    /// An id of one's own, which makes the put idempotent: a second one with
    /// the same id adds nothing, within the window or once the first is done
    /// and its outcome is kept.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// 0 is taken first.
    pub fn priority(mut self, priority: u8) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Not to be handed out before this time has passed.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// From now: when it has passed, the task is not begun any more and becomes
    /// a dead letter; a worker that is at it loses its lease.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// How long one attempt may take: after that its lease is not renewed any
    /// more. Without it, a worker that hangs keeps its task for as long as its
    /// process lives.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// How long to wait for room in a queue that is full; not at all by
    /// default.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }
}

pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
