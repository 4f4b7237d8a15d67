//! What a killed server forgets, and how one gets over it.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![forbid(unsafe_code)]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use async_nats::{Client, HeaderMap, Message};
use common::testing::Program;
use futures_util::StreamExt;
use jetstream_tasks::{Error, Settings};
use serde_json::Value;
use support::{DEADLINE, Server, Worker, do_some, join, name, until};
use tokio::runtime::{Builder, Runtime};

fn short() -> Settings {
    Settings::new().ack_wait(Duration::from_secs(2))
}

/// A server that is killed has forgotten to remove what was done in its last
/// seconds: handed out to nobody any more, it would be waited for in vain.
#[test]
#[ignore = "needs nats-server"]
fn what_a_killed_server_forgot_to_remove_is_not_waited_for() {
    let mut server = Server::start();
    let queue = server.queue(&name(), &short());
    let values: Vec<u64> = (0..1_000).collect();
    assert!(queue.put_many(&values).unwrap().iter().all(Result::is_ok));
    do_some(&queue, 500);
    // It writes down that they are done, and not yet that they are removed.
    std::thread::sleep(Duration::from_secs(3));
    server.kill();
    server.restart();
    // What it forgot to have handed out comes again, to whoever asks for tasks.
    let worker = Worker::start(&queue, |_| 0);
    join(&queue);
    worker.stop();
    assert_eq!(queue.stats().unwrap().done, 1_000);
}

/// After a power cut a stream may have lost messages, and its consumer not. What is
/// put then is below the consumer's floor, and not done.
#[test]
#[ignore = "needs nats-server"]
fn a_task_below_the_floor_that_is_not_done_stays() {
    let mut server = Server::start();
    let name = name();
    let queue = server.queue(&name, &Settings::new());
    assert!(queue.put_many(&[0; 100]).unwrap().iter().all(Result::is_ok));
    do_some(&queue, 100);
    server.stop();
    std::fs::remove_dir_all(server.messages(&name)).unwrap();
    server.restart();
    let values: Vec<u64> = (0..20).collect();
    assert!(queue.put_many(&values).unwrap().iter().all(Result::is_ok));
    // Long enough for it to look for what it may remove.
    let waited = queue.join(Duration::from_secs(3));
    assert!(matches!(waited, Err(Error::TimedOut(_))), "{waited:?}");
    assert_eq!(queue.stats().unwrap().waiting, 20);
}

#[test]
#[ignore = "needs nats-server"]
fn a_server_that_waits_for_word_of_what_is_gone_hands_out_tasks_again() {
    for first_is_done in [true, false] {
        let (server, name) = forgetful(first_is_done);
        let queue = server.queue(&name, &Settings::new());
        // It keeps those behind it from being forgotten.
        let first = (!first_is_done).then(|| queue.get(DEADLINE).unwrap());
        queue.put(&23).unwrap();
        let task = queue.get(DEADLINE).unwrap();
        assert_eq!(task.value, 23, "{first_is_done}");
        task.done(&0).unwrap();
        if let Some(first) = first {
            assert_eq!((first.value, first.attempt()), (0, 2));
            // What is done is removed while an older task is not.
            until("one is left", || queue.len().unwrap() == 1);
            first.done(&0).unwrap();
        }
        queue.join(DEADLINE).unwrap();
        assert_eq!(queue.stats().unwrap().done, 24, "{first_is_done}");
    }
}

#[test]
#[ignore = "needs nats-server, and python3 with nats-py"]
fn the_half_in_python_mends_the_same() {
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    for first_is_done in [true, false] {
        let (server, name) = forgetful(first_is_done);
        let run = Program::new(&python)
            .args(["-c", PYTHON, MODULES, &server.address, &name])
            .arg(first_is_done.to_string())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .deadline(DEADLINE * 2)
            .run()
            .success();
        assert_eq!(run.lines(), ["23", "joined"], "{first_is_done}");
        let queue = server.queue(&name, &Settings::new());
        let stats = queue.stats().unwrap();
        assert_eq!((stats.done, stats.waiting), (24, 0), "{stats:?}");
    }
}

const MODULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/python");
const PYTHON: &str = "
import sys, time; sys.path.insert(0, sys.argv[1])
from jetstream_tasks import Queue
queue = Queue.open(sys.argv[2], sys.argv[3])
first = queue.get(timeout=60) if sys.argv[4] == 'false' else None
queue.put(23)
task = queue.get(timeout=60)
print(task.value)
task.done(0)
if first:
    while len(queue) > 1:
        time.sleep(.01)
    first.done(0)
queue.join(timeout=60)
queue.close()
print('joined')
";

/// A server's memory as a killed one was seen to have it, made by putting back
/// what it had on the disk before: deliveries that it waits for word of, whose
/// messages are gone, and tasks that are done, acknowledged and still there.
fn forgetful(first_is_done: bool) -> (Server, String) {
    let (mut server, name) = (Server::start(), name());
    let settings = Settings::new().ack_wait(Duration::from_secs(4));
    let queue = server.queue(&name, &settings);
    let values: Vec<u64> = (0..23).collect();
    assert!(queue.put_many(&values).unwrap().iter().all(Result::is_ok));
    // It would mend what is being broken here.
    drop(queue);
    let bare = Bare::new(&name);
    let (consumers, messages) = (server.consumers(&name), server.messages(&name));
    // It may stop before it has written down what it handed out.
    let mut tries = 0;
    let (taken, before) = loop {
        tries += 1;
        assert!(tries < 20, "it never writes down what it handed out");
        let taken = bare.take(&server, 23);
        let before = server.stop_and_copy(&consumers);
        if bare.in_hands(&server) == 23 {
            break (taken, before);
        }
    };
    bare.end(&server, &taken[1..21]);
    server.stop_and_put_back(&before, &consumers);

    let before = server.stop_and_copy(&messages);
    bare.end(&server, &taken[21..]);
    if first_is_done {
        bare.end(&server, &taken[..1]);
    }
    server.stop_and_put_back(&before, &messages);
    (server, name)
}

/// A client that does what it is told, and nothing by itself.
struct Bare {
    name: String,
    runtime: Runtime,
}

impl Bare {
    fn new(name: &str) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let name = name.to_string();
        Bare { name, runtime }
    }

    fn with<T>(&self, server: &Server, work: impl AsyncFnOnce(&Client) -> T) -> T {
        let all = async {
            let client = async_nats::connect(&server.address).await.unwrap();
            let outcome = work(&client).await;
            client.flush().await.unwrap();
            outcome
        };
        let all = async { tokio::time::timeout(DEADLINE, all).await };
        self.runtime.block_on(all).expect("in time")
    }

    /// So many tasks, in their order.
    fn take(&self, server: &Server, count: usize) -> Vec<Message> {
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{}.priority-0", self.name);
        self.with(server, async |client| {
            let inbox = client.new_inbox();
            let mut answers = client.subscribe(inbox.clone()).await.unwrap();
            // More: one may come twice.
            let wish = (10 * count).to_string().into();
            let asked = client.publish_with_reply(subject, inbox, wish).await;
            asked.unwrap();
            let mut taken = BTreeMap::new();
            while taken.len() < count {
                let message = answers.next().await.unwrap();
                let value: u64 = serde_json::from_slice(&message.payload).unwrap();
                taken.insert(value, message);
            }
            taken.into_values().collect()
        })
    }

    fn in_hands(&self, server: &Server) -> u64 {
        let subject = format!("$JS.API.CONSUMER.INFO.{}.priority-0", self.name);
        self.with(server, async |client| {
            let info = client.request(subject, "".into()).await.unwrap();
            let info: Value = serde_json::from_slice(&info.payload).unwrap();
            info["num_ack_pending"].as_u64().unwrap()
        })
    }

    /// Records their ends, and acknowledges them.
    fn end(&self, server: &Server, tasks: &[Message]) {
        self.with(server, async |client| {
            for task in tasks {
                let id = task.headers.as_ref().unwrap().get("Task-Id").unwrap();
                let lease = task.reply.clone().unwrap();
                let mut headers = HeaderMap::new();
                headers.insert("Task-Id", id.as_str());
                headers.insert("Task-Status", "done");
                headers.insert("Task-Lease", lease.as_str());
                let subject = format!("queue.{}.outcome.{}", self.name, id.as_str());
                let record = client.send_request(
                    subject,
                    async_nats::Request::new()
                        .headers(headers)
                        .payload("0".into()),
                );
                record.await.unwrap();
                client.request(lease, "+ACK".into()).await.unwrap();
            }
        });
    }
}
