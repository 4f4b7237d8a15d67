//! A nats-server of the test's own, to be killed and started again.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test program uses a part of it"
)]

pub(crate) mod cluster;
pub(crate) mod proxy;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use common::testing::{Port, Program, Running, example};
use jetstream_tasks::{Error, Queue, Settings};
use rustix::process::{Pid, Signal, kill_process};

/// How long anything may take that is bound to happen.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A server with a folder of its own. Dropping it ends it.
pub(crate) struct Server {
    child: Child,
    folder: tempfile::TempDir,
    /// Its own, while it is away too.
    port: Port,
    pub(crate) address: String,
    config: String,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with_config("")
    }

    /// One on which somebody else can play JetStream.
    pub(crate) fn without_jetstream() -> Self {
        Self::with_config("jetstream: disabled")
    }

    /// With more in its configuration.
    pub(crate) fn with_config(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = Port::keep();
        let child = spawn(folder.path(), &port.address().to_string(), config);
        let mut server = Server {
            child,
            folder,
            port,
            address: String::new(),
            config: config.to_string(),
        };
        server.address = server.wait_for_port();
        server
    }

    /// As a power cut does, but for what the kernel has in memory.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// It writes down what it knows.
    pub(crate) fn stop(&mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        self.child.wait().unwrap();
    }

    /// On the same port, with the same files.
    pub(crate) fn restart(&mut self) {
        let address = self.port.address().to_string();
        self.child = spawn(self.folder.path(), &address, &self.config);
        self.wait_for_port();
    }

    /// Where it keeps the messages of a stream.
    pub(crate) fn messages(&self, stream: &str) -> PathBuf {
        let streams = self.folder.path().join("jetstream/$G/streams");
        streams.join(stream).join("msgs")
    }

    /// Where it keeps what it knows of a stream's consumers.
    pub(crate) fn consumers(&self, stream: &str) -> PathBuf {
        self.messages(stream).with_file_name("obs")
    }

    /// A copy of a folder of its, made while it does not run.
    pub(crate) fn stop_and_copy(&mut self, from: &Path) -> tempfile::TempDir {
        self.stop();
        let copy = tempfile::tempdir().unwrap();
        copy_all(from, copy.path());
        self.restart();
        copy
    }

    /// It has forgotten what has happened to the folder since then.
    pub(crate) fn stop_and_put_back(&mut self, copy: &tempfile::TempDir, to: &Path) {
        self.stop();
        fs::remove_dir_all(to).unwrap();
        copy_all(copy.path(), to);
        self.restart();
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn wait_for_port(&mut self) -> String {
        let name = format!("nats-server_{}.ports", self.child.id());
        let path = self.folder.path().join(name);
        let mut found = None;
        until("the server listens", || {
            assert!(self.child.try_wait().unwrap().is_none(), "it has ended");
            let text = fs::read_to_string(&path).unwrap_or_default();
            found = text
                .split('"')
                .find_map(|word| word.strip_prefix("nats://"))
                .map(str::to_string);
            found.is_some()
        });
        fs::remove_file(path).unwrap();
        found.unwrap()
    }

    pub(crate) fn queue(&self, name: &str, settings: &Settings) -> Queue<u64> {
        Queue::open(&self.address, name, settings).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been killed by the test.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let copy = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_all(&entry.path(), &copy);
        } else {
            fs::copy(entry.path(), copy).unwrap();
        }
    }
}

fn spawn(folder: &Path, address: &str, config: &str) -> Child {
    let path = folder.join("server.conf");
    let folder = folder.to_str().unwrap();
    fs::write(
        &path,
        format!(
            "listen: \"{address}\"\njetstream {{ store_dir: \"{folder}\" }}\n\
             ports_file_dir: \"{folder}\"\n{config}\n"
        ),
    )
    .unwrap();
    Command::new("nats-server")
        .arg("-c")
        .arg(path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "nats-server cannot be started: {error}: install it (apt-get install nats-server)"
            )
        })
}

/// Waits for what is bound to happen.
#[track_caller]
pub(crate) fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !happened() {
        assert!(Instant::now() < end, "{what}: not within {DEADLINE:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The file that workers write their effects to.
pub(crate) struct Effects(
    PathBuf,
    #[expect(dead_code, reason = "removed with it")] tempfile::TempDir,
);

impl Effects {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Effects(folder.path().join("effects"), folder)
    }

    /// The ids, in the order of their effects.
    pub(crate) fn ids(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.0).unwrap_or_default();
        text.lines().map(str::to_string).collect()
    }

    /// A worker process that writes to it, and is ready.
    pub(crate) fn worker(&self, address: &str, queue: &str, mode: &str) -> Running {
        let mut worker = self.worker_program(address, queue, mode).start();
        assert_eq!(worker.next_line(), "ready");
        worker
    }

    pub(crate) fn worker_program(&self, address: &str, queue: &str, mode: &str) -> Program {
        Program::new(example("jetstream_worker_fixture"))
            .args([address, queue])
            .arg(&self.0)
            .arg(mode)
            .deadline(DEADLINE * 3)
    }
}

/// A thread that takes tasks and ends them until it is stopped: what a killed
/// server forgot comes again, to whoever asks for tasks then.
pub(crate) struct Worker {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    pub(crate) fn start(queue: &Queue<u64>, work: fn(u64) -> u64) -> Self {
        let (queue, stop) = (queue.clone(), Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let tasks = match queue.get_batch(64, Duration::from_secs(1)) {
                    Ok(tasks) => tasks,
                    Err(Error::Empty | Error::NoAnswer(_)) => continue,
                    Err(error) => panic!("{error}"),
                };
                let done = tasks.into_iter().map(|task| {
                    let result = work(task.value);
                    (task, result)
                });
                for done in queue.done_many(done).unwrap() {
                    match done {
                        // Its word got through and the answer did not, or the lease
                        // has run out meanwhile.
                        Ok(()) | Err(Error::LeaseLost(_) | Error::AlreadyDone(_)) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        });
        let thread = Some(thread);
        Worker { stop, thread }
    }

    /// And waits for its end.
    pub(crate) fn stop(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Of a test that has failed already.
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Waits until all tasks have ended, as long as it goes on.
#[track_caller]
pub(crate) fn join(queue: &Queue<u64>) {
    let mut left = u64::MAX;
    while let Err(error) = queue.join(DEADLINE) {
        assert!(matches!(error, Error::TimedOut(_)), "{error}");
        let before = std::mem::replace(&mut left, queue.len().unwrap());
        assert!(left < before, "{left} tasks were left, and are left");
    }
}

/// Takes `count` tasks, a hundred at a time, and ends them.
pub(crate) fn do_some(queue: &Queue<u64>, count: usize) {
    let mut done = 0;
    while done < count {
        let tasks = queue.get_batch(100, DEADLINE).unwrap();
        done += tasks.len();
        let tasks = tasks.into_iter().map(|task| (task, 0));
        assert!(queue.done_many(tasks).unwrap().iter().all(Result::is_ok));
    }
}

/// A name for a queue that no other has.
pub(crate) fn name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("q{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// put = done + dead letters + waiting, each task in one of them.
#[track_caller]
pub(crate) fn assert_accounts(queue: &Queue<u64>, put: usize) {
    let stats = queue.stats().unwrap();
    let all = stats.done + stats.dead + stats.waiting + stats.delayed;
    assert_eq!(all, put as u64, "{stats:?}");
}
