//! What the tests of this recipe share.

#![allow(
    dead_code,
    unused_imports,
    reason = "not every test program uses all of it"
)]

#[path = "../../../crates/pymanager/tests/support/master.rs"]
mod master;

use common::testing::{Program, Running};

pub(crate) use common::testing::{named_pythons, until};
pub(crate) use master::{Master, key};

/// Where `tests/python` is.
pub(crate) const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// The recipe.
pub(crate) fn distributed() -> Program {
    Program::new(env!("CARGO_BIN_EXE_distributed")).env_remove("DISTRIBUTED_AUTHKEY")
}

/// The recipe as a master with so many tasks, and its address.
pub(crate) fn start_master(tasks: usize) -> (Running, String) {
    let mut master = distributed()
        .args(["master", "--address", "127.0.0.1:0"])
        .args(["--tasks", &tasks.to_string()])
        .start();
    let address = master.next_address();
    (master, address)
}

/// The recipe as so many workers, with these arguments.
pub(crate) fn start_workers(count: usize, address: &str, args: &str) -> Vec<Running> {
    let start = |_| {
        distributed()
            .args(["worker", "--address", address])
            .args(args.split(' '))
            .start()
    };
    (0..count).map(start).collect()
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
