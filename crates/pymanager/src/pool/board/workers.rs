//! The board as workers use it: who comes, takes a task, answers, and dies.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::{Board, State, process_error};
use crate::object::{Call, Exception, HangUp, Stored, Wait};
use crate::pool::job::{Chunk, Job};

#[derive(Debug)]
pub(super) struct Worker {
    name: String,
    pub(super) hang_up: HangUp,
    pub(super) task: Option<(Arc<Job>, Chunk)>,
    /// The pools whose initializer it has been given, and the tasks since.
    pub(super) pools: BTreeMap<u64, u64>,
}

/// What a worker is to do.
#[derive(Debug)]
pub(in crate::pool) struct Task {
    pub(in crate::pool) job: Arc<Job>,
    pub(in crate::pool) chunk: Chunk,
    pub(in crate::pool) initializer: Option<Stored>,
    pub(in crate::pool) last: bool,
}

impl Board {
    /// A connection becomes a worker.
    pub(in crate::pool) fn enter(&self, connection: u64, name: String, hang_up: HangUp) {
        let worker = Worker {
            name,
            hang_up,
            task: None,
            pools: BTreeMap::new(),
        };
        self.lock().workers.entry(connection).or_insert(worker);
    }

    /// Waits for something to do; none when the worker has gone.
    pub(in crate::pool) fn take(&self, connection: u64, wait: &Wait<'_>) -> Option<Task> {
        let mut ticket = None;
        loop {
            let mut state = self.lock();
            if wait.caller.is_gone() || !state.workers.contains_key(&connection) {
                if let Some(ticket) = ticket {
                    state.idle.leave(ticket);
                }
                // It may have been woken for a task that is another's now.
                state.idle.wake_one();
                return None;
            }
            if let Some(task) = state.assign(connection) {
                if let Some(ticket) = ticket {
                    state.idle.leave(ticket);
                }
                // There may be enough for the next one as well.
                state.idle.wake_one();
                return Some(task);
            }
            ticket = Some(state.idle.enter(ticket));
            drop(state);
            wait.park();
        }
    }

    /// A task did not reach its worker: it is to be done by another.
    pub(in crate::pool) fn untake(&self, connection: u64) {
        let mut state = self.lock();
        let worker = state.workers.get_mut(&connection);
        if let Some((job, chunk)) = worker.and_then(|worker| worker.task.take()) {
            state.give_back(job, chunk);
        }
    }

    /// What a worker was given to do has come to this.
    pub(in crate::pool) fn finish(
        &self,
        connection: u64,
        outcome: Result<Stored, Exception>,
        call: &Call<'_>,
    ) {
        let mut state = self.lock();
        let worker = state.workers.get_mut(&connection);
        let Some((job, chunk)) = worker.and_then(|worker| worker.task.take()) else {
            return;
        };
        state.one_less(job.pool);
        drop(state);
        if job.finish(chunk, outcome, Some(call)) {
            self.lock().done_with(&job);
        }
    }

    /// A worker is no more. What it had to do is done anew, or has come to an
    /// error that says `how` it ended.
    pub(in crate::pool) fn leave(&self, connection: u64, how: Option<&str>) {
        let mut state = self.lock();
        let Some(worker) = state.workers.remove(&connection) else {
            return;
        };
        let mut alone = Vec::new();
        if state.workers.is_empty() {
            state.deserted = Instant::now();
            let pools = state.pools.values_mut();
            for pool in pools {
                pool.joining.wake_all();
                alone.extend(pool.jobs.values().cloned());
            }
        }
        let mut failed = None;
        if let Some((job, mut chunk)) = worker.task {
            chunk.died += 1;
            if chunk.died <= state.retries {
                state.give_back(job, chunk);
            } else {
                state.one_less(job.pool);
                failed = Some((job, chunk));
            }
        }
        drop(state);
        if let Some((job, chunk)) = failed {
            let how = how.unwrap_or("has ended, or lost its connection,");
            let text = format!("the worker {} {how} while it did this task", worker.name);
            if job.finish(chunk, Err(process_error(&text)), None) {
                self.lock().done_with(&job);
            }
        }
        // Who waits has to look when to give up.
        for job in alone {
            job.lock().waiting.wake_all();
        }
    }
}

impl State {
    /// The next task for a worker: pools take turns.
    fn assign(&mut self, connection: u64) -> Option<Task> {
        let worker = self.workers.get_mut(&connection)?;
        let (mut at, mut turned) = (self.last + 1, false);
        loop {
            let Some(number) = self.ready.range(at..).next().copied() else {
                if turned {
                    return None;
                }
                (at, turned) = (0, true);
                continue;
            };
            at = number + 1;
            let pool = self.pools.get_mut(&number);
            if pool.as_ref().is_some_and(|pool| pool.is_full()) {
                continue;
            }
            let Some((pool, (job, chunk))) = pool.and_then(|pool| {
                let next = pool.next()?;
                Some((pool, next))
            }) else {
                self.ready.remove(&number);
                continue;
            };
            pool.running += 1;
            self.last = number;
            let new = !worker.pools.contains_key(&number);
            let done = worker.pools.entry(number).or_default();
            *done += 1;
            worker.task = Some((Arc::clone(&job), chunk));
            return Some(Task {
                job,
                chunk,
                initializer: pool.terms.initializer.clone().filter(|_| new),
                last: pool
                    .terms
                    .tasks_per_worker
                    .is_some_and(|most| *done >= most),
            });
        }
    }

    fn one_less(&mut self, pool: u64) {
        if let Some(pool) = self.pools.get_mut(&pool) {
            pool.running = pool.running.saturating_sub(1);
        }
        // One that had all it may have has room again.
        self.idle.wake_one();
    }

    fn give_back(&mut self, job: Arc<Job>, chunk: Chunk) {
        let number = job.pool;
        if let Some(pool) = self.pools.get_mut(&job.pool)
            && pool.jobs.contains_key(&job.number)
        {
            self.ready.insert(job.pool);
            pool.again.push_front((job, chunk));
        }
        self.one_less(number);
    }
}
