//! A program that runs under a deadline, in a process group of its own.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::{Duration, Instant};

use assert_cmd::assert::{Assert, OutputAssertExt};
use multiproc::subprocess::restore_signals;
use rustix::process::{Pid, Signal};

use super::collected::Collected;
use super::survivors::{MARK, describe, start_of, survivors};

/// How long a program's children may outlive it: the kernel kills orphans at once,
/// but not in the same instant.
const GRACE: Duration = Duration::from_secs(5);

/// Long enough for a loaded machine, short enough to recognise a hang.
const DEADLINE: Duration = Duration::from_secs(60);

/// The path of this package's example `name`, which `cargo test` builds along with
/// the tests.
pub fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let profile = test.ancestors().nth(2).expect("target/PROFILE/deps/TEST");
    let path = profile.join("examples").join(name);
    assert!(
        path.exists(),
        "{} is missing: build it with `cargo build --examples`",
        path.display()
    );
    path
}

/// A program to run under a deadline.
///
/// ```
/// use common::testing::Program;
///
/// let sorted = Program::new("sort").stdin("b\na\n").run().success();
/// assert_eq!(sorted.lines(), ["a", "b"]);
/// ```
#[derive(Debug)]
pub struct Program {
    command: Command,
    deadline: Duration,
    input: Option<Vec<u8>>,
    mark: String,
    /// How many lines of standard output are read before it is closed.
    lines: usize,
}

impl Program {
    /// The program at `path`.
    pub fn new(path: impl AsRef<OsStr>) -> Self {
        static RUNS: AtomicU32 = AtomicU32::new(0);
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        let mark = format!("{}-{run}", std::process::id());
        let mut command = Command::new(path);
        command
            .env(MARK, &mark)
            .env_remove("RUST_BACKTRACE")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Program {
            command,
            deadline: DEADLINE,
            input: None,
            mark,
            lines: usize::MAX,
        }
    }

    /// One more argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// More arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    /// A variable in its environment.
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    /// Where its standard output goes; to the test by default.
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.command.stdout(stdout);
        self
    }

    /// The folder it runs in.
    pub fn current_dir(mut self, dir: impl AsRef<std::path::Path>) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// The user it runs as; only root may choose.
    pub fn uid(mut self, uid: u32) -> Self {
        self.command.uid(uid);
        self
    }

    /// What it reads from standard input; nothing by default.
    pub fn stdin(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = Some(input.into());
        self.command.stdin(Stdio::piped());
        self
    }

    /// How long it may take: 60 s by default.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Runs it with a reader that leaves after the first line of output, as
    /// `| head -1` does.
    pub fn head_1(mut self) -> Finished {
        self.lines = 1;
        self.run()
    }

    /// Runs it to its end.
    ///
    /// # Panics
    ///
    /// If it cannot be started, if the deadline passes, or if a process that it
    /// started is still there afterwards.
    pub fn run(self) -> Finished {
        self.start().finish()
    }

    /// Starts it, for a test that talks to it while it runs.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    pub fn start(mut self) -> Running {
        // A test run started by nohup(1) or in the background ignores signals
        // that the programs under test are to die of.
        let mut child = match restore_signals(&mut self.command).spawn() {
            Ok(child) => child,
            Err(error) => panic!("cannot start {:?}: {error}", self.command),
        };
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), self.input.take()) {
            // A program need not read all of it: a closed pipe is no failure.
            thread::spawn(move || stdin.write_all(&input));
        }
        let stdout = match child.stdout.take() {
            Some(pipe) => Collected::read(pipe, self.lines),
            None => Collected::read(std::io::empty(), 0),
        };
        let stderr = Collected::read(child.stderr.take().expect("piped"), usize::MAX);
        Running {
            group: Pid::from_child(&child),
            since: start_of(child.id()),
            child,
            stdout,
            stderr,
            until: Instant::now() + self.deadline,
            mark: self.mark,
            finished: false,
        }
    }
}

/// A program that is running. Dropping it kills it and all it started.
#[derive(Debug)]
pub struct Running {
    child: Child,
    group: Pid,
    since: u64,
    stdout: Collected,
    stderr: Collected,
    until: Instant,
    mark: String,
    finished: bool,
}

impl Running {
    /// Its process identifier, which is also that of its group.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line that it prints on standard output.
    ///
    /// # Panics
    ///
    /// At end of file, and when the deadline passes.
    pub fn next_line(&mut self) -> String {
        let left = self.until.saturating_duration_since(Instant::now());
        match self.stdout.lines.recv_timeout(left) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => self.fail("printed no further line in time"),
            Err(RecvTimeoutError::Disconnected) => self.fail("ended without a further line"),
        }
    }

    /// The next line of standard output that `wanted` accepts; skips those before
    /// it.
    pub fn line_where(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        loop {
            let line = self.next_line();
            if wanted(&line) {
                return line;
            }
        }
    }

    /// The address with which its next line ends, and perhaps three dots: where
    /// it says that it listens.
    pub fn next_address(&mut self) -> String {
        let line = self.next_line();
        let address = line.split_whitespace().next_back().unwrap_or_default();
        address.trim_end_matches("...").to_string()
    }

    /// Sends `signal` to the whole group, as the terminal does at Ctrl-C.
    pub fn signal_group(&self, signal: Signal) {
        // An error: the group is gone already.
        let _ = rustix::process::kill_process_group(self.group, signal);
    }

    /// Ctrl-C.
    pub fn interrupt(&self) {
        self.signal_group(Signal::INT);
    }

    /// Sends `signal` to the program alone.
    pub fn signal(&self, signal: Signal) {
        let _ = rustix::process::kill_process(self.group, signal);
    }

    /// Every process that this program started, without itself.
    pub fn descendants(&self) -> Vec<u32> {
        let own = self.pid();
        let mut pids = survivors(self.group, &self.mark, self.since);
        pids.retain(|pid| *pid != own);
        pids
    }

    /// What it has said so far on standard error.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Whether it has not ended yet.
    pub fn is_running(&self) -> bool {
        // Nobody else reaps it, so its pid is its own while it runs or is a
        // zombie; and a zombie runs no more code.
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid()));
        let state = stat.unwrap_or_default();
        let state = state.rsplit_once(") ").map_or("", |(_, state)| state);
        !state.is_empty() && !state.starts_with('Z')
    }

    /// Whether its deadline has passed.
    pub(super) fn is_late(&self) -> bool {
        Instant::now() >= self.until
    }

    /// Waits for its end.
    ///
    /// # Panics
    ///
    /// When the deadline passes, and when a process that it started is still
    /// there afterwards.
    pub fn finish(mut self) -> Finished {
        let status = loop {
            match self.child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if self.is_late() => self.fail("did not end in time"),
                Ok(None) => self.wait_a_little(),
                Err(error) => self.fail(&format!("cannot be waited for: {error}")),
            }
        };
        let until = Instant::now() + GRACE;
        loop {
            let left = survivors(self.group, &self.mark, self.since);
            if left.is_empty() {
                break;
            }
            if Instant::now() >= until {
                let names: Vec<_> = left.iter().map(|pid| describe(*pid)).collect();
                self.fail(&format!("left processes behind: {}", names.join(", ")));
            }
            thread::sleep(Duration::from_millis(2));
        }
        // All writers are gone, so the readers reach the end of the file.
        for stream in [&self.stdout, &self.stderr] {
            while stream.lines.recv_timeout(GRACE).is_ok() {}
        }
        self.finished = true;
        Finished {
            pid: self.pid(),
            status,
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
        }
    }

    /// Between two polls: the deadline must hold whatever the program does.
    fn wait_a_little(&self) {
        thread::sleep(Duration::from_millis(2));
    }

    fn fail(&mut self, what: &str) -> ! {
        self.kill();
        panic!(
            "the program {what}\n--- stdout\n{}--- stderr\n{}---",
            self.stdout.text(),
            self.stderr.text()
        );
    }

    fn kill(&mut self) {
        self.finished = true;
        self.signal_group(Signal::KILL);
        for pid in survivors(self.group, &self.mark, self.since) {
            if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
                let _ = rustix::process::kill_process(pid, Signal::KILL);
            }
        }
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.finished {
            self.kill();
        }
    }
}

/// A program that has ended and left no process behind.
#[derive(Debug)]
pub struct Finished {
    /// Its process identifier.
    pub pid: u32,
    /// How it ended.
    pub status: ExitStatus,
    /// All of its standard output.
    pub stdout: String,
    /// All of its standard error.
    pub stderr: String,
}

impl Finished {
    /// The lines of its standard output, in order.
    pub fn lines(&self) -> Vec<&str> {
        self.stdout.lines().collect()
    }

    /// Asserts exit status 0 and an empty standard error.
    #[track_caller]
    pub fn success(self) -> Self {
        assert!(
            self.status.success() && self.stderr.is_empty(),
            "{}\n--- stdout\n{}--- stderr\n{}---",
            self.status,
            self.stdout,
            self.stderr
        );
        self
    }

    /// For assertions with `assert_cmd` and predicates.
    pub fn assert(&self) -> Assert {
        Output {
            status: ExitStatus::from_raw(self.status.into_raw()),
            stdout: self.stdout.clone().into_bytes(),
            stderr: self.stderr.clone().into_bytes(),
        }
        .assert()
    }
}
