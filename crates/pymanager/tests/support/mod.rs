//! What the tests of this library share.

#![allow(dead_code, reason = "not every test program uses all of it")]

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use common::testing::{Program, Python, Running, example, pythons};
use pymanager::{AuthKey, Client, Limits, Listener, Manager, Server, SharedQueue};

/// The example that serves all classes, in a program of its own.
pub(crate) fn serve() -> Program {
    Program::new(example("serve")).arg("127.0.0.1:0")
}

pub(crate) fn key() -> AuthKey {
    AuthKey::new("abc")
}

/// The two queues of the recipe, served from the test itself.
pub(crate) struct Master {
    pub(crate) server: Server,
    pub(crate) task: SharedQueue<i64>,
    pub(crate) result: SharedQueue<String>,
}

impl Master {
    pub(crate) fn start() -> Self {
        Self::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        let task = SharedQueue::new();
        let result = SharedQueue::new();
        let server = Manager::new(key())
            .register("get_task_queue", &task)
            .register("get_result_queue", &result)
            .limits(limits)
            .start(Listener::bind("127.0.0.1:0").unwrap())
            .unwrap();
        Master {
            server,
            task,
            result,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address(), &key()).unwrap()
    }
}

/// Waits for something that has to come about; a minute is for ever.
pub(crate) fn until(what: &str, condition: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < until, "in vain: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// The address that a program says it listens on, in its first line.
pub(crate) fn address_of(running: &mut Running) -> String {
    let line = running.next_line();
    let address = line.split_whitespace().next_back().unwrap_or_default();
    address.trim_end_matches("...").to_string()
}

/// What a test asks of an interpreter.
pub(crate) trait Interpreter {
    /// The test's program `name` in the language of this interpreter.
    fn run(&self, name: &str) -> Program;

    /// Whether it is of Python 2.
    fn is_2(&self) -> bool;
}

impl Interpreter for Python {
    fn run(&self, name: &str) -> Program {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
        let two = folder.join(format!("{name}27.py"));
        let file = match self.is_2() && two.exists() {
            true => two,
            false => folder.join(format!("{name}.py")),
        };
        Program::new(&self.path)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(file)
    }

    fn is_2(&self) -> bool {
        self.version.starts_with("2.")
    }
}

/// Every CPython that is installed, each named on standard error, past the
/// test harness, which would keep the names of those that pass to itself.
pub(crate) fn named_pythons() -> Vec<Python> {
    let pythons = pythons();
    for python in &pythons {
        let line = format!(
            "with Python {}: {}\n",
            python.version,
            python.path.display()
        );
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }
    pythons
}
