//! The helper process: it forks the workers, waits for their ends, and says
//! what died with them.
//!
//! It is forked while the program has one thread, and has one thread itself, so
//! it may fork at any time. (Android's zygote and Python's forkserver are such
//! processes.) It outlives the program by a moment, to see to it that nobody
//! else does: the workers, and what their tasks have started.

use std::convert::Infallible;
use std::io::PipeReader;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use rustix::process::{Pid, getppid};

use crate::codec::encode;
use crate::deadline::Deadline;
use crate::pool::descendants;
use crate::pool::message::{Cause, Death, JobNumber, Report};
use crate::pool::starts::Starts;
use crate::pool::worker::{FORKED, WorkerState};
use crate::process::{Builder, Process, SpawnError};
use crate::queue::Error;
use crate::queue::process::Ring;
use crate::shared::Shared;

/// How long workers have to obey `SIGTERM` when the pool is terminated.
const GRACE: Duration = Duration::from_secs(1);

/// How often the helper looks up while there is no room for its report.
const LOOK: Duration = Duration::from_millis(100);

pub(crate) struct Helper<'a> {
    pub(crate) tasks: &'a Ring,
    pub(crate) reports: &'a Ring,
    /// For each worker: its phase and progress.
    pub(crate) states: &'a Shared<[(AtomicU32, AtomicU32)]>,
    /// A pidfd: readable when the program has ended.
    pub(crate) program: OwnedFd,
    /// The program's number, unless it is in another PID namespace.
    pub(crate) parent: Option<Pid>,
    /// Readable when the program wants the workers gone.
    pub(crate) stop: PipeReader,
    /// A worker's whole life, with the slot of this number.
    pub(crate) work: &'a dyn Fn(usize, &WorkerState<'_>) -> Result<i32, Error>,
    /// The worker in each slot, unless it has died and has no successor yet.
    pub(crate) workers: Vec<Option<Process>>,
    pub(crate) starts: Starts,
}

/// Why the helper's life is over.
enum End {
    /// All is done.
    Finished,
    /// The program wants it.
    Stopped,
    /// The program has ended, and cannot.
    Orphaned,
    /// There are no workers to be had, and the program knows.
    GaveUp,
    /// The queue of reports is of no use.
    Failed(Error),
}

impl Helper<'_> {
    /// The helper's life; gives its exit status.
    pub(crate) fn run(mut self) -> Result<i32, Error> {
        // What tasks start and leave behind comes to this process, not to init.
        let _ = nix::sys::prctl::set_child_subreaper(true);
        // Killed together with the program, it could not look after the others.
        // But it is to go on, should it be stopped just then.
        let _ = nix::sys::prctl::set_pdeathsig(Signal::SIGCONT);
        let end = match self.serve() {
            Err(end) => end,
            Ok(never) => match never {},
        };
        let (grace, outcome) = match end {
            End::Finished => return Ok(0),
            End::Stopped => (GRACE, Ok(0)),
            End::Orphaned => (Duration::ZERO, Ok(1)),
            End::GaveUp => (GRACE, Ok(1)),
            End::Failed(error) => (Duration::ZERO, Err(error)),
        };
        end_workers(&self.workers, grace);
        descendants::end_all();
        outcome
    }

    fn serve(&mut self) -> Result<Infallible, End> {
        // Each child that ends makes the descriptor readable; workers are
        // forked with the signal open again.
        let mut children = SigSet::empty();
        children.add(Signal::SIGCHLD);
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        let ended = children
            .thread_block()
            .and_then(|()| SignalFd::with_flags(&children, flags))
            .map_err(|error| self.not_started(0, error.desc().to_string()))?;
        for slot in 0..self.states.len() {
            match self.fork(slot) {
                Ok(worker) => self.workers.push(Some(worker)),
                Err(error) => return Err(self.not_started(slot, reason(&error))),
            }
        }
        self.say(&Report::Started)?;
        loop {
            let next = match self.is_finished() {
                true => None,
                false => self.starts.next(),
            };
            self.look(Some(&ended), next)?;
            while let Ok(Some(_)) = ended.read_signal() {}
            self.reap()?;
            if !self.is_finished() {
                self.fill_slots()?;
            } else if self.workers.iter().all(Option::is_none) {
                return Err(End::Finished);
            }
        }
    }

    fn not_started(&self, slot: usize, reason: String) -> End {
        let worker = slot + 1;
        match self.say(&Report::NotStarted { worker, reason }) {
            Ok(()) => End::GaveUp,
            Err(end) => end,
        }
    }

    /// Sleeps until a child has ended, or for `timeout`; an error when the
    /// helper is to end.
    fn look(&self, ended: Option<&SignalFd>, timeout: Option<Duration>) -> Result<(), End> {
        let mut fds = vec![
            PollFd::new(self.program.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.stop.as_fd(), PollFlags::POLLIN),
        ];
        fds.extend(ended.map(|ended| PollFd::new(ended.as_fd(), PollFlags::POLLIN)));
        let timeout = match timeout {
            // Rounded up, or it would look in vain for a moment.
            Some(timeout) => u16::try_from(timeout.as_millis() + 1)
                .unwrap_or(u16::MAX)
                .into(),
            None => PollTimeout::NONE,
        };
        // Interrupted or not: look at everybody.
        if let Err(error) = poll(&mut fds, timeout)
            && error != Errno::EINTR
        {
            // Somebody has left this process fewer descriptors than it has open
            // (prlimit(2)): look now and then, until that has changed.
            std::thread::sleep(LOOK);
            if getppid() != self.parent {
                return Err(End::Orphaned);
            }
        }
        match (fds[0].any(), fds[1].any()) {
            (Some(true), _) => Err(End::Orphaned),
            // Whatever came, or the end of the file, means the same.
            (_, Some(true)) => Err(End::Stopped),
            _ => Ok(()),
        }
    }

    /// Reaps whoever has ended: workers, and what dead workers left behind.
    fn reap(&mut self) -> Result<(), End> {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG;
        while let Ok(status) = waitid(Id::All, flags | WaitPidFlag::WNOWAIT) {
            let Some(pid) = status.pid() else { break };
            let number = pid.as_raw().cast_unsigned();
            let is_it = |worker: &Option<Process>| {
                worker.as_ref().is_some_and(|worker| worker.pid() == number)
            };
            match self.workers.iter().position(is_it) {
                Some(slot) => self.worker_ended(slot)?,
                None => drop(waitid(Id::Pid(pid), flags)),
            }
        }
        Ok(())
    }

    fn worker_ended(&mut self, slot: usize) -> Result<(), End> {
        let Some(worker) = self.workers[slot].take() else {
            return Ok(());
        };
        let Ok(Some(status)) = worker.exit_status() else {
            return Ok(());
        };
        let death = Death::new(worker.pid(), status);
        let state = self.state(slot);
        let phase = state.phase.load(Ordering::Acquire);
        let progress = state.progress.load(Ordering::Relaxed);
        let failed_too_often = self.starts.ended(slot, phase, status);
        if let Some(job) = self.tasks.claimed(slot) {
            let job = JobNumber::from_ne_bytes(job);
            self.say(&Report::Lost {
                job,
                progress,
                death,
            })
        } else if failed_too_often {
            let cause = match phase {
                FORKED => Cause::Start(death),
                _ => Cause::Initializer(death),
            };
            self.say(&Report::GaveUp(cause))?;
            Err(End::GaveUp)
        } else {
            Ok(())
        }
    }

    /// Forks workers for the slots that have none.
    fn fill_slots(&mut self) -> Result<(), End> {
        for slot in 0..self.workers.len() {
            if self.workers[slot].is_some() || !self.starts.is_due(slot) {
                continue;
            }
            match self.fork(slot) {
                Ok(worker) => {
                    self.workers[slot] = Some(worker);
                    self.starts.forked(slot);
                }
                Err(error) => {
                    let alone = self.workers.iter().all(Option::is_none);
                    if self.starts.refused(slot) && alone {
                        self.say(&Report::GaveUp(Cause::Fork(reason(&error))))?;
                        return Err(End::GaveUp);
                    }
                }
            }
        }
        Ok(())
    }

    /// Nothing is left to be done, now or later.
    fn is_finished(&self) -> bool {
        self.tasks.is_closed() && self.tasks.is_empty()
    }

    fn fork(&self, slot: usize) -> Result<Process, SpawnError> {
        let state = self.state(slot);
        state.phase.store(FORKED, Ordering::Release);
        // Ctrl-C reaches the whole group; what it means, the program decides.
        Builder::new("pool-worker")
            .ignore_interrupt()
            .close_in_child(&self.program)
            .close_in_child(&self.stop)
            .spawn(|| (self.work)(slot, &state))
    }

    fn state(&self, slot: usize) -> WorkerState<'_> {
        let (phase, progress) = &self.states[slot];
        WorkerState { phase, progress }
    }

    /// The program's collector never waits for anybody else's code, so there
    /// will be room, if the program does not end or want to end.
    fn say(&self, report: &Report) -> Result<(), End> {
        let mut bytes = Vec::new();
        encode(report, &mut bytes).map_err(|error| End::Failed(error.into()))?;
        loop {
            match self.reports.put(&bytes, Deadline::after(LOOK)) {
                Ok(()) => return Ok(()),
                Err(Error::Full) => self.look(None, Some(Duration::ZERO))?,
                Err(Error::Closed) => return Err(End::Stopped),
                Err(error) => return Err(End::Failed(error)),
            }
        }
    }
}

/// What the system said.
fn reason(error: &SpawnError) -> String {
    match error {
        SpawnError::System(system) => system.to_string(),
        other => other.to_string(),
    }
}

/// Ends all workers and reaps them: asks all of them first, so that together
/// they take no longer than one.
fn end_workers(workers: &[Option<Process>], grace: Duration) {
    let living = || workers.iter().flatten();
    let wait = |until: Deadline| {
        living()
            .filter(|worker| {
                let left = until.remaining().unwrap_or_default();
                !matches!(worker.join_timeout(left), Ok(Some(_)))
            })
            .count()
    };
    if !grace.is_zero() {
        living().for_each(|worker| drop(worker.terminate()));
        if wait(Deadline::after(grace)) == 0 {
            return;
        }
    }
    living().for_each(|worker| drop(worker.kill()));
    wait(Deadline::after(GRACE));
}
