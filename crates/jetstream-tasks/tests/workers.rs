//! Workers that are killed, stopped, cut off or poisoned.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![forbid(unsafe_code)]

mod support;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use common::testing::Running;
use jetstream_tasks::{Error, Put, Settings};
use rustix::process::{Pid, Signal, kill_process};
use support::proxy::Proxy;
use support::{DEADLINE, Effects, Server, assert_accounts, join, name, until};

const ACK_WAIT: Duration = Duration::from_millis(500);

fn short() -> Settings {
    Settings::new().ack_wait(ACK_WAIT)
}

/// As `ps` has it.
fn state(pid: u32) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(") ").unwrap().1.chars().next().unwrap()
}

#[test]
#[ignore = "needs nats-server"]
fn a_worker_killed_before_its_effect_leaves_the_task_to_another() {
    let (server, effects, name) = (Server::start(), Effects::new(), name());
    let queue = server.queue(&name, &short());
    let id = queue.put(&4).unwrap();
    let mut first = effects.worker(&server.address, &name, "before");
    assert_eq!(first.next_line(), format!("took {id} 1"));
    first.signal(Signal::KILL);
    let mut second = effects.worker(&server.address, &name, "");
    assert_eq!(second.next_line(), format!("took {id} 2"));
    assert_eq!(queue.result::<u64>(&id, DEADLINE).unwrap(), 8);
    assert_eq!(effects.ids(), [id]);
    assert_accounts(&queue, 1);
}

#[test]
#[ignore = "needs nats-server"]
fn a_worker_killed_after_its_effect_has_it_twice_and_one_outcome() {
    let (server, effects, name) = (Server::start(), Effects::new(), name());
    let queue = server.queue(&name, &short());
    let id = queue.put(&4).unwrap();
    let mut first = effects.worker(&server.address, &name, "after");
    first.next_line();
    until("the effect", || effects.ids().len() == 1);
    first.signal(Signal::KILL);
    let mut second = effects.worker(&server.address, &name, "");
    assert_eq!(second.next_line(), format!("took {id} 2"));
    assert_eq!(second.next_line(), format!("done {id}"));
    // At least once: which is why effects go by the id.
    assert_eq!(effects.ids(), [id.clone(), id]);
    queue.join(DEADLINE).unwrap();
    assert_accounts(&queue, 1);
}

#[test]
#[ignore = "needs nats-server"]
fn a_worker_stopped_beyond_its_lease_is_refused() {
    let (server, effects, name) = (Server::start(), Effects::new(), name());
    let queue = server.queue(&name, &short());
    let id = queue.put(&4).unwrap();
    let mut stopped = effects.worker(&server.address, &name, "stop");
    stopped.line_where(|line| line.starts_with("took"));
    until("it has stopped", || state(stopped.pid()) == 'T');
    // From now on nobody renews its lease: by its own clock, too, it ends within
    // this time, however late it was told of the task.
    std::thread::sleep(ACK_WAIT);
    let task = queue.get(DEADLINE).unwrap();
    assert_eq!((task.id(), task.attempt()), (&*id, 2));
    task.done(&77).unwrap();
    stopped.signal(Signal::CONT);
    let refused = format!("refused {}", Error::LeaseLost(id.clone()));
    assert_eq!(stopped.next_line(), refused);
    // Its effect came twice, and counts once.
    assert_eq!(effects.ids(), std::slice::from_ref(&id));
    assert_eq!(queue.result::<u64>(&id, DEADLINE).unwrap(), 77);
    assert_accounts(&queue, 1);
}

#[test]
#[ignore = "needs nats-server"]
fn of_two_that_hold_the_same_task_the_first_to_be_done_counts() {
    // A worker behind a silent network holds its lease in good faith: it is the
    // record that decides, not the clock.
    let (server, name) = (Server::start(), name());
    let settings = Settings::new().ack_wait(Duration::from_secs(4));
    let queue = server.queue(&name, &settings);
    let proxy = Proxy::to(&server.address);
    let far = jetstream_tasks::Queue::<u64>::open(&proxy.address, &name, &settings).unwrap();
    let id = queue.put(&1).unwrap();
    let slow = far.get(DEADLINE).unwrap();
    proxy.silence(true);
    let begun = Instant::now();
    let done = std::thread::spawn(move || slow.done(&111));
    let fast = queue.get(DEADLINE).unwrap();
    assert_eq!(fast.attempt(), 2);
    // Its `done` had been on the way all the time, and comes first.
    proxy.silence(false);
    let first = done.join().unwrap();
    let second = fast.done(&222);
    let result = queue.result::<u64>(&id, DEADLINE).unwrap();
    match (&first, &second) {
        (Ok(()), Err(Error::AlreadyDone(_))) => assert_eq!(result, 111),
        (Err(_), Ok(())) => assert_eq!(result, 222),
        _ => panic!("{first:?} {second:?} after {:?}", begun.elapsed()),
    }
    queue.join(DEADLINE).unwrap();
    assert_accounts(&queue, 1);
}

#[test]
#[ignore = "needs nats-server"]
fn a_task_that_kills_its_workers_is_a_dead_letter_in_the_end() {
    let (server, effects, name) = (Server::start(), Effects::new(), name());
    let queue = server.queue(&name, &short().max_deliver(3));
    let id = queue.put(&4).unwrap();
    for attempt in 1..=3 {
        let mut worker = effects.worker(&server.address, &name, "before");
        assert_eq!(worker.next_line(), format!("took {id} {attempt}"));
        worker.signal(Signal::KILL);
    }
    let other = queue.put(&5).unwrap();
    let mut worker = effects.worker(&server.address, &name, "");
    assert_eq!(worker.next_line(), format!("took {other} 1"));
    match queue.result::<u64>(&id, DEADLINE) {
        Err(Error::Failed { reason, .. }) => {
            assert!(reason.starts_with("no success in 3 attempts"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    // Its end is recorded before its letter is written.
    queue.join(DEADLINE).unwrap();
    assert_eq!(queue.dead_letters(9).unwrap()[0].id, id);
    assert_accounts(&queue, 2);
}

#[test]
#[ignore = "needs nats-server"]
fn duplicate_puts_from_many_threads_are_one_task() {
    let server = Server::start();
    let queue = server.queue(&name(), &short());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for n in 0..50 {
                    let put = Put::new().id(format!("task-{n}"));
                    queue.put_with(&n, &put).unwrap();
                }
            });
        }
    });
    assert_accounts(&queue, 50);
}

/// Workers are killed at random moments: `SECONDS=600` for a longer run.
#[test]
#[ignore = "needs nats-server"]
fn whoever_is_killed_whenever_every_task_has_one_outcome() {
    let seconds = std::env::var("SECONDS").ok().and_then(|s| s.parse().ok());
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(5));
    let (server, effects, name) = (Server::start(), Effects::new(), name());
    let queue = server.queue(&name, &short().max_deliver(50));
    let mut ids = Vec::new();
    let start = || effects.worker_program(&server.address, &name, "").start();
    let mut workers: Vec<Running> = (0..3).map(|_| start()).collect();
    let mut random = fastrand::Rng::new();
    while Instant::now() < end {
        let values: Vec<u64> = (0..20).map(|_| random.u64(0..1000)).collect();
        let put = queue.put_many(&values).unwrap();
        ids.extend(put.into_iter().map(Result::unwrap).zip(values));
        std::thread::sleep(Duration::from_millis(random.u64(0..150)));
        let victim = random.usize(0..workers.len());
        let pid = Pid::from_raw(workers[victim].pid().cast_signed()).unwrap();
        kill_process(pid, Signal::KILL).unwrap();
        workers[victim] = start();
    }
    join(&queue);
    for (id, value) in &ids {
        assert_eq!(queue.result::<u64>(id, DEADLINE).unwrap(), value * 2);
    }
    assert_accounts(&queue, ids.len());
    let mut times: HashMap<String, u32> = HashMap::new();
    for id in effects.ids() {
        *times.entry(id).or_default() += 1;
    }
    assert!(ids.iter().all(|(id, _)| times[id] >= 1));
}
