//! Workers that die.

use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use common::testing::{Check, checks};
use multiproc::pool::{Pool, PoolBuilder, TaskError};
use multiproc::process::ExitStatus;
use multiproc::shared::Shared;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{Signal, kill, raise};

use crate::{assert_no_child, pid_of, suffer};

pub(crate) const IGNORED: &[Check] =
    checks![an_argument_that_kills_its_worker_by_its_control_group];

/// Long enough for anything here.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const CHECKS: &[Check] = checks![
    a_dead_worker_fails_its_own_task,
    a_worker_killed_from_outside,
    idle_workers_killed_lose_nothing,
    retries_are_tried,
    a_death_never_names_an_earlier_jobs_task,
    chaos_every_task_ends_once,
    an_argument_that_kills_its_worker_fails_alone,
    a_task_that_lowers_its_own_limits_fails_the_next_one_only,
    a_bus_error_is_the_tasks_own,
];

fn a_dead_worker_fails_its_own_task() {
    let pool = Pool::new(3, suffer).unwrap();
    for round in 0..10 {
        let results: Vec<_> = (0..40).map(|n| pool.apply_async(n)).collect();
        for (n, result) in results.into_iter().enumerate() {
            let number = result.number();
            let result = result.get();
            let expected = match n {
                1 => ExitStatus::Signal(9),
                2 => ExitStatus::Code(0),
                3 => ExitStatus::Code(3),
                4 => ExitStatus::Signal(6),
                5 => ExitStatus::Signal(11),
                6 => ExitStatus::Signal(15),
                _ => {
                    assert_eq!(result.unwrap(), n as u32);
                    continue;
                }
            };
            let Err(TaskError::WorkerDied { task, died }) = result else {
                panic!("round {round}, task {n}: {result:?}");
            };
            assert_eq!((task, died.status), (number, expected));
        }
    }
    // At full size again: three tasks that wait for each other get through.
    let meet = Shared::new(AtomicU32::new(0)).unwrap();
    drop(pool);
    let pool = Pool::new(3, |n: u32| {
        if n == 1 {
            return suffer(1);
        }
        meet.fetch_add(1, Ordering::SeqCst);
        while meet.load(Ordering::SeqCst) < 3 {
            thread::yield_now();
        }
        n
    })
    .unwrap();
    for _ in 0..3 {
        assert!(pool.apply(1).is_err());
    }
    assert_eq!(pool.map([5, 6, 7], Some(1)).unwrap(), [5, 6, 7]);
    pool.close().join().unwrap();
    assert_no_child();
}

fn a_worker_killed_from_outside() {
    let started = Shared::new(AtomicU32::new(0)).unwrap();
    let pool = Pool::new(2, |n: u32| {
        if n == 0 {
            started.store(process::id(), Ordering::SeqCst);
            thread::park();
        }
        n
    })
    .unwrap();
    let victim = pool.apply_async(0);
    while started.load(Ordering::SeqCst) == 0 {
        thread::yield_now();
    }
    let pid = started.load(Ordering::SeqCst);
    let others: Vec<_> = (1..100).map(|n| pool.apply_async(n)).collect();
    kill(pid_of(pid), Signal::SIGKILL).unwrap();
    let Err(TaskError::WorkerDied { task: 0, died }) = victim.get() else {
        panic!("it should be lost");
    };
    assert_eq!((died.pid, died.status), (pid, ExitStatus::Signal(9)));
    assert!(
        others
            .into_iter()
            .enumerate()
            .all(|(n, other)| other.get() == Ok(n as u32 + 1))
    );
    pool.close().join().unwrap();
}

fn idle_workers_killed_lose_nothing() {
    let pool = Pool::new(2, |_: u32| process::id()).unwrap();
    for _ in 0..50 {
        let idle = pool.apply(0).unwrap();
        kill(pid_of(idle), Signal::SIGKILL).unwrap();
        // It may be the dying one that takes one of these, and then it says so.
        for result in (0..10).map(|n| pool.apply_async(n)).collect::<Vec<_>>() {
            match result.get() {
                Ok(_) => {}
                Err(TaskError::WorkerDied { died, .. }) => assert_eq!(died.pid, idle),
                Err(error) => panic!("{error}"),
            }
        }
    }
    pool.close().join().unwrap();
}

fn retries_are_tried() {
    let tries = Shared::slice(3, |_| AtomicU32::new(0)).unwrap();
    let pool = PoolBuilder::new()
        .workers(2)
        .retries(2)
        .build(|n: usize| {
            let before = tries[n].fetch_add(1, Ordering::SeqCst);
            // 0: well at once. 1: well at the third try. 2: never.
            if n == 2 || (n == 1 && before < 2) {
                suffer(1);
            }
            n
        })
        .unwrap();
    let results: Vec<_> = (0..3).map(|n| pool.apply_async(n)).collect();
    let results: Vec<_> = results.into_iter().map(|result| result.get()).collect();
    assert_eq!((&results[0], &results[1]), (&Ok(0), &Ok(1)));
    assert!(matches!(
        results[2],
        Err(TaskError::WorkerDied { task: 2, .. })
    ));
    let tries: Vec<_> = tries
        .iter()
        .map(|tries| tries.load(Ordering::SeqCst))
        .collect();
    assert_eq!(tries, [1, 3, 3]);
    pool.close().join().unwrap();
}

fn a_death_never_names_an_earlier_jobs_task() {
    let pool = PoolBuilder::new()
        .workers(1)
        .build(|_: u32| process::id())
        .unwrap();
    let rounds = 150;
    for _ in 0..rounds {
        let mut chunk = pool.imap(0..40, 40);
        let Some(Ok(worker)) = chunk.next() else {
            continue;
        };
        drop(chunk);
        let jobs: Vec<_> = (0..200)
            .flat_map(|n| {
                // Chunks of forty, whose results nobody reads, between.
                drop(pool.map_async(0..40, Some(40)));
                [pool.apply_async(n)]
            })
            .collect();
        thread::sleep(Duration::from_micros(fastrand::u64(..600)));
        let _ = kill(pid_of(worker), Signal::SIGKILL);
        for job in jobs {
            let number = job.number();
            if let Err(TaskError::WorkerDied { task, .. }) = job.get() {
                assert_eq!(task, number, "another task is named");
            }
        }
    }
    pool.close().join().unwrap();
}

/// Workers killed at random: every task ends, once, done or lost with its
/// worker. `CHAOS_ROUNDS=1000` for a long run.
fn chaos_every_task_ends_once() {
    let rounds = std::env::var("CHAOS_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok());
    let done = Shared::slice(2000, |_| AtomicU32::new(0)).unwrap();
    let workers = Workers::new();
    let pool = PoolBuilder::new()
        .workers(4)
        .initializer(|| workers.note())
        .build(|n: usize| {
            done[n].fetch_add(1, Ordering::SeqCst);
            n
        })
        .unwrap();
    for _ in 0..rounds.unwrap_or(20_u32) {
        done.iter()
            .for_each(|count| count.store(0, Ordering::SeqCst));
        let results: Vec<_> = (0..done.len()).map(|n| pool.apply_async(n)).collect();
        for _ in 0..4 {
            thread::sleep(Duration::from_micros(fastrand::u64(..800)));
            workers.kill_one();
        }
        for (n, result) in results.into_iter().enumerate() {
            let times = match result.get() {
                Ok(m) => {
                    assert_eq!(n, m);
                    1..=1
                }
                // It may have died before the task, in it, or after it.
                Err(TaskError::WorkerDied { .. }) => 0..=1,
                Err(error) => panic!("{error}"),
            };
            assert!(times.contains(&done[n].load(Ordering::SeqCst)));
        }
    }
    pool.close().join().unwrap();
    assert_no_child();
}

/// Of the size of its argument, before the task has begun.
fn an_argument_that_kills_its_worker_fails_alone() {
    let pool = PoolBuilder::new()
        .workers(2)
        .largest_message(200 << 20)
        .initializer(|| {
            // What the process has, and a little more.
            let now = std::fs::read_to_string("/proc/self/statm").unwrap();
            let pages: u64 = now.split(' ').next().unwrap().parse().unwrap();
            let most = pages * 4096 + (64 << 20);
            setrlimit(Resource::RLIMIT_AS, most, most).unwrap();
            setrlimit(Resource::RLIMIT_CORE, 0, 0).unwrap();
        })
        .build(|text: String| text.len())
        .unwrap();
    let large = pool.apply_async(" ".repeat(150 << 20));
    let small: Vec<_> = (0..10).map(|n| pool.apply_async(" ".repeat(n))).collect();
    for (n, small) in small.into_iter().enumerate() {
        assert_eq!(small.get_timeout(PATIENCE), Ok(n));
    }
    let outcome = large.get_timeout(PATIENCE);
    assert!(
        matches!(outcome, Err(TaskError::WorkerDied { task: 0, .. })),
        "{outcome:?}"
    );
    pool.close().join().unwrap();
    assert_no_child();
}

fn a_task_that_lowers_its_own_limits_fails_the_next_one_only() {
    let pool = PoolBuilder::new()
        .workers(1)
        .largest_message(20 << 20)
        .build(|text: String| {
            if text.is_empty() {
                setrlimit(Resource::RLIMIT_AS, 1 << 20, 1 << 20).unwrap();
                setrlimit(Resource::RLIMIT_CORE, 0, 0).unwrap();
            }
            text.len()
        })
        .unwrap();
    for _ in 0..3 {
        assert_eq!(pool.apply(String::new()), Ok(0));
        let next = pool.apply_async(" ".repeat(10 << 20));
        let outcome = next.get_timeout(PATIENCE);
        assert!(
            matches!(outcome, Err(TaskError::WorkerDied { .. })),
            "{outcome:?}"
        );
        assert_eq!(pool.apply(" ".repeat(10 << 20)), Ok(10 << 20));
    }
    pool.close().join().unwrap();
}

/// As from a file that is cut while it is mapped.
fn a_bus_error_is_the_tasks_own() {
    let pool = Pool::new(1, |n: u32| {
        if n == 1 {
            raise(Signal::SIGBUS).unwrap();
        }
        n
    })
    .unwrap();
    let results: Vec<_> = (0..3).map(|n| pool.apply_async(n)).collect();
    for (n, result) in (0..).zip(results) {
        match result.get_timeout(PATIENCE) {
            Ok(m) => assert_eq!((n, true), (m, n != 1)),
            Err(TaskError::WorkerDied { task: 1, died }) => {
                assert_eq!(died.status, ExitStatus::Signal(7));
            }
            Err(error) => panic!("{error}"),
        }
    }
    pool.close().join().unwrap();
}

/// More than the workers' control group has. (Made for this, of version 1 or 2.)
fn an_argument_that_kills_its_worker_by_its_control_group() {
    let group = ControlGroup::new(64 << 20).expect("needs a memory control group");
    let pool = PoolBuilder::new()
        .workers(1)
        .largest_message(200 << 20)
        .initializer(|| group.join())
        .build(|text: String| text.len())
        .unwrap();
    let large = pool.apply_async(" ".repeat(150 << 20));
    let small = pool.apply_async(" ".repeat(3));
    assert_eq!(small.get_timeout(PATIENCE), Ok(3));
    let outcome = large.get_timeout(PATIENCE);
    assert!(
        matches!(outcome, Err(TaskError::WorkerDied { task: 0, .. })),
        "{outcome:?}"
    );
    pool.close().join().unwrap();
    drop(group);
}

/// A control group that limits memory.
struct ControlGroup(PathBuf);

impl ControlGroup {
    fn new(bytes: u64) -> std::io::Result<Self> {
        let name = format!("multiproc-test-{}", process::id());
        let root = std::path::Path::new("/sys/fs/cgroup");
        let (parent, limit) = match root.join("memory").is_dir() {
            true => (root.join("memory"), "memory.limit_in_bytes"),
            false => (root.to_path_buf(), "memory.max"),
        };
        let group = ControlGroup(parent.join(name));
        std::fs::create_dir(&group.0)?;
        std::fs::write(group.0.join(limit), bytes.to_string())?;
        Ok(group)
    }

    /// Moves this process there.
    fn join(&self) -> std::io::Result<()> {
        std::fs::write(self.0.join("cgroup.procs"), "0")
    }
}

impl Drop for ControlGroup {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
    }
}

/// The workers of a pool, to kill one at random.
pub(crate) struct Workers {
    pids: Shared<[AtomicU32]>,
    helper: Shared<AtomicU32>,
}

impl Workers {
    pub(crate) fn new() -> Self {
        Workers {
            pids: Shared::slice(64, |_| AtomicU32::new(0)).unwrap(),
            helper: Shared::new(AtomicU32::new(0)).unwrap(),
        }
    }

    /// Called by each.
    pub(crate) fn note(&self) {
        self.helper
            .store(std::os::unix::process::parent_id(), Ordering::SeqCst);
        let pid = process::id();
        self.pids[pid as usize % self.pids.len()].store(pid, Ordering::SeqCst);
    }

    /// Perhaps: the one that is picked may have ended, and its number be that of
    /// another check's worker by now.
    pub(crate) fn kill_one(&self) {
        let pid = self.pids[fastrand::usize(..self.pids.len())].swap(0, Ordering::SeqCst);
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // "pid (name) state parent": its helper has not waited for it yet.
        let parent = stat
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.split(' ').nth(1));
        if parent == Some(&*self.helper.load(Ordering::SeqCst).to_string()) {
            let _ = kill(pid_of(pid), Signal::SIGKILL);
        }
    }
}
