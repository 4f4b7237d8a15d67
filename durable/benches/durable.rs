//! The durable queue: alone, with replicas, beside nats-py and beside the
//! manager that keeps its queues in memory.
//!
//! `cargo bench -p durable`; needs nats-server, and python3 with nats-py (or the
//! Python that PYTHON names) for its side. `cargo bench -p durable -- million`
//! puts and does a million tasks and tells the memory that it took;
//! `NATS_CONFIG='jetstream { sync_interval: always }'` is for a server that knows
//! it.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use common::measure::{Comparison, Unit, seconds};
use durable::{Server, cluster};
use jetstream_tasks::{Error as QueueError, Queue, Settings};
use multiproc::process::Process;
use pymanager::{AuthKey, Client, Listener, Manager, RemoteQueue, SharedQueue};

const ONE_BY_ONE: u64 = 500;
const AT_ONCE: u64 = 5_000;

/// What users of nats-py do: acknowledged publishes, fetches, acknowledgements
/// that are not confirmed. Arguments: server, what.
const PYTHON: &str = "
import asyncio, sys, time, uuid, nats
async def main():
    nc = await nats.connect(sys.argv[1]); js = nc.jetstream()
    name = 'py' + uuid.uuid4().hex
    await js.add_stream(name=name, subjects=[name], retention='workqueue')
    if sys.argv[2] == 'one':
        n = 500; start = time.perf_counter()
        for i in range(n): await js.publish(name, b'%d' % i)
    elif sys.argv[2] == 'many':
        n = 5000; start = time.perf_counter()
        for i in range(0, n, 250):
            await asyncio.gather(*[js.publish(name, b'%d' % j) for j in range(250)])
    else:
        n = 5000
        for i in range(0, n, 250):
            await asyncio.gather(*[js.publish(name, b'%d' % j) for j in range(250)])
        sub = await js.pull_subscribe(name, 'w'); start = time.perf_counter(); got = 0
        while got < n:
            batch = await sub.fetch(64)
            await asyncio.gather(*[m.ack_sync() for m in batch])
            got += len(batch)
    print(n / (time.perf_counter() - start))
    await js.delete_stream(name); await nc.close()
asyncio.run(main())
";

fn main() -> Result<(), Box<dyn Error>> {
    let config = std::env::var("NATS_CONFIG").unwrap_or_default();
    let server = Server::with_config(&config)?;
    let million = std::env::args().any(|arg| arg == "million");
    if million {
        return a_million(&server);
    }
    let three = cluster()?;
    let three: Vec<_> = three.iter().map(|(_, server)| server).collect();
    let addresses: Vec<_> = three.iter().map(|server| server.address()).collect();
    let addresses = addresses.join(",");

    let (tell, told) = (Listener::bind("127.0.0.1:0")?, AuthKey::new("abc"));
    let manager_address = tell.address();
    let manager = Process::spawn("manager", || serve(tell))?;
    let one = Bench::open(server.address(), 1)?;
    let replicated = Bench::open(&addresses, 3)?;
    let client = Client::connect(manager_address, &told)?;
    let memory: RemoteQueue<u64> = client.queue("tasks")?;
    let python = |what: &'static str| {
        let address = server.address();
        move || python(address, what)
    };

    Comparison::new("durable: put one by one", Unit::PerSecond)
        .candidate("one server", || Some(one.put_one_by_one()))
        .candidate("three replicas", || Some(replicated.put_one_by_one()))
        .candidate("nats-py, one server", python("one"))
        .candidate("manager, in memory", || {
            Some(rate(ONE_BY_ONE, || {
                (0..ONE_BY_ONE).for_each(|n| memory.put(&n).expect("put"));
            }))
        })
        .rounds(3)
        .run();
    while memory.get_timeout(Duration::ZERO).is_ok() {}
    Comparison::new("durable: put many at once", Unit::PerSecond)
        .candidate("one server", || Some(one.put_many()))
        .candidate("three replicas", || Some(replicated.put_many()))
        .candidate("nats-py, one server", python("many"))
        .rounds(3)
        .run();
    Comparison::new("durable: get + done, one by one", Unit::PerSecond)
        .candidate("one server", || Some(one.work(1, 1, ONE_BY_ONE)))
        .candidate("three replicas", || Some(replicated.work(1, 1, ONE_BY_ONE)))
        .candidate("manager, in memory", || {
            (0..ONE_BY_ONE).for_each(|n| memory.put(&n).expect("put"));
            Some(rate(ONE_BY_ONE, || {
                for _ in 0..ONE_BY_ONE {
                    memory.get().expect("get");
                    memory.task_done().expect("task_done");
                }
            }))
        })
        .rounds(3)
        .run();
    for workers in [1, 4, 16] {
        let title = format!("durable: get + done by 64, {workers} workers");
        let comparison = Comparison::new(title, Unit::PerSecond)
            .candidate("one server", || Some(one.work(workers, 64, AT_ONCE)))
            .candidate("three replicas", || {
                Some(replicated.work(workers, 64, AT_ONCE))
            })
            .rounds(3);
        if workers == 1 {
            comparison
                .candidate("nats-py, ack_sync, no result", python("work"))
                .run();
        } else {
            comparison.run();
        }
    }
    manager.kill()?;
    Ok(())
}

fn serve(listener: Listener) -> Result<(), pymanager::Error> {
    let server = Manager::new(AuthKey::new("abc"))
        .register("tasks", &SharedQueue::<u64>::new())
        .start(listener)?;
    server.wait();
    Ok(())
}

struct Bench {
    address: String,
    settings: Settings,
    queue: Queue<u64>,
}

impl Bench {
    fn open(address: &str, replicas: u8) -> Result<Self, QueueError> {
        let settings = Settings::new().replicas(replicas);
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

    fn work(&self, workers: usize, batch: usize, count: u64) -> f64 {
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

fn python(server: &str, what: &str) -> Option<f64> {
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let output = Command::new(python)
        .args(["-c", PYTHON, server, what])
        .output();
    let text = String::from_utf8(output.ok()?.stdout).ok()?;
    text.trim().parse().ok()
}

/// The memory of this process and of the server, on the way.
fn a_million(server: &Server) -> Result<(), Box<dyn Error>> {
    let bench = Bench::open(server.address(), 1)?;
    let tell = |what: &str| {
        let (ours, theirs) = (resident("self"), resident(&server.pid().to_string()));
        println!("{what:<28} client {ours:>5} MiB, server {theirs:>5} MiB");
    };
    tell("before");
    let values: Vec<_> = (0..10_000).collect();
    for part in 1..=100 {
        bench.queue.put_many(&values)?;
        if part % 25 == 0 {
            tell(&format!("{} put", part * 10_000));
        }
    }
    for part in 1..=4 {
        let mut left = 250_000_i64;
        while left > 0 {
            let tasks = bench.queue.get_batch(256, Duration::from_secs(1))?;
            left -= tasks.len() as i64;
            bench
                .queue
                .done_many(tasks.into_iter().map(|task| (task, 0)))?;
        }
        tell(&format!("{} done", part * 250_000));
    }
    Ok(())
}

fn resident(pid: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kib.unwrap_or(0) / 1024
}
