//! The helper process: it forks the workers, waits for their ends, and says
//! what died with them.
//!
//! It is forked while the program has one thread, and has one thread itself, so
//! it may fork at any time. (Android's zygote and Python's forkserver are such
//! processes.)

use std::io::{PipeReader, Read};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::codec::encode;
use crate::deadline::Deadline;
use crate::process::{self, Builder, ExitStatus, Process};
use crate::queue::Error;
use crate::queue::process::Ring;
use crate::shared::Shared;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::pool::message::{Death, JobNumber, Reply};

/// The two words that the helper shares with the worker at one place.
pub(crate) struct Place<'a> {
    /// Whether the worker has got through its initializer.
    pub(crate) ready: &'a AtomicU32,
    /// Which task of its job it is doing.
    pub(crate) progress: &'a AtomicU32,
}

/// So many workers in a row that die at one place before they are ready are
/// too many.
const PATIENCE: u32 = 3;

/// How long workers have to obey `SIGTERM` when the pool is terminated.
const GRACE: Duration = Duration::from_secs(1);

/// How soon to try again when a worker could not be forked.
const AGAIN: u8 = 200; // milliseconds

pub(crate) struct Helper<'a> {
    pub(crate) tasks: &'a Ring,
    pub(crate) replies: &'a Ring,
    pub(crate) places: &'a Shared<[(AtomicU32, AtomicU32)]>,
    /// Readable when the program wants the workers gone.
    pub(crate) stop: PipeReader,
    /// A worker's whole life, at the place with this number.
    pub(crate) work: &'a dyn Fn(usize, &Place<'_>) -> Result<(), Error>,
    /// For each place, workers that died in a row before they were ready.
    pub(crate) failures: Vec<u32>,
}

/// What to do next.
enum Next {
    GoOn,
    End(i32),
}

impl Helper<'_> {
    /// The helper's life; gives its exit status.
    pub(crate) fn run(mut self) -> Result<i32, Error> {
        let mut workers: Vec<Option<Process>> = Vec::with_capacity(self.places.len());
        for slot in 0..self.places.len() {
            match self.fork(slot) {
                Ok(worker) => workers.push(Some(worker)),
                Err(error) => {
                    end(&workers);
                    let reason = match &error {
                        process::SpawnError::System(system) => system.to_string(),
                        other => other.to_string(),
                    };
                    let worker = slot + 1;
                    self.say(&Reply::NotStarted { worker, reason })?;
                    return Ok(1);
                }
            }
        }
        self.say(&Reply::Started)?;
        loop {
            if self.wait(&workers)? {
                end(&workers);
                return Ok(0);
            }
            for slot in 0..workers.len() {
                if let Next::End(status) = self.look_after(slot, &mut workers)? {
                    end(&workers);
                    return Ok(status);
                }
            }
            if self.finished() && workers.iter().all(Option::is_none) {
                return Ok(0);
            }
        }
    }

    /// Sleeps until something happens; whether it was the order to stop.
    fn wait(&mut self, workers: &[Option<Process>]) -> Result<bool, Error> {
        let mut fds = vec![PollFd::new(self.stop.as_fd(), PollFlags::POLLIN)];
        let living = workers.iter().flatten();
        fds.extend(living.map(|worker| PollFd::new(worker.as_fd(), PollFlags::POLLIN)));
        let complete = fds.len() == workers.len() + 1 || self.finished();
        // Interrupted or not: look at everybody.
        let _ = poll(
            &mut fds,
            if complete {
                PollTimeout::NONE
            } else {
                AGAIN.into()
            },
        );
        let stop = fds[0].any().unwrap_or(false);
        if stop {
            // Whatever came, or the end of the file, means the same.
            let _ = self.stop.read(&mut [0]);
        }
        Ok(stop)
    }

    /// Buries the worker at place `slot` if it has ended, and fills the place.
    fn look_after(&mut self, slot: usize, workers: &mut [Option<Process>]) -> Result<Next, Error> {
        if let Some(worker) = &workers[slot] {
            let Ok(Some(status)) = worker.exit_status() else {
                return Ok(Next::GoOn);
            };
            let pid = worker.pid();
            workers[slot] = None;
            if let Next::End(status) = self.bury(slot, pid, status)? {
                return Ok(Next::End(status));
            }
        }
        if !self.finished() {
            // Without success the place stays empty until the next look.
            workers[slot] = self.fork(slot).ok();
        }
        Ok(Next::GoOn)
    }

    fn bury(&mut self, slot: usize, pid: u32, status: ExitStatus) -> Result<Next, Error> {
        let place = self.place(slot);
        let was_ready = place.ready.load(Ordering::Acquire) == 1;
        let progress = place.progress.load(Ordering::Relaxed);
        let death = Death::new(pid, status);
        if let Some(job) = self.tasks.claimed(slot) {
            let job = JobNumber::from_ne_bytes(job);
            self.say(&Reply::Lost {
                job,
                progress,
                death,
            })?;
        } else if !was_ready {
            self.failures[slot] += 1;
            if self.failures[slot] == PATIENCE {
                self.say(&Reply::Hopeless { death })?;
                return Ok(Next::End(1));
            }
        }
        if was_ready {
            self.failures[slot] = 0;
        }
        Ok(Next::GoOn)
    }

    /// Nothing is left to be done, now or later.
    fn finished(&self) -> bool {
        self.tasks.is_closed() && self.tasks.is_empty()
    }

    fn fork(&self, slot: usize) -> Result<Process, process::SpawnError> {
        let place = self.place(slot);
        place.ready.store(0, Ordering::Release);
        // Ctrl-C reaches the whole group; what it means, the program decides.
        Builder::new("pool-worker")
            .ignore_interrupt()
            .spawn(|| (self.work)(slot, &place))
    }

    fn place(&self, slot: usize) -> Place<'_> {
        let (ready, progress) = &self.places[slot];
        Place { ready, progress }
    }

    /// The program's collector never waits for anybody else's code, so there
    /// will be room.
    fn say(&self, reply: &Reply) -> Result<(), Error> {
        let mut bytes = Vec::new();
        encode(reply, &mut bytes)?;
        self.replies.put(&bytes, Deadline::NEVER)
    }
}

/// Ends all workers and reaps them: asks all of them first, so that together
/// they take no longer than one.
fn end(workers: &[Option<Process>]) {
    let living = || workers.iter().flatten();
    for worker in living() {
        let _ = worker.terminate();
    }
    let until = Deadline::after(GRACE);
    for worker in living() {
        let left = until.remaining().unwrap_or_default();
        if !matches!(worker.join_timeout(left), Ok(Some(_))) {
            let _ = worker.kill();
            let _ = worker.join();
        }
    }
}
