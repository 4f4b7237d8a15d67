//! The helper process: it forks the workers, waits for them to end, and reports
//! which task died with a worker.
//!
//! It is forked while the program has one thread and never starts another, so it
//! can fork at any time, as Android's zygote and Python's forkserver do. When
//! the program dies, the helper lives just long enough to kill the workers and
//! whatever their tasks have started.

use std::convert::Infallible;
use std::io::PipeReader;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::Ordering;
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
use crate::pool::state::{FORKED, WorkerState};
use crate::process::{ExitStatus, Process, SpawnError, spawn_another};
use crate::queue::Error;
use crate::queue::process::Ring;
use crate::shared::Shared;

/// How long workers have to obey `SIGTERM` when the pool is terminated.
const GRACE: Duration = Duration::from_secs(1);

/// How often the helper checks on the program while the queue of reports is
/// full.
const LOOK: Duration = Duration::from_millis(100);

pub(crate) struct Helper<'a> {
    pub(crate) tasks: &'a Ring,
    pub(crate) reports: &'a Ring,
    /// The state of each slot's worker.
    pub(crate) states: &'a Shared<[WorkerState]>,
    /// A pidfd: readable when the program has ended.
    pub(crate) program: OwnedFd,
    /// The program's pid, unless it is in another PID namespace.
    pub(crate) parent: Option<Pid>,
    /// Readable when the program wants the workers gone.
    pub(crate) stop: PipeReader,
    /// All that the worker in this slot does; returns its exit status.
    pub(crate) work: &'a dyn Fn(usize, &WorkerState) -> Result<i32, Error>,
    /// The worker in each slot; `None` once it has died, until it is replaced.
    pub(crate) workers: Vec<Option<Process>>,
    pub(crate) starts: Starts,
}

/// Why the helper ends.
enum End {
    /// The queue of tasks is closed, and all of them are done.
    Finished,
    /// The program asked for it.
    Stopped,
    /// The program has died.
    Orphaned,
    /// No worker can be started, and the program has been told.
    GaveUp,
    /// The queue of reports has failed.
    Failed(Error),
}

impl Helper<'_> {
    /// Runs until the pool ends; returns the helper's exit status.
    pub(crate) fn run(mut self) -> Result<i32, Error> {
        // Processes that tasks start and abandon become children of this
        // process, not of init.
        let _ = nix::sys::prctl::set_child_subreaper(true);
        // `SIGKILL` at the program's death would leave nobody to clean up.
        // `SIGCONT` wakes the helper if it happens to be stopped.
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
        // The descriptor becomes readable when a child ends. The signal is
        // blocked here only: `spawn` gives each worker an empty mask.
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

    /// Sleeps until a child ends, for at most `timeout`; an error if the helper
    /// should end.
    fn look(&self, ended: Option<&SignalFd>, timeout: Option<Duration>) -> Result<(), End> {
        let mut fds = vec![
            PollFd::new(self.program.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.stop.as_fd(), PollFlags::POLLIN),
        ];
        fds.extend(ended.map(|ended| PollFd::new(ended.as_fd(), PollFlags::POLLIN)));
        let timeout = match timeout {
            // Rounded up: a time-out cut to 0 ms would keep it spinning until
            // the time has really come.
            Some(timeout) => u16::try_from(timeout.as_millis() + 1)
                .unwrap_or(u16::MAX)
                .into(),
            None => PollTimeout::NONE,
        };
        // Interrupted or not, the caller checks everything.
        if let Err(error) = poll(&mut fds, timeout)
            && error != Errno::EINTR
        {
            // `poll` fails while somebody holds this process's limit on
            // descriptors below the number it polls (prlimit(2)): check from
            // time to time instead, until the limit is raised.
            std::thread::sleep(LOOK);
            if getppid() != self.parent {
                return Err(End::Orphaned);
            }
        }
        match (fds[0].any(), fds[1].any()) {
            (Some(true), _) => Err(End::Orphaned),
            // A byte and the end of the file mean the same.
            (_, Some(true)) => Err(End::Stopped),
            _ => Ok(()),
        }
    }

    /// Reaps every child that has ended: workers, and processes that dead
    /// workers left behind.
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
        let phase = self.state(slot).phase.load(Ordering::Acquire);
        let failed_too_often = self.starts.ended(slot, phase, status);
        if let Some(job) = self.tasks.claimed(slot) {
            self.say_lost(slot, job, death)
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

    /// Reports that a worker died with `job` in its hands.
    fn say_lost(&self, slot: usize, job: [u8; 8], death: Death) -> Result<(), End> {
        self.say(&Report::Lost {
            job: JobNumber::from_ne_bytes(job),
            progress: self.state(slot).progress.load(Ordering::Relaxed),
            death,
        })
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
                    // In a rare case it was forked and then had to go, perhaps
                    // with a job.
                    if let Some(job) = self.tasks.claimed(slot) {
                        let pid = self.state(slot).pid.load(Ordering::Relaxed);
                        let killed = ExitStatus::Signal(Signal::SIGKILL as i32);
                        self.say_lost(slot, job, Death::new(pid, killed))?;
                    }
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

    /// Whether there is nothing left to do, now or later.
    fn is_finished(&self) -> bool {
        self.tasks.is_closed() && self.tasks.is_empty()
    }

    fn fork(&self, slot: usize) -> Result<Process, SpawnError> {
        let state = self.state(slot);
        state.phase.store(FORKED, Ordering::Release);
        // `SIGINT` stays ignored, as here. Ctrl-C reaches the whole process group,
        // but it is for the program to decide what to do about it.
        let close = [self.program.as_fd(), self.stop.as_fd()];
        spawn_another("pool-worker", &close, || (self.work)(slot, state))
    }

    fn state(&self, slot: usize) -> &WorkerState {
        &self.states[slot]
    }

    /// Reports to the program. It may wait for room, but not for long: the
    /// program's collector runs no code of the caller's, so it keeps emptying
    /// the queue until the program dies or stops the pool.
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

/// The system's own message.
fn reason(error: &SpawnError) -> String {
    match error {
        SpawnError::System(system) => system.to_string(),
        other => other.to_string(),
    }
}

/// Ends all workers and reaps them. All of them get `SIGTERM` before any is
/// waited for, so that together they take no longer than one.
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
