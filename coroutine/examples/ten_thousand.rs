//! Ten thousand that wait for a second: coroutines, threads, and Python's.
//!
//! <!-- numbers vary -->
//! ```text
//! $ cargo run -q -p coroutine --example ten_thousand -- --sleepers 500 --wait 0.1
//! 500 wait for 0.1 s     seconds   memory KiB   CPU seconds
//! coroutines, our loop      0.10         3912          0.00
//! coroutines, tokio         0.10         3924          0.00
//! threads                   0.13         8520          0.05
//! ```
//!
//! With `--python` also asyncio and Python's threads. Without options it is ten
//! thousand for a second.
//!
//! What to notice: a coroutine that waits is a value of some hundred bytes and an
//! entry among the timers. A thread has a stack of its own, a place in the
//! scheduler, and some pages of memory in the kernel, which are not counted here.
#![forbid(unsafe_code)]

use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::{Parser, ValueEnum};
use common::{program, say};
use coroutine::event_loop;
use coroutine::figures::peak_memory_kib;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

/// Has ten thousand wait at the same time, in several ways.
#[derive(Parser)]
#[command(name = "ten_thousand")]
struct Options {
    /// How many
    #[arg(long, default_value_t = 10_000)]
    sleepers: u32,
    /// How long each waits, in seconds
    #[arg(long, default_value = "1", value_parser = program::seconds)]
    wait: Duration,
    /// Python's ways as well; needs python3
    #[arg(long)]
    python: bool,
    /// Runs one way, and prints its figures alone
    #[arg(long, hide = true)]
    way: Option<Way>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Way {
    Ours,
    Tokio,
    Threads,
}

const WAYS: [(Way, &str); 3] = [
    (Way::Ours, "coroutines, our loop"),
    (Way::Tokio, "coroutines, tokio"),
    (Way::Threads, "threads"),
];

const PYTHONS: [(&str, &str); 2] = [
    (
        "asyncio",
        "import asyncio\n\
         async def main():\n    await asyncio.gather(*(asyncio.sleep(WAIT) for _ in range(N)))\n\
         run = lambda: asyncio.run(main())",
    ),
    (
        "threads of Python",
        "import threading, time\n\
         def run():\n    \
         threads = [threading.Thread(target=time.sleep, args=(WAIT,)) for _ in range(N)]\n    \
         for thread in threads: thread.start()\n    \
         for thread in threads: thread.join()",
    ),
];

/// Prints what [`Options::way`] prints.
const FIGURES: &str = "
import resource, time
threading = __import__('threading'); threading.stack_size(0)
start = time.monotonic(); run(); wall = time.monotonic() - start
peak = [line for line in open('/proc/self/status') if line.startswith('VmHWM')][0].split()[1]
used = resource.getrusage(resource.RUSAGE_SELF)
print(wall, peak, used.ru_utime + used.ru_stime)";

fn main() -> ExitCode {
    program::run(|options: Options| {
        if let Some(way) = options.way {
            return measure(way, options.sleepers, options.wait);
        }
        let (sleepers, wait) = (options.sleepers, options.wait.as_secs_f64());
        let title = format!("{sleepers} wait for {wait} s");
        say!(
            "{title:<22} {:>7} {:>12} {:>13}",
            "seconds",
            "memory KiB",
            "CPU seconds"
        );
        // Each in a process of its own: memory is counted by process.
        let own = std::env::current_exe()?;
        for (way, name) in WAYS {
            let way = way.to_possible_value().context("a name")?;
            let mut command = Command::new(&own);
            command.args(["--way", way.get_name()]);
            command.args(["--sleepers", &sleepers.to_string()]);
            command.args(["--wait", &wait.to_string()]);
            row(name, &mut command)?;
        }
        for (name, script) in PYTHONS.iter().filter(|_| options.python) {
            let script = format!("N = {sleepers}; WAIT = {wait}\n{script}\n{FIGURES}");
            row(name, Command::new("python3").args(["-c", &script]))?;
        }
        Ok(())
    })
}

fn row(name: &str, command: &mut Command) -> anyhow::Result<()> {
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("cannot run {:?}", command.get_program()))?;
    let text = String::from_utf8(output.stdout)?;
    let figures: Vec<f64> = text
        .split_whitespace()
        .filter_map(|n| n.parse().ok())
        .collect();
    match figures[..] {
        [wall, memory, cpu] => say!("{name:<22} {wall:>7.2} {memory:>12.0} {cpu:>13.2}"),
        _ => say!("{name:<22} the system does not allow so many"),
    }
    Ok(())
}

// ANCHOR: ways
fn measure(way: Way, sleepers: u32, wait: Duration) -> anyhow::Result<()> {
    let start = Instant::now();
    match way {
        Way::Ours => event_loop::run(async move {
            let sleeps = (0..sleepers).map(|_| event_loop::spawn(event_loop::sleep(wait)));
            for task in sleeps.collect::<Vec<_>>() {
                task.await?;
            }
            Ok::<_, event_loop::NoResult>(())
        })??,
        Way::Tokio => {
            let runtime = Builder::new_current_thread().enable_time().build()?;
            runtime.block_on(async {
                let mut tasks = JoinSet::new();
                for _ in 0..sleepers {
                    tasks.spawn(tokio::time::sleep(wait));
                }
                tasks.join_all().await;
            });
        }
        Way::Threads => thread::scope(|scope| {
            let spawn = || thread::Builder::new().spawn_scoped(scope, || thread::sleep(wait));
            (0..sleepers).try_for_each(|_| spawn().map(drop))
        })?,
    }
    let (wall, own) = (start.elapsed().as_secs_f64(), std::process::id());
    let used = getrusage(UsageWho::RUSAGE_SELF)?;
    let used = (used.user_time() + used.system_time()).num_microseconds();
    let memory = peak_memory_kib(own)?;
    say!("{wall} {memory} {}", used as f64 / 1e6);
    Ok(())
}
// ANCHOR_END: ways
