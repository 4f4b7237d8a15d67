//! The same loop in the threads of a Python interpreter.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::time::ClockId;
use nix::unistd::Pid;

use crate::{Error, Live, Summary};

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
///
/// # Errors
///
/// Where there is no `python3`, and [`Error::Python`] where it ends too early.
pub fn run(count: u32, live: &Live) -> Result<Summary, Error> {
    let mut child = Command::new("python3")
        .args(["-c", PROGRAM, &count.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        // Ctrl-C is for us alone.
        .process_group(0)
        .spawn()
        .map_err(Error::system("cannot run python3"))?;
    let pid = Pid::from_raw(child.id().cast_signed());
    // Closed with this function at the latest: that ends it.
    let stdin = child.stdin.take();
    let mut lines = child.stdout.take().map(|out| BufReader::new(out).lines());
    let mut next = || match lines.as_mut().and_then(Iterator::next) {
        Some(line) => Ok(line?),
        None => Err(Error::Python("ended too early".into())),
    };

    let ready = next()?;
    if ready != "ready" {
        return Err(Error::Python(format!("said '{ready}'")));
    }
    let start = Instant::now();
    let clock = ClockId::pid_cpu_clock_id(pid)?;
    live.watch("Python's threads", || match child.try_wait()? {
        None => Ok(clock.now()?.into()),
        Some(_) => Err(Error::Python("ended too early".into())),
    })?;
    drop(stdin);
    let used = next()?;
    let wall = start.elapsed();
    child.wait()?;
    let cpu = used.parse().ok().map(Duration::try_from_secs_f64);
    match cpu {
        Some(Ok(cpu)) => Ok(Summary {
            threads: count,
            wall,
            cpu,
        }),
        _ => Err(Error::Python(format!("said '{used}'"))),
    }
}
