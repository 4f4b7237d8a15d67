//! What the tests of this recipe share.

#![allow(dead_code, reason = "not every test program uses all of it")]

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use common::testing::{Program, Python, Running, pythons};
use pymanager::{AuthKey, Client, Limits, Listener, Manager, Server, SharedQueue};

/// The recipe.
pub(crate) fn distributed() -> Program {
    Program::new(env!("CARGO_BIN_EXE_distributed")).env_remove("DISTRIBUTED_AUTHKEY")
}

/// One more way to start it.
pub(crate) trait WithoutVariable {
    /// The program without a variable in its environment.
    fn env_remove(self, name: &str) -> Self;
}

impl WithoutVariable for Program {
    fn env_remove(self, name: &str) -> Self {
        // An empty key counts as none.
        self.env(name, "")
    }
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

/// The number of a line `PREFIX n...`.
pub(crate) fn number_after(line: &str, prefix: &str) -> Option<i64> {
    line.strip_prefix(prefix)?.strip_suffix("...")?.parse().ok()
}

/// The numbers that a master says it has put, and the results that it got.
pub(crate) fn master_transcript(lines: &[&str], tasks: usize) -> Vec<i64> {
    let (puts, rest) = lines.split_at(tasks.min(lines.len()));
    let mut numbers: Vec<i64> = puts
        .iter()
        .map(|line| number_after(line, "Put task ").unwrap_or_else(|| panic!("{lines:?}")))
        .collect();
    assert_eq!(rest.first(), Some(&"Try get results..."), "{lines:?}");
    let mut results: Vec<_> = rest[1..].iter().map(ToString::to_string).collect();
    let mut expected: Vec<_> = numbers
        .iter()
        .map(|n| format!("Result: {n} * {n} = {}", n * n))
        .collect();
    results.sort();
    expected.sort();
    assert_eq!(results, expected);
    numbers.sort_unstable();
    numbers
}

/// The numbers of the tasks that a worker says it has run.
pub(crate) fn worker_transcript(lines: &[&str]) -> Vec<i64> {
    assert_eq!(lines.first(), Some(&"Connect to server 127.0.0.1..."));
    assert_eq!(lines.last(), Some(&"worker exit."));
    let runs = lines[1..lines.len() - 1].iter();
    let runs = runs.filter(|line| **line != "task queue is empty.");
    runs.map(|line| {
        let (n, m) = line
            .strip_prefix("run task ")
            .and_then(|rest| rest.strip_suffix("..."))
            .and_then(|rest| rest.split_once(" * "))
            .unwrap_or_else(|| panic!("{lines:?}"));
        assert_eq!(n, m);
        n.parse().unwrap()
    })
    .collect()
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
