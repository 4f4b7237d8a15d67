//! Starting nats-server: on a port of the system's choice, in a temporary
//! folder, and nothing of it stays behind.
//!
//! A small process of its own, the keeper, starts the server and waits until
//! this program is done with it, or is gone: killed, or ended because its output
//! was closed. Then it ends the server and removes the folder.

use std::fs;
use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use common::program::Exit;
use multiproc::process::{Builder, Process};
use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal, setsid};

/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A nats-server with JetStream. Dropping it ends it and removes its files.
#[derive(Debug)]
pub struct Server {
    keeper: Process,
    done: PipeWriter,
    pid: Pid,
    address: String,
}

impl Server {
    /// Starts one. Like every fork, before there are threads.
    ///
    /// # Errors
    ///
    /// One line that says how to install nats-server, where it is missing.
    pub fn start() -> anyhow::Result<Self> {
        Self::with_config("")
    }

    /// Starts one with more in its configuration file.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn with_config(config: &str) -> anyhow::Result<Self> {
        find()?;
        let folder = tempfile::Builder::new().prefix("durable-").tempdir();
        let folder = folder.context("cannot make a temporary folder")?.keep();
        let (until, done) = pipe().context("cannot make a pipe")?;
        let keeper = Builder::new("nats-server")
            .close_in_child(&done)
            .spawn(|| keep(until, &folder, config));
        let keeper = keeper.context("cannot start nats-server")?;
        let (pid, address) = wait_for_port(&keeper, &folder)?;
        Ok(Server {
            keeper,
            done,
            pid,
            address,
        })
    }

    /// Where it listens: `127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its process identifier.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Ends it as `kill -9` does.
    ///
    /// # Errors
    ///
    /// Where it has ended already.
    pub fn kill(&self) -> anyhow::Result<()> {
        // Nobody reaps it before its keeper ends, so the number is its own.
        kill_process(self.pid, Signal::KILL).context("cannot kill nats-server")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Where the keeper has gone, there is nobody to tell.
        let _ = self.done.write_all(b".");
        let _ = self.keeper.join();
    }
}

fn find() -> anyhow::Result<()> {
    let version = Command::new("nats-server").arg("--version").output();
    if version.is_err() {
        Err(Exit::new(
            1,
            "there is no nats-server on PATH: install it (apt-get install nats-server, or \
             https://github.com/nats-io/nats-server/releases), or give --server URL",
        ))?;
    }
    Ok(())
}

/// The keeper: in a session of its own, where Ctrl-C does not reach it, and not
/// to be killed when its parent dies, which is when it is needed.
fn keep(mut until: PipeReader, folder: &Path, config: &str) -> anyhow::Result<()> {
    setsid()?;
    set_parent_process_death_signal(None)?;
    let path = folder.join("server.conf");
    let text = format!(
        "listen: \"127.0.0.1:-1\"\njetstream {{ store_dir: {folder:?} }}\n\
         ports_file_dir: {folder:?}\n{config}\n"
    );
    fs::write(&path, text).context("cannot write the server's configuration")?;
    let server = Process::spawn("nats-server", || {
        Command::new("nats-server")
            .arg("-c")
            .arg(&path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .exec()
            .to_string()
            .len()
            .min(1) as i32
    })?;
    // A byte, or the end of file.
    let _ = until.read(&mut [0]);
    // It may have been killed.
    let _ = server.kill();
    let _ = server.join();
    fs::remove_dir_all(folder).context("cannot remove the server's files")
}

/// The server writes the port that it got into a file, named for its number.
fn wait_for_port(keeper: &Process, folder: &Path) -> anyhow::Result<(Pid, String)> {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = ports(folder) {
            return Ok(found);
        }
        if keeper.exit_status()?.is_some() || Instant::now() >= until {
            bail!("nats-server does not listen");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn ports(folder: &Path) -> Option<(Pid, String)> {
    let files = fs::read_dir(folder).ok()?;
    let paths = files.filter_map(|file| Some(file.ok()?.path()));
    let path: PathBuf = paths
        .into_iter()
        .find(|path| path.extension().is_some_and(|end| end == "ports"))?;
    let text = fs::read_to_string(&path).ok()?;
    let ports: serde_json::Value = serde_json::from_str(&text).ok()?;
    let address = ports["nats"][0].as_str()?.strip_prefix("nats://")?;
    let name = path.file_stem()?.to_str()?;
    let pid = name.rsplit_once('_')?.1.parse().ok()?;
    Some((Pid::from_raw(pid)?, address.to_string()))
}
