//! Many clients at once on one manager: ours and CPython's, on either side.
//!
//! `cargo bench -p pymanager --bench crowd`. A server is a process of its own,
//! new for each cell. Our clients are the threads of one process, Python's are
//! processes; all begin together and call for a second. A cell whose clients do
//! not all connect in fifteen seconds, or do not all come to an end within five,
//! has no number of calls: how many of them were served is a curve of its own.
#![forbid(unsafe_code)]

#[path = "crowd/bare.rs"]
mod bare;
#[path = "crowd/drive.rs"]
mod drive;
#[path = "crowd/server.rs"]
mod server;

use std::cell::RefCell;
use std::collections::HashMap;
use std::error::Error;
use std::process::{Command, Stdio};

use common::measure::{Comparison, Curve, Peer, Unit, python, seconds};
use pymanager::{QueueKind, SharedQueue};
use server::Server;

/// Python's clients. Arguments: address, what to call, how many.
const PYTHON: &str = include_str!("crowd/drive.py");

/// A million of these are put into a priority queue first.
const PUTS: u64 = 10_000;

/// A priority queue in Python; the argument is how many items are in it.
const PRIORITY: &str = r"
import queue, random, sys, time
q = queue.PriorityQueue()
for _ in range(int(sys.argv[1])):
    q.put(random.getrandbits(62))
items = [random.getrandbits(62) for _ in range(10000)]
start = time.perf_counter()
for item in items:
    q.put(item)
print((time.perf_counter() - start) / len(items))
";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", ..] => server::serve(),
        ["answer", ..] => server::answer(),
        ["drive", address, what, clients, ..] => drive::drive(address, what, clients.parse()?),
        _ => {
            servers("queue", "put and get on one queue");
            servers("dict", "get and set in one dict");
            crowds("queue", "put and get on one queue", &[1, 8, 64, 512]);
            crowds("dict", "get and set in one dict", &[1, 8, 64]);
            priority_queue();
            Ok(())
        }
    }
}

/// What a cell came to.
#[derive(Clone, Copy, Debug)]
struct Cell {
    /// Calls a second, of all clients together.
    calls: f64,
    /// The longest that a call took, in seconds.
    worst: f64,
    /// The share of the clients that were served to the end.
    served: f64,
    /// Bytes that the server took at most.
    memory: f64,
}

/// Who calls whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Pair {
    our_clients: bool,
    our_server: bool,
}

/// The servers side by side for Python's clients, beside one that only answers:
/// most of the time is the clients' own, and the difference that a server can
/// make is as large as that row says.
fn servers(what: &str, title: &str) {
    let python = Peer::python("").name();
    for clients in [1, 8] {
        let calls = |server: fn() -> Result<Server, Box<dyn Error>>| {
            let cell = measure(server, false, what, clients)?;
            (cell.served == 1.0).then_some(cell.calls)
        };
        let many = match clients {
            1 => "one Python client".to_string(),
            many => format!("{many} Python clients"),
        };
        Comparison::new(format!("a manager: {title}, {many}"), Unit::PerSecond)
            .candidate("our server", || calls(Server::ours))
            .candidate(format!("{python}'s server"), || calls(Server::pythons))
            .candidate("bare replies, the same bytes, asleep in between", || {
                calls(Server::bare)
            })
            .run();
    }
}

const PAIRS: [Pair; 4] = [
    Pair {
        our_clients: true,
        our_server: true,
    },
    Pair {
        our_clients: false,
        our_server: true,
    },
    Pair {
        our_clients: false,
        our_server: false,
    },
    Pair {
        our_clients: true,
        our_server: false,
    },
];

fn crowds(what: &str, title: &str, sizes: &[u64]) {
    let python = Peer::python("").name();
    let cells = RefCell::new(HashMap::<(Pair, u64), Vec<Cell>>::new());
    let curve = |title: String, unit, of: fn(&Cell) -> f64, measures: bool| {
        let mut curve = Curve::new(title, "clients", unit, sizes.iter().copied());
        if !measures {
            curve = curve.rounds(1);
        }
        for pair in PAIRS {
            let whose = |ours| if ours { "our" } else { &*python };
            let name = format!(
                "{} clients, {} server",
                whose(pair.our_clients),
                whose(pair.our_server)
            );
            let cells = &cells;
            curve = curve.line(name, move |clients| {
                let mut cells = cells.borrow_mut();
                let known = cells.entry((pair, clients)).or_default();
                let all_served = known.iter().all(|cell| cell.served == 1.0);
                // One that did not come to an end is not asked again.
                if measures && all_served {
                    let server = match pair.our_server {
                        true => Server::ours,
                        false => Server::pythons,
                    };
                    known.extend(measure(server, pair.our_clients, what, clients));
                }
                match measures {
                    true => known.last().filter(|cell| cell.served == 1.0).map(of),
                    false => known.iter().map(of).reduce(|one, other| match unit {
                        Unit::Share => one.min(other),
                        _ => one.max(other),
                    }),
                }
            });
        }
        curve.run();
    };
    curve(
        format!("{title}: calls a second in all"),
        Unit::PerSecond,
        |cell| cell.calls,
        true,
    );
    curve(
        format!("{title}: a client's longest wait"),
        Unit::Seconds,
        |cell| cell.worst,
        false,
    );
    curve(
        format!("{title}: the server's memory"),
        Unit::Bytes,
        |cell| cell.memory,
        false,
    );
    curve(
        format!("{title}: clients served to the end"),
        Unit::Share,
        |cell| cell.served,
        false,
    );
}

fn measure(
    server: fn() -> Result<Server, Box<dyn Error>>,
    our_clients: bool,
    what: &str,
    clients: u64,
) -> Option<Cell> {
    let server = server().ok()?;
    let mut driver = match our_clients {
        true => {
            let mut driver = Command::new(std::env::current_exe().ok()?);
            driver.arg("drive");
            driver
        }
        false => {
            let mut driver = Command::new("python3");
            driver.args(["-c", PYTHON]);
            driver
        }
    };
    driver.args([server.address(), what, &clients.to_string()]);
    let output = driver
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let numbers: Vec<f64> = text
        .split_whitespace()
        .map_while(|word| word.parse().ok())
        .collect();
    let [calls, worst, served] = numbers[..] else {
        return None;
    };
    let memory = server.memory()?;
    Some(Cell {
        calls,
        worst,
        served,
        memory,
    })
}

/// How long a put takes in a priority queue that holds many: no connection
/// between, which would hide it.
fn priority_queue() {
    let python_name = Peer::python("").name();
    let sizes = [1_000, 10_000, 100_000, 1_000_000];
    let title = "a put into a PriorityQueue that holds so many";
    Curve::new(title, "items", Unit::Seconds, sizes)
        .line("SharedQueue", |items| {
            let queue = SharedQueue::<i64>::with(QueueKind::Priority, 0);
            let mut random = fastrand::Rng::with_seed(items);
            let mut put = |times| (0..times).try_for_each(|_| queue.put(&random.i64(..)));
            put(items).ok()?;
            let mut done = None;
            let took = seconds(|| done = put(PUTS).ok());
            done.map(|()| took / PUTS as f64)
        })
        .line(python_name, |items| python(PRIORITY, &[&items.to_string()]))
        .run();
}
