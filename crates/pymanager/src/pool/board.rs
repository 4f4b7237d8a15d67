//! Where pools and workers meet: what is to be done, who does it, and what
//! happens when nobody does.

mod workers;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::job::{Asked, Chunk, Job};
use crate::object::{Call, Exception, Stored, Wait, WaitList};
pub(super) use workers::Task;
use workers::Worker;

/// All pools of a manager, and all workers.
#[derive(Debug)]
pub(crate) struct Board {
    state: Mutex<State>,
    /// The pool of what the manager's own objects want done.
    errands: u64,
}

#[derive(Debug)]
struct State {
    pools: BTreeMap<u64, Pool>,
    /// By the numbers of their connections.
    workers: BTreeMap<u64, Worker>,
    /// The pools that have tasks to hand out.
    ready: BTreeSet<u64>,
    /// Workers with nothing to do.
    idle: WaitList,
    /// The pool that has had the last task: the next one comes first.
    last: u64,
    numbers: u64,
    /// Since when there has been no worker.
    deserted: Instant,
    patience: Duration,
    retries: u32,
}

/// What a pool is made with.
#[derive(Debug, Default)]
pub(super) struct Terms {
    /// How many tasks may be done at a time.
    pub(super) size: Option<usize>,
    /// A function and its arguments, to be called in each worker first.
    pub(super) initializer: Option<Stored>,
    /// After so many tasks a worker makes room for a new process.
    pub(super) tasks_per_worker: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Running,
    Closed,
    Terminated,
}

#[derive(Debug)]
struct Pool {
    terms: Terms,
    phase: Phase,
    /// Whether a client may still refer to it.
    referred: bool,
    /// All jobs that are not over.
    jobs: BTreeMap<u64, Arc<Job>>,
    /// Those of which not all has been handed out, and how much has.
    line: VecDeque<(Arc<Job>, usize)>,
    /// What is to be handed out once more.
    again: VecDeque<(Arc<Job>, Chunk)>,
    running: usize,
    joining: WaitList,
}

impl Pool {
    /// The next task, if there is one. Jobs that were given up are skipped.
    fn next(&mut self) -> Option<(Arc<Job>, Chunk)> {
        while let Some((job, chunk)) = self.again.pop_front() {
            if !job.is_ending() {
                return Some((job, chunk));
            }
        }
        while let Some((job, next)) = self.line.front_mut() {
            let (job, index) = (Arc::clone(job), *next);
            *next += 1;
            if *next >= job.asked.chunks() || job.is_ending() {
                self.line.pop_front();
            }
            if !job.is_ending() {
                return Some((job, Chunk { index, died: 0 }));
            }
        }
        None
    }

    fn is_full(&self) -> bool {
        self.terms.size.is_some_and(|size| self.running >= size)
    }

    fn forget(&mut self, job: &Job) {
        self.jobs.remove(&job.number);
        if self.jobs.is_empty() {
            self.joining.wake_all();
        }
    }
}

impl Board {
    pub(crate) fn new() -> Arc<Self> {
        let state = Mutex::new(State {
            pools: BTreeMap::new(),
            workers: BTreeMap::new(),
            ready: BTreeSet::new(),
            idle: WaitList::default(),
            last: 0,
            numbers: 0,
            deserted: Instant::now(),
            patience: Duration::from_secs(10),
            retries: 0,
        });
        let mut board = Board { state, errands: 0 };
        board.errands = board.open(Terms::default());
        Arc::new(board)
    }

    /// The pool of what the manager's own objects want done.
    pub(super) fn errands(&self) -> u64 {
        self.errands
    }

    /// How long tasks wait for a worker, and how often a task is tried again when
    /// its worker dies.
    pub(crate) fn limit(&self, patience: Duration, retries: u32) {
        let mut state = self.lock();
        (state.patience, state.retries) = (patience, retries);
    }

    pub(super) fn open(&self, terms: Terms) -> u64 {
        let mut state = self.lock();
        state.numbers += 1;
        let number = state.numbers;
        let pool = Pool {
            terms,
            phase: Phase::Running,
            referred: true,
            jobs: BTreeMap::new(),
            line: VecDeque::new(),
            again: VecDeque::new(),
            running: 0,
            joining: WaitList::default(),
        };
        state.pools.insert(number, pool);
        number
    }

    /// How many may be at work at a time for a pool.
    pub(super) fn size(&self, pool: u64) -> usize {
        let state = self.lock();
        let asked = state.pools.get(&pool).and_then(|pool| pool.terms.size);
        asked.unwrap_or(state.workers.len().max(1))
    }

    pub(super) fn phase(&self, pool: u64) -> Phase {
        let state = self.lock();
        let pool = state.pools.get(&pool);
        pool.map_or(Phase::Terminated, |pool| pool.phase)
    }

    /// Accepts a job.
    pub(super) fn submit(
        &self,
        pool: u64,
        asked: Asked,
        call: &Call<'_>,
    ) -> Result<Arc<Job>, Exception> {
        let mut state = self.lock();
        state.numbers += 1;
        let number = state.numbers;
        drop(state);
        let job = Arc::new(Job::new(number, pool, asked, call)?);
        if job.is_empty() {
            job.end_at_once(call);
            return Ok(job);
        }
        let mut state = self.lock();
        let entry = state.pools.get_mut(&pool);
        let Some(entry) = entry.filter(|pool| pool.phase == Phase::Running) else {
            return Err(not_running());
        };
        entry.jobs.insert(number, Arc::clone(&job));
        entry.line.push_back((Arc::clone(&job), 0));
        state.ready.insert(pool);
        state.idle.wake_one();
        Ok(job)
    }

    /// From now on, no job is accepted.
    pub(super) fn close(&self, pool: u64) {
        if let Some(pool) = self.lock().pools.get_mut(&pool)
            && pool.phase == Phase::Running
        {
            pool.phase = Phase::Closed;
        }
    }

    /// Stops everything: no task is handed out, and the connections of workers
    /// that are at one are closed.
    pub(super) fn terminate(&self, pool: u64) {
        let mut state = self.lock();
        let Some(entry) = state.pools.get_mut(&pool) else {
            return;
        };
        entry.phase = Phase::Terminated;
        entry.line.clear();
        entry.again.clear();
        let jobs = std::mem::take(&mut entry.jobs);
        entry.running = 0;
        entry.joining.wake_all();
        for worker in state.workers.values_mut() {
            if worker
                .task
                .as_ref()
                .is_some_and(|(job, _)| job.pool == pool)
            {
                worker.task = None;
                worker.hang_up.hang_up();
            }
        }
        drop(state);
        let error = process_error("the pool was terminated before it was done");
        for job in jobs.values() {
            job.give_up(&error);
        }
    }

    /// No client refers to the pool any more. The jobs that it has accepted are
    /// done all the same.
    pub(super) fn unrefer(&self, pool: u64) {
        let mut state = self.lock();
        if let Some(entry) = state.pools.get_mut(&pool) {
            entry.referred = false;
        }
        state.tidy(pool);
    }

    /// Jobs that are not over, tasks being done, and workers in all.
    pub(super) fn count(&self, pool: u64) -> (usize, usize, usize) {
        let state = self.lock();
        let counts = state.pools.get(&pool);
        let (jobs, running) = counts.map_or((0, 0), |pool| (pool.jobs.len(), pool.running));
        (jobs, running, state.workers.len())
    }

    /// How many workers there are, and how many of them are at work.
    pub(super) fn workers(&self) -> (usize, usize) {
        let state = self.lock();
        let busy = state.workers.values().filter(|one| one.task.is_some());
        (state.workers.len(), busy.count())
    }

    /// Waits until a closed pool has done all its jobs; false if the client has
    /// gone.
    pub(super) fn join(&self, pool: u64, wait: &Wait<'_>) -> bool {
        let mut ticket = None;
        loop {
            let mut state = self.lock();
            let entry = state.pools.get_mut(&pool);
            let Some(entry) = entry.filter(|pool| !pool.jobs.is_empty()) else {
                return true;
            };
            if wait.caller.is_gone() {
                if let Some(ticket) = ticket {
                    entry.joining.leave(ticket);
                }
                return false;
            }
            ticket = Some(entry.joining.enter(ticket));
            let jobs: Vec<_> = entry.jobs.values().cloned().collect();
            drop(state);
            let mut until = None;
            for job in jobs {
                until = match (until, self.starves_at(&job)) {
                    (Some(one), Some(other)) => Some(std::cmp::min(one, other)),
                    (one, other) => one.or(other),
                };
            }
            wait.park_until(until);
        }
    }

    /// When a job would fail for lack of workers, as things stand. If that time
    /// has come, it fails now.
    pub(super) fn starves_at(&self, job: &Arc<Job>) -> Option<Instant> {
        let state = self.lock();
        if !state.workers.is_empty() {
            return None;
        }
        let at = state.deserted.max(job.since) + state.patience;
        if Instant::now() < at {
            return Some(at);
        }
        let patience = state.patience;
        drop(state);
        let error = process_error(&format!(
            "no worker has come within {patience:?}: this manager runs no code itself, its pools \
             need workers (pool_worker.py) that connect to it"
        ));
        self.give_up(job, &error);
        Some(at)
    }

    /// Takes a job off, with whatever has not been handed out of it.
    pub(super) fn give_up(&self, job: &Arc<Job>, error: &Exception) {
        let mut state = self.lock();
        if let Some(pool) = state.pools.get_mut(&job.pool) {
            // One that is done was in neither.
            pool.line.retain(|(other, _)| other.number != job.number);
            pool.again.retain(|(other, _)| other.number != job.number);
            pool.forget(job);
        }
        state.tidy(job.pool);
        drop(state);
        job.give_up(error);
    }

    /// Whether there is no worker.
    pub(crate) fn is_deserted(&self) -> bool {
        self.lock().workers.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn done_with(&mut self, job: &Arc<Job>) {
        if let Some(pool) = self.pools.get_mut(&job.pool) {
            pool.forget(job);
        }
        self.tidy(job.pool);
    }

    /// Forgets a pool that nobody refers to and that has nothing to do.
    fn tidy(&mut self, number: u64) {
        let pool = self.pools.get(&number);
        if pool.is_some_and(|pool| !pool.referred && pool.jobs.is_empty()) {
            self.pools.remove(&number);
            for worker in self.workers.values_mut() {
                worker.pools.remove(&number);
            }
        }
    }
}

pub(super) fn not_running() -> Exception {
    Exception::value_error("Pool not running")
}

/// What Python's own errors of processes are: every version has the class
/// under this name.
fn process_error(text: &str) -> Exception {
    Exception::new("multiprocessing", "ProcessError", vec![text.into()])
}
