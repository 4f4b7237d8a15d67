//! A nats-server and a manager in front of it, to be killed and started again.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::testing::{Port, Program, Running, example};
use jetstream_tasks::{RawQueue, Settings, Stats};
use pymanager::pickle::Value;
use pymanager::{AuthKey, Client, RemoteQueue};
use rustix::process::Signal;
use tempfile::TempDir;

/// How long anything may take that is bound to happen.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

/// Waits for what is bound to happen.
#[track_caller]
pub(crate) fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !happened() {
        assert!(Instant::now() < end, "{what}: not within {DEADLINE:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A nats-server with a folder of its own. Dropping it ends it.
pub(crate) struct Nats {
    child: Child,
    folder: TempDir,
    /// Its own, while it is away too.
    port: Port,
    pub(crate) address: String,
}

impl Nats {
    pub(crate) fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let port = Port::keep();
        let child = spawn(folder.path(), port.address().port());
        let mut nats = Nats {
            child,
            folder,
            port,
            address: String::new(),
        };
        nats.address = nats.wait_for_port();
        nats
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// On the same port, with the same files.
    pub(crate) fn restart(&mut self) {
        self.child = spawn(self.folder.path(), self.port.address().port());
        self.wait_for_port();
    }

    fn wait_for_port(&mut self) -> String {
        let name = format!("nats-server_{}.ports", self.child.id());
        let path = self.folder.path().join(name);
        let mut found = None;
        until("nats-server listens", || {
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

    pub(crate) fn queue(&self, name: &str) -> RawQueue {
        RawQueue::open(&self.address, name, &Settings::new()).unwrap()
    }

    /// put = done + dead letters + waiting.
    #[track_caller]
    pub(crate) fn assert_accounts(&self, name: &str, put: u64) -> Stats {
        let stats = self.queue(name).stats().unwrap();
        let all = stats.done + stats.dead + stats.waiting + stats.delayed;
        assert_eq!(all, put, "{stats:?}");
        stats
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        // It may have been killed by the test.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &Path, port: u16) -> Child {
    let folder = folder.to_str().unwrap();
    Command::new("nats-server")
        .args([
            "-js",
            "-sd",
            folder,
            "-a",
            "127.0.0.1",
            "-p",
            &port.to_string(),
        ])
        .args(["--ports_file_dir", folder])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "nats-server cannot be started: {error}: install it (apt-get install nats-server)"
            )
        })
}

/// A manager in a process of its own.
pub(crate) struct Manager {
    running: Option<Running>,
    nats: String,
    queues: Vec<String>,
    /// Its own, while it is away too.
    _port: Option<Port>,
    pub(crate) address: String,
}

impl Manager {
    /// A lease is half a second, for what a killed manager has handed out.
    pub(crate) fn start(nats: &Nats, queues: &[&str]) -> Self {
        let port = Port::keep();
        let mut manager = Manager {
            running: None,
            nats: nats.address.clone(),
            queues: queues.iter().map(ToString::to_string).collect(),
            address: port.address().to_string(),
            _port: Some(port),
        };
        manager.restart();
        manager
    }

    /// One that was started otherwise.
    pub(crate) fn at(address: &str, running: Running) -> Self {
        Manager {
            running: Some(running),
            nats: String::new(),
            queues: Vec::new(),
            _port: None,
            address: address.to_string(),
        }
    }

    /// At the same address as before.
    pub(crate) fn restart(&mut self) {
        let mut program = Program::new(example("serve_python_durable"))
            .args(["--server", &self.nats, "--address", &self.address])
            .args(["--ack-wait", "0.5", "--max-deliver", "20"])
            .deadline(DEADLINE);
        for queue in &self.queues {
            program = program.args(["--queue", queue]);
        }
        let mut running = program.start();
        let line = running.next_line();
        assert!(line.ends_with(&self.address), "{line}");
        self.running = Some(running);
    }

    pub(crate) fn kill(&mut self) {
        let running = self.running.take().unwrap();
        running.signal(Signal::KILL);
        running.finish();
    }

    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    pub(crate) fn take(&mut self) -> Running {
        self.running.take().unwrap()
    }

    pub(crate) fn port(&self) -> &str {
        self.address.rsplit_once(':').unwrap().1
    }

    pub(crate) fn queue(&self, name: &str) -> RemoteQueue<Value> {
        let client = Client::connect(&self.address, &AuthKey::new("abc")).unwrap();
        client.queue(name).unwrap()
    }

    /// A program of `tests/python` that connects here.
    pub(crate) fn python(&self, python: impl AsRef<Path>, name: &str) -> Program {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
        Program::new(python.as_ref())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUNBUFFERED", "1")
            .arg(folder.join(name).with_extension("py"))
            .arg(self.port())
            .deadline(DEADLINE)
    }

    /// Does steps with the queue called `name`, and stays.
    pub(crate) fn steps(&self, name: &str, steps: &[&str]) -> Running {
        let program = self.python("python3", "steps").arg(name);
        program.args(steps).start()
    }
}
