//! The durable queue: alone, with replicas, beside nats-py and beside the
//! manager that keeps its queues in memory.
//!
//! `cargo bench -p durable`; needs nats-server, and python3 with nats-py (or the
//! Python that PYTHON names) for its side. `cargo bench -p durable -- million`
//! puts and does a million tasks and tells the memory that it took;
//! `NATS_CONFIG='jetstream { sync_interval: always }'` is for a server that knows
//! it.
#![forbid(unsafe_code)]

mod memory;

use std::error::Error;
use std::net::SocketAddr;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use common::measure::{Comparison, Curve, Unit, seconds};
use durable::{Server, cluster};
use jetstream_tasks::{Error as QueueError, Queue, Settings};
use multiproc::process::Process;
use multiproc::subprocess::{ExitStatus, communicate_timeout};
use pymanager::{AuthKey, Client, Listener, Manager, RemoteQueue, SharedQueue};

const ONE_BY_ONE: u64 = 500;
const AT_ONCE: u64 = 5_000;

fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args().any(|arg| arg == "million") {
        return memory::a_million();
    }
    let server = match Server::start() {
        Ok(server) => server,
        // One row less in a report, and no reason to fail.
        Err(error) => {
            eprintln!("durable is not measured: {error:#}");
            return Ok(());
        }
    };
    let for_memory = memory::Servers::start();
    let three = cluster()?;
    let three: Vec<_> = three.iter().map(|(_, server)| server).collect();
    let addresses: Vec<_> = three.iter().map(|server| server.address()).collect();
    let flushing = Server::with_config("jetstream { sync_interval: always }");

    let version = said(Command::new("nats-server").arg("--version"));
    let name = version.map_or("one server".to_string(), |text| text.replace(": v", " "));
    let listener = Listener::bind("127.0.0.1:0")?;
    let memory = Memory(listener.address());
    let manager = Process::spawn("manager", || serve(listener))?;
    let one = Bench::open(server.address(), 1)?;
    let replicated = Bench::open(&addresses.join(","), 3)?;
    puts(&name, &one, &replicated, &memory);
    work(&name, &one, &replicated, &memory);
    if let Ok(flushing) = &flushing {
        sync(&one, flushing)?;
    }
    memory::compare(for_memory);
    manager.kill()?;
    Ok(())
}

fn puts(name: &str, one: &Bench, replicated: &Bench, memory: &Memory) {
    Comparison::new("a durable queue: put one by one", Unit::PerSecond)
        .candidate(name, || Some(one.put_one_by_one()))
        .candidate("three replicas", || Some(replicated.put_one_by_one()))
        .candidate(nats_py_name(), || nats_py(&one.address, "one", 1))
        .candidate("manager, in memory", || Some(memory.put_one_by_one()))
        .rounds(3)
        .run();
    Comparison::new("a durable queue: put many at once", Unit::PerSecond)
        .candidate(name, || Some(one.put_many()))
        .candidate("three replicas", || Some(replicated.put_many()))
        .candidate(nats_py_name(), || nats_py(&one.address, "many", 1))
        .rounds(3)
        .run();
}

fn work(name: &str, one: &Bench, replicated: &Bench, memory: &Memory) {
    Comparison::new("a durable queue: get and done, one by one", Unit::PerSecond)
        .candidate(name, || Some(one.work(1, 1, ONE_BY_ONE)))
        .candidate("three replicas", || Some(replicated.work(1, 1, ONE_BY_ONE)))
        .candidate("manager, in memory", || Some(memory.work(1, ONE_BY_ONE)))
        .rounds(3)
        .run();
    // The manager has no batches; nats-py acknowledges, and keeps no result.
    Curve::new(
        "a durable queue: get and done by 64",
        "workers",
        Unit::PerSecond,
        [1, 2, 4, 8, 16],
    )
    .line(name, |n| Some(one.work(n, 64, AT_ONCE)))
    .line("three replicas", |n| Some(replicated.work(n, 64, AT_ONCE)))
    .line(nats_py_name(), |n| nats_py(&one.address, "work", n))
    .line("manager, in memory, one by one", |n| {
        Some(memory.work(n, AT_ONCE))
    })
    .run();
}

/// What it costs when the server flushes before it acknowledges. Servers before
/// 2.10 know no such setting.
fn sync(one: &Bench, flushing: &Server) -> Result<(), Box<dyn Error>> {
    let flushing = Bench::open(flushing.address(), 1)?;
    Comparison::new(
        "a durable queue: put one by one, sync_interval: always",
        Unit::PerSecond,
    )
    .candidate("flushed", || Some(flushing.put_one_by_one()))
    .candidate("as it comes", || Some(one.put_one_by_one()))
    .run();
    Ok(())
}

/// What nats-py makes of it; `None` where it is not there.
fn nats_py(server: &str, what: &str, workers: u64) -> Option<f64> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/durable/nats_py.py");
    said(python().args([script, server, what, &workers.to_string()]))?
        .parse()
        .ok()
}

/// With its version, where it is there.
fn nats_py_name() -> String {
    let program = "from importlib.metadata import version; print('nats-py', version('nats-py'))";
    said(python().args(["-c", program])).unwrap_or_else(|| "nats-py".to_string())
}

fn python() -> Command {
    Command::new(std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into()))
}

/// What a program prints within half a minute, if it succeeds.
fn said(command: &mut Command) -> Option<String> {
    let output = communicate_timeout(command, b"", Duration::from_secs(30)).ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status == ExitStatus::Code(0)).then(|| text.trim().to_string())
}

fn serve(listener: Listener) -> Result<(), pymanager::Error> {
    let server = Manager::new(AuthKey::new("abc"))
        .register("tasks", &SharedQueue::<u64>::new())
        .start(listener)?;
    server.wait();
    Ok(())
}

/// The manager that keeps its queue in memory.
struct Memory(SocketAddr);

impl Memory {
    fn queue(&self) -> RemoteQueue<u64> {
        let client = Client::connect(self.0, &AuthKey::new("abc")).expect("connect");
        client.queue("tasks").expect("a queue")
    }

    fn put_one_by_one(&self) -> f64 {
        let queue = self.queue();
        let rate = rate(ONE_BY_ONE, || {
            (0..ONE_BY_ONE).for_each(|n| queue.put(&n).expect("put"));
        });
        while queue.try_get().is_ok() {}
        rate
    }

    fn work(&self, workers: u64, count: u64) -> f64 {
        let queues: Vec<_> = (0..workers).map(|_| self.queue()).collect();
        (0..count).for_each(|n| queues[0].put(&n).expect("put"));
        rate(count, || {
            thread::scope(|scope| {
                for queue in &queues {
                    scope.spawn(|| {
                        while queue.try_get().is_ok() {
                            queue.task_done().expect("task_done");
                        }
                    });
                }
            });
        })
    }
}

struct Bench {
    address: String,
    settings: Settings,
    queue: Queue<u64>,
}

impl Bench {
    fn open(address: &str, replicas: u8) -> Result<Self, QueueError> {
        Self::with(address, Settings::new().replicas(replicas))
    }

    fn with(address: &str, settings: Settings) -> Result<Self, QueueError> {
        let until = Instant::now() + Duration::from_secs(60);
        let queue = loop {
            match Queue::open(address, "bench", &settings) {
                Err(_) if Instant::now() < until => thread::sleep(Duration::from_millis(100)),
                outcome => break outcome?,
            }
        };
        Ok(Bench {
            address: address.to_string(),
            settings,
            queue,
        })
    }

    fn put_one_by_one(&self) -> f64 {
        self.emptied(ONE_BY_ONE, || {
            (0..ONE_BY_ONE).for_each(|n| drop(self.queue.put(&n).expect("put")));
        })
    }

    fn put_many(&self) -> f64 {
        let values: Vec<_> = (0..AT_ONCE).collect();
        self.emptied(AT_ONCE, || {
            let put = self.queue.put_many(&values).expect("put");
            assert!(put.iter().all(Result::is_ok));
        })
    }

    fn emptied(&self, count: u64, put: impl FnOnce()) -> f64 {
        let rate = rate(count, put);
        self.drain(&self.queue, 256);
        rate
    }

    fn work(&self, workers: u64, batch: usize, count: u64) -> f64 {
        let values: Vec<_> = (0..count).collect();
        self.queue.put_many(&values).expect("put");
        let queues: Vec<_> = (0..workers)
            .map(|_| Queue::open(&self.address, "bench", &self.settings).expect("open"))
            .collect();
        rate(count, || {
            thread::scope(|scope| {
                for queue in &queues {
                    scope.spawn(|| self.drain(queue, batch));
                }
            });
        })
    }

    fn drain(&self, queue: &Queue<u64>, batch: usize) {
        loop {
            match queue.get_batch(batch, Duration::ZERO) {
                Ok(tasks) if batch == 1 => {
                    for task in tasks {
                        task.done(&0).expect("done");
                    }
                }
                Ok(tasks) => {
                    let done = queue.done_many(tasks.into_iter().map(|task| (task, 0)));
                    assert!(done.expect("done").iter().all(Result::is_ok));
                }
                Err(QueueError::Empty) => break,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

fn rate(count: u64, work: impl FnOnce()) -> f64 {
    count as f64 / seconds(work)
}
