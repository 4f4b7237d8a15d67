//! The same loop in the threads of a Python interpreter.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::time::ClockId;
use nix::unistd::Pid;

use crate::{Live, Summary};

/// Starts the threads, says so, and goes on until its input ends: when we close
/// it, or are no more. Then it says what it has used. (`os._exit`, as nothing
/// else ends such threads.)
const PROGRAM: &str = "
import os, resource, sys, threading
def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
def loop():
    x = 0
    while True:
        x = x ^ 1
for i in range(int(sys.argv[1])):
    threading.Thread(target=loop, daemon=True).start()
before = cpu()
print('ready', flush=True)
sys.stdin.read()
print(cpu() - before, flush=True)
os._exit(0)
";

/// Runs `count` busy threads in `python3` until `live` says that it is time.
pub fn run(count: u32, live: &Live) -> Result<Summary> {
    let mut child = Command::new("python3")
        .args(["-c", PROGRAM, &count.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        // Ctrl-C is for us alone.
        .process_group(0)
        .spawn()
        .context("cannot run python3")?;
    let stdin = child.stdin.take().context("no input")?;
    let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
    let mut next = || lines.next().transpose()?.context("python3 ended too early");

    let ready = next()?;
    ensure!(ready == "ready", "python3 said '{ready}'");
    let start = Instant::now();
    let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(child.id().try_into()?))?;
    live.watch("Python's threads", || Ok(clock.now()?.into()))?;
    drop(stdin);
    let used = next()?;
    let wall = start.elapsed();
    let cpu = used
        .parse()
        .with_context(|| format!("python3 said '{used}'"))?;
    child.wait()?;
    Ok(Summary {
        threads: count,
        wall,
        cpu: Duration::try_from_secs_f64(cpu)?,
    })
}
