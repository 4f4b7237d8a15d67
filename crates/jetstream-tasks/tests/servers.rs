//! Servers that are killed, and networks that are cut.
#![forbid(unsafe_code)]

mod support;

use std::time::Duration;

use jetstream_tasks::{Error, Put, Queue, Settings};
use support::cluster::Cluster;
use support::proxy::Proxy;
use support::{DEADLINE, Server, assert_accounts, do_some, name};

#[test]
#[ignore = "needs nats-server"]
fn a_server_killed_with_ten_thousand_tasks_has_them_all_again() {
    let mut server = Server::start();
    let queue = server.queue(&name(), &Settings::new().ack_wait(Duration::from_secs(2)));
    let values: Vec<u64> = (0..10_000).collect();
    let put = queue.put_many(&values).unwrap();
    assert!(put.iter().all(Result::is_ok));
    // Some done, some in hand, some acknowledged a moment before.
    let done = queue.get_batch(100, DEADLINE).unwrap();
    let done = done.into_iter().map(|task| (task, 0));
    assert!(queue.done_many(done).unwrap().iter().all(Result::is_ok));
    let held = queue.get_batch(50, DEADLINE).unwrap();
    server.kill();
    server.restart();
    // Nothing is lost. Of those that were done, the server may have forgotten
    // that they are off the queue: it confirms that before it has written it.
    let stats = queue.stats().unwrap();
    assert_eq!(stats.done, 100);
    assert!((9_900..=10_000).contains(&stats.waiting), "{stats:?}");
    // A lease outlives the server that gave it.
    for task in held {
        match task.done(&0) {
            Ok(()) | Err(Error::LeaseLost(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    loop {
        let tasks = match queue.get_batch(256, Duration::from_secs(4)) {
            Ok(tasks) => tasks,
            Err(Error::Empty) => break,
            // A server that has just read ten thousand tasks back in, on a busy
            // machine, may take longer than that.
            Err(Error::NoAnswer(_)) => continue,
            Err(error) => panic!("{error}"),
        };
        for done in queue
            .done_many(tasks.into_iter().map(|task| (task, 0)))
            .unwrap()
        {
            match done {
                Ok(()) | Err(Error::LeaseLost(_) | Error::AlreadyDone(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    queue.join(DEADLINE).unwrap();
    assert_eq!(queue.stats().unwrap().done, 10_000);
}

/// A server that is killed has forgotten to remove what was done in its last
/// seconds: handed out to nobody any more, it would be waited for in vain.
#[test]
#[ignore = "needs nats-server"]
fn what_a_killed_server_forgot_to_remove_is_not_waited_for() {
    let mut server = Server::start();
    let queue = server.queue(&name(), &Settings::new().ack_wait(Duration::from_secs(2)));
    let values: Vec<u64> = (0..1_000).collect();
    assert!(queue.put_many(&values).unwrap().iter().all(Result::is_ok));
    do_some(&queue, 500);
    // It writes down that they are done, and not yet that they are removed.
    std::thread::sleep(Duration::from_secs(3));
    server.kill();
    server.restart();
    let mut rest = 0;
    while rest < 500 {
        match queue.get_batch(50, Duration::from_secs(1)) {
            Ok(tasks) => {
                rest += tasks.len();
                let tasks = tasks.into_iter().map(|task| (task, 0));
                queue.done_many(tasks).unwrap();
            }
            Err(Error::Empty | Error::NoAnswer(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    // What it forgot to have handed out comes again, to whoever asks for tasks.
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| queue.get(DEADLINE));
        queue.join(DEADLINE).unwrap();
        queue.put(&0).unwrap();
        let task = worker.join().unwrap().unwrap();
        // It may be one of those.
        let _ = task.done(&0);
    });
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
fn whoever_puts_gets_or_waits_while_the_server_is_away_finds_everything() {
    let mut server = Server::start();
    let queue = server.queue(&name(), &Settings::new());
    let worker = {
        let queue = queue.clone();
        std::thread::spawn(move || {
            // It may get more than were put: the server forgets what it handed out.
            loop {
                let task = queue.get(None).unwrap();
                if task.value == u64::MAX {
                    return task.done(&0).unwrap();
                }
                let result = task.value + 1;
                match task.done(&result) {
                    Ok(()) => {}
                    Err(error) => eprintln!("{error}"),
                }
            }
        })
    };
    let killer = std::thread::spawn(move || {
        for _ in 0..3 {
            std::thread::sleep(Duration::from_millis(300));
            server.kill();
            std::thread::sleep(Duration::from_millis(300));
            server.restart();
        }
        server
    });
    let ids: Vec<_> = (0..200)
        .map(|n| {
            std::thread::sleep(Duration::from_millis(5));
            queue.put(&n).unwrap()
        })
        .collect();
    for (n, id) in (1_u64..).zip(&ids) {
        assert_eq!(queue.result::<u64>(id, DEADLINE).unwrap(), n);
    }
    let _server = killer.join().unwrap();
    queue.put(&u64::MAX).unwrap();
    worker.join().unwrap();
    queue.join(DEADLINE).unwrap();
    assert_accounts(&queue, 201);
}

#[test]
#[ignore = "needs nats-server"]
fn a_server_that_stays_away_is_an_error_that_says_so() {
    let mut server = Server::start();
    let settings = Settings::new().timeout(Duration::from_secs(1));
    let queue = server.queue(&name(), &settings);
    queue.put(&1).unwrap();
    let task = queue.get(DEADLINE).unwrap();
    server.kill();
    for error in [
        queue.put(&1).map(drop),
        queue.get(Duration::from_millis(100)).map(drop),
        queue.len().map(drop),
        queue
            .result::<u64>("x", Duration::from_millis(100))
            .map(drop),
        task.done(&1),
    ] {
        assert!(matches!(error, Err(Error::NoAnswer(_))), "{error:?}");
    }
}

#[test]
#[ignore = "needs nats-server"]
fn a_network_cut_on_either_side_loses_nothing() {
    let server = Server::start();
    let name = name();
    let settings = Settings::new().ack_wait(Duration::from_secs(1));
    server.queue(&name, &settings);
    let (near, far) = (Proxy::to(&server.address), Proxy::to(&server.address));
    let putter: Queue<u64> = Queue::open(&near.address, &name, &settings).unwrap();
    let getter: Queue<u64> = Queue::open(&far.address, &name, &settings).unwrap();
    let worker = std::thread::spawn(move || {
        let mut done = 0;
        while done < 100 {
            let task = getter.get(None).unwrap();
            match task.done(&0) {
                Ok(()) => done += 1,
                // Done by this very worker, whose word got through while the
                // answer did not, or to be done again.
                Err(Error::LeaseLost(_) | Error::AlreadyDone(_)) => {}
                Err(error) => panic!("{error}"),
            }
            if getter.stats().unwrap().done == 100 {
                break;
            }
        }
    });
    for round in 0..4 {
        for n in 0..25 {
            putter
                .put_with(&n, &Put::new().id(format!("{round}-{n}")))
                .unwrap();
            if n == 5 {
                let proxy = if round % 2 == 0 { &near } else { &far };
                proxy.cut();
                std::thread::sleep(Duration::from_millis(200));
                proxy.mend();
            }
        }
    }
    putter.join(DEADLINE).unwrap();
    worker.join().unwrap();
    let stats = putter.stats().unwrap();
    assert_eq!((stats.done, stats.dead), (100, 0), "{stats:?}");
}

#[test]
#[ignore = "needs nats-server"]
fn the_leader_of_three_is_killed_while_tasks_are_put_and_done() {
    let mut cluster = Cluster::start();
    let name = name();
    let settings = Settings::new().replicas(3).ack_wait(Duration::from_secs(2));
    let queue: Queue<u64> = Queue::open(&cluster.address(), &name, &settings).unwrap();
    let worker = {
        let queue: Queue<u64> = Queue::open(&cluster.address(), &name, &settings).unwrap();
        std::thread::spawn(move || {
            loop {
                let task = queue.get(None).unwrap();
                if task.value == u64::MAX {
                    return task.done(&0).unwrap();
                }
                let result = task.value + 1;
                if let Err(error) = task.done(&result) {
                    eprintln!("{error}");
                }
            }
        })
    };
    let mut ids = Vec::new();
    for n in 0..300 {
        if n == 100 {
            let leader = queue.leader().unwrap();
            cluster.of(&leader).kill();
        }
        ids.push(queue.put(&n).unwrap());
    }
    for (n, id) in (1_u64..).zip(&ids) {
        assert_eq!(queue.result::<u64>(id, DEADLINE).unwrap(), n);
    }
    queue.put(&u64::MAX).unwrap();
    worker.join().unwrap();
    queue.join(DEADLINE).unwrap();
    assert_accounts(&queue, 301);
}

#[test]
#[ignore = "needs nats-server"]
fn all_three_are_killed_and_started_again() {
    let mut cluster = Cluster::start();
    let settings = Settings::new().replicas(3).ack_wait(Duration::from_secs(2));
    let queue: Queue<u64> = Queue::open(&cluster.address(), &name(), &settings).unwrap();
    let values: Vec<u64> = (0..500).collect();
    assert!(queue.put_many(&values).unwrap().iter().all(Result::is_ok));
    let done = queue.get_batch(100, DEADLINE).unwrap();
    let done_before = done.len() as u64;
    let done = queue
        .done_many(done.into_iter().map(|task| (task, 0)))
        .unwrap();
    assert!(done.iter().all(Result::is_ok));
    for server in &mut cluster.servers {
        server.kill();
    }
    for server in &mut cluster.servers {
        server.restart();
    }
    let stats = queue.stats().unwrap();
    assert_eq!(stats.done, done_before);
    assert!(stats.done + stats.waiting >= 500, "{stats:?}");
    while queue.len().unwrap() > 0 {
        let Ok(tasks) = queue.get_batch(100, Duration::from_secs(1)) else {
            continue;
        };
        let tasks = tasks.into_iter().map(|task| (task, 0));
        queue.done_many(tasks).unwrap();
    }
    queue.join(DEADLINE).unwrap();
    assert_accounts(&queue, 500);
}

#[test]
#[ignore = "needs nats-server"]
fn a_full_queue_of_three_refuses_and_loses_nothing() {
    let cluster = Cluster::start();
    let settings = Settings::new().replicas(3).max_tasks(20);
    let queue: Queue<u64> = Queue::open(&cluster.address(), &name(), &settings).unwrap();
    let values: Vec<u64> = (0..60).collect();
    let put = queue.put_many(&values).unwrap();
    let accepted = put.iter().filter(|put| put.is_ok()).count();
    assert!(
        put.iter()
            .flat_map(|p| p.as_ref().err())
            .all(|e| matches!(e, Error::Full(_)))
    );
    assert_eq!(accepted, 20);
    assert_accounts(&queue, accepted);
}
