//! Unmodified CPythons on one side, ours on the other.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![forbid(unsafe_code)]

mod support;

use std::time::Duration;

use common::testing::{Program, example};
use pymanager::pickle::Value;
use pymanager::{Client, Error, RemoteQueue};
use rustix::process::Signal;
use support::*;

/// Every method, every exception, values of all kinds.
#[test]
#[ignore = "needs python3"]
fn every_python_finds_in_our_server_what_it_would_in_its_own() {
    let mut server = serve().start();
    let address = server.next_address();
    let port = address.rsplit(':').next().unwrap();
    for python in named_pythons() {
        let probe = python.script(HERE, "probe").arg(port).run().success();
        assert_eq!(probe.lines(), ["all as expected"], "{}", python.version);
    }
    server.interrupt();
    server.finish();
}

/// The other way round: our client against the servers of every Python.
#[test]
#[ignore = "needs python3"]
fn our_client_finds_its_way_in_the_servers_of_every_python() {
    for python in named_pythons() {
        let mut server = python.script(HERE, "server").start();
        let address = server.next_address();
        let client = Client::connect(&address, &key()).unwrap();
        let queue: RemoteQueue<Value> = client.queue("get_task_queue").unwrap();
        assert!(matches!(queue.try_get(), Err(Error::Empty)));
        let soon = Duration::from_millis(10);
        assert!(matches!(queue.get_timeout(soon), Err(Error::Empty)));
        for value in [
            Value::none(),
            7.into(),
            (1 << 40).into(),
            (-1.5).into(),
            "text: \u{fc}".into(),
            // In Python 2, bytes are text.
            if python.is_2() {
                8.into()
            } else {
                Value::bytes(b"\x00\xff")
            },
            Value::list(&[1.into(), Value::tuple(&["x".into()])]),
            Value::dict([(&"key".into(), &Value::set(&[1.into()]))]),
        ] {
            queue.put(&value).unwrap();
            let back = queue.get_timeout(Duration::from_secs(10)).unwrap();
            assert_eq!(value.repr(100), back.repr(100), "{}", python.version);
        }
        let small: RemoteQueue<i64> = client.queue("small").unwrap();
        small.put(&1).unwrap();
        assert!(small.is_full().unwrap());
        assert!(matches!(small.try_put(&2), Err(Error::Full)));
        assert!(matches!(small.put_timeout(&2, soon), Err(Error::Full)));
        assert_eq!((small.get().unwrap(), small.len().unwrap()), (1, 0));
        small.task_done().unwrap();
        small.join().unwrap();
        assert!(matches!(small.task_done(), Err(Error::TooManyDone)));
        assert!(matches!(
            client.queue::<i64>("nobody"),
            Err(Error::Refused(_))
        ));
        let wrong = Client::connect(&address, &pymanager::AuthKey::new("wrong"));
        assert!(matches!(wrong, Err(Error::KeyRejected)));
        let shutdown = small.shutdown(false);
        match shutdown {
            Ok(()) => assert!(matches!(small.try_get(), Err(Error::ShutDown))),
            Err(Error::Refused(_)) => {}
            Err(error) => panic!("{}: {error}", python.version),
        }
        server.signal_group(Signal::KILL);
    }
}

#[test]
#[ignore = "needs python3"]
fn every_python_calls_a_class_of_ones_own() {
    for python in named_pythons() {
        let mut server = Program::new(example("own_class"))
            .arg("127.0.0.1:0")
            .start();
        let address = server.next_address();
        let port = address.rsplit(':').next().unwrap();
        let done = python.script(HERE, "own_class").arg(port).run().success();
        assert_eq!(done.lines(), ["all as expected"], "{}", python.version);
        server.signal_group(Signal::KILL);
    }
}

#[test]
#[ignore = "needs python3"]
fn a_killed_python_worker_takes_no_task_along() {
    for python in named_pythons() {
        let master = Master::start();
        let port = master.address().port().to_string();
        let killed = python.script(HERE, "getter").arg(&port).start();
        until("it waits", || master.task.waiting() == 1);
        let ours = master.client();
        let ours = ours.queue::<i64>("get_task_queue").unwrap();
        // The item comes while the kernel takes the process down.
        killed.signal(Signal::KILL);
        master.task.put(&1).unwrap();
        let got = ours.get_timeout(Duration::from_secs(20));
        assert_eq!(got.unwrap(), 1, "{}", python.version);
    }
}

#[test]
#[ignore = "needs python3"]
fn a_hundred_connections_of_python_at_the_same_moment_all_succeed() {
    for python in named_pythons() {
        let master = Master::start();
        let port = master.address().port().to_string();
        python
            .script(HERE, "crowd")
            .args([&port, "100"])
            .run()
            .success();
        let mut came: Vec<_> = std::iter::from_fn(|| master.task.try_get().ok()).collect();
        came.sort_unstable();
        assert_eq!(came, (0..100).collect::<Vec<_>>(), "{}", python.version);
    }
}

/// The packages `multiprocess` (which pickles functions, by dill) and
/// `billiard` (Celery's) speak the protocol too.
#[test]
#[ignore = "needs python3 and PyPI"]
fn packages_that_are_like_multiprocessing_find_their_way() {
    let python = named_pythons()
        .into_iter()
        .rfind(|python| !python.is_2())
        .expect("a Python 3");
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("alike");
    let run = |program: &std::path::Path, args: &[&str]| {
        let done = Program::new(program)
            .args(args)
            .deadline(Duration::from_secs(300))
            .run();
        assert!(done.status.success(), "{args:?} (needs PyPI): {done:?}");
        done
    };
    let venv = folder.to_str().unwrap();
    run(&python.path, &["-m", "venv", venv]);
    let python = folder.join("bin/python");
    let install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "multiprocess",
        "billiard",
    ];
    run(&python, &install);
    let mut server = serve().start();
    let address = server.next_address();
    let port = address.rsplit(':').next().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/alike.py");
    for package in ["multiprocess", "billiard"] {
        let done = run(&python, &[script, package, port]);
        assert_eq!(done.lines(), ["all as expected"], "{package}");
    }
    server.interrupt();
    server.finish();
}
