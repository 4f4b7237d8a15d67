//! Two of three workers are killed, and no task is lost.
//!
//! <!-- any order; numbers vary -->
//! ```text
//! $ cargo run -q -p distributed --example task_again
//! worker 1 waits for a task
//! worker 2 waits for a task
//! worker 3 waits for a task
//! process 'worker 1' (4712) was killed by SIGKILL
//! put task 1
//! worker 2 does task 1
//! task 1 is done
//! put task 2
//! worker 3 does task 2
//! process 'worker 3' (4714) was killed by SIGKILL
//! put task 2
//! worker 2 does task 2
//! task 2 is done
//! put task 3
//! worker 2 does task 3
//! task 3 is done
//! ```
//!
//! `--timeline run.svg` draws it. What to notice: the first is killed while it
//! waits in `get`. In Python the next task goes to it all the same, and is lost;
//! here another worker gets it. The second is killed at work. What it had taken is
//! out of the queue, so the master notes who has what, and puts it again.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::process::{self, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use common::{program, say};
use multiproc::process::{Builder, Process};
use multiproc::shared::Shared;
use pymanager::{AuthKey, Client, Error, Listener, Manager, RemoteQueue, SharedQueue};
use rustix::process::{Pid, Signal, kill_process};

const WORKERS: u32 = 3;
const TASKS: u32 = 3;

/// How long a task takes.
const WORK: Duration = Duration::from_millis(100);

/// What happened, to which worker, with which task.
type News = (String, u32, u32);

fn main() -> ExitCode {
    program::example("Kills a worker that waits, and one that works.", || {
        let listener = Listener::bind("127.0.0.1:0").context("cannot listen")?;
        let address = listener.address();
        let killed = Shared::new(AtomicBool::new(false))?;
        // Forked first: the manager starts threads.
        let start = |n| {
            Builder::new(format!("worker {n}"))
                .close_in_child(&listener)
                .spawn(|| worker(address, n, &killed))
        };
        let workers = (1..=WORKERS).map(start).collect::<Result<Vec<_>, _>>()?;

        let (tasks, news) = (SharedQueue::new(), SharedQueue::new());
        let server = Manager::new(AuthKey::new("abc"))
            .register("get_tasks", &tasks)
            .register("get_news", &news)
            .start(listener)
            .context("cannot start the manager")?;
        let outcome = thread::scope(|scope| {
            for (n, worker) in (1..).zip(&workers) {
                let news = &news;
                // A death is news like any other.
                scope.spawn(move || match worker.join_success() {
                    Ok(()) => Ok(()),
                    Err(_) => news.put(&("died".to_string(), n, 0)),
                });
            }
            let outcome = master(&workers, &tasks, &news);
            tasks.shutdown(true);
            outcome
        });
        server.shutdown();
        outcome
    })
}

// ANCHOR: master
/// Puts one task after the other, and again what a dead worker had.
fn master(
    workers: &[Process],
    tasks: &SharedQueue<u32>,
    news: &SharedQueue<News>,
) -> anyhow::Result<()> {
    let put = |task| {
        say!("put task {task}");
        tasks.put(&task)
    };
    let (mut waiting, mut dead) = (0, 0);
    let (mut task, mut at_work) = (1, HashMap::new());
    while task <= TASKS {
        let (what, n, of) = news.get()?;
        match what.as_str() {
            "waits" => {
                waiting += 1;
                if waiting == WORKERS {
                    workers[0].kill()?;
                }
            }
            "took" => drop(at_work.insert(n, of)),
            "did" => {
                at_work.remove(&n);
                // It may have been done twice.
                if of == task {
                    say!("task {task} is done");
                    task += 1;
                    if task <= TASKS {
                        put(task)?;
                    }
                }
            }
            _ => {
                let death = workers[n as usize - 1].join_success();
                let death = death.err().context("it is alive")?;
                say!("{death}");
                dead += 1;
                at_work.remove(&n);
                if dead == WORKERS {
                    return Err(death.into());
                }
                // Nobody is known to have the task.
                if !at_work.values().any(|of| *of == task) {
                    put(task)?;
                }
            }
        }
    }
    Ok(())
}
// ANCHOR_END: master

// ANCHOR: worker
/// On whatever machine. The first that does task 2 is killed.
fn worker(address: SocketAddr, n: u32, killed: &AtomicBool) -> Result<(), Error> {
    let client = Client::connect(address, &AuthKey::new("abc"))?;
    let tasks: RemoteQueue<u32> = client.queue("get_tasks")?;
    let news: RemoteQueue<News> = client.queue("get_news")?;
    let tell = |what: &str, task| news.put(&(what.to_string(), n, task));
    say!("worker {n} waits for a task");
    tell("waits", 0)?;
    loop {
        let task = match tasks.get() {
            Ok(task) => task,
            Err(Error::ShutDown) => return Ok(()), // All is done.
            Err(error) => return Err(error),
        };
        tell("took", task)?;
        say!("worker {n} does task {task}");
        thread::sleep(WORK);
        if task == 2 && !killed.swap(true, Ordering::SeqCst) {
            be_killed();
        }
        tell("did", task)?;
    }
}
// ANCHOR_END: worker

/// As the kernel does when memory runs out.
fn be_killed() {
    if let Some(pid) = Pid::from_raw(process::id().cast_signed()) {
        let _ = kill_process(pid, Signal::KILL);
    }
}
