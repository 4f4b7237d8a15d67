//! Workers for pools on this machine: `docs/python/pool_worker.py`, started and
//! ended with the server.

use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The program travels in ours: it is there wherever ours is.
const PROGRAM: &str = include_str!("../../../docs/python/pool_worker.py");

/// How long the workers may take to end their tasks and themselves.
const GRACE: Duration = Duration::from_secs(6);

/// Pool workers, ended when this is dropped, and when this process ends, by
/// whatever cause: their standard input ends then, which they watch.
#[derive(Debug)]
pub(crate) struct Crew(Child);

impl Crew {
    /// Starts so many workers for the manager at `address`.
    pub(crate) fn start(
        python: &Path,
        count: usize,
        address: &str,
        key_file: Option<&Path>,
    ) -> io::Result<Crew> {
        let mut command = Command::new(python);
        command.args(["-c", PROGRAM, "--until-eof", "--processes"]);
        command.arg(count.to_string());
        match key_file {
            Some(path) => command.arg("--authkey-file").arg(path),
            None => command.env("DISTRIBUTED_AUTHKEY", "abc"),
        };
        let child = command.arg(address).stdin(Stdio::piped()).spawn()?;
        Ok(Crew(child))
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let until = Instant::now() + GRACE;
        while matches!(self.0.try_wait(), Ok(None)) && Instant::now() < until {
            thread::sleep(Duration::from_millis(10));
        }
        // One that has ended cannot be killed. The kernel kills its workers
        // with it.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
