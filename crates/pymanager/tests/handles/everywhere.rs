//! What has to work on every server.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use pymanager::pickle::Value;
use pymanager::*;
use rustix::process::Signal;

use crate::support::*;

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(10);

/// Whether it is Python 2, whose locks have no time-out.
fn is_2(version: Option<&str>) -> bool {
    version.is_some_and(|version| version.starts_with("2."))
}

/// Runs all checks on a server; `version` is that of Python, if it is Python's.
fn check_all(client: &Client, version: Option<&str>) {
    dict(client);
    list(client);
    value_and_namespace(client);
    array(client);
    event(client);
    lock(client, version);
    recursive_lock(client);
    semaphore(client, version);
    condition(client);
    barrier(client);
    objects(client, version);
}

#[test]
fn on_our_server() {
    let mut server = serve().start();
    let address = server.next_address();
    let client = Client::connect(&address, &key()).unwrap();
    check_all(&client, None);
    assert_eq!(client.number_of_objects().unwrap(), 0);
    server.interrupt();
    server.finish();
}

#[test]
#[ignore = "needs python3"]
fn on_the_server_of_every_python() {
    for python in named_pythons() {
        let mut server = python.script(HERE, "sync_server").start();
        let address = server.next_address();
        let client = Client::connect(&address, &key()).unwrap();
        check_all(&client, Some(&python.version));
        let left = client.number_of_objects().unwrap();
        assert_eq!(left, 0, "{}", python.version);
        server.signal_group(Signal::KILL);
    }
}

fn dict(client: &Client) {
    let dict: RemoteDict<String, i64> = client.remote("dict", &[]).unwrap();
    assert!(dict.is_empty().unwrap());
    dict.insert("b", &2).unwrap();
    dict.insert("a", &1).unwrap();
    assert_eq!(dict.get("a").unwrap(), Some(1));
    assert_eq!(dict.get("z").unwrap(), None);
    assert!(dict.contains("b").unwrap() && !dict.contains("z").unwrap());
    assert_eq!(dict.get_or_insert("a", &7).unwrap(), 1);
    assert_eq!(dict.get_or_insert("c", &3).unwrap(), 3);
    let mut items = dict.items().unwrap();
    items.sort();
    assert_eq!(items, [("a".into(), 1), ("b".into(), 2), ("c".into(), 3)]);
    assert_eq!(dict.keys().unwrap().len(), 3);
    let mut values = dict.values().unwrap();
    values.sort_unstable();
    assert_eq!(values, [1, 2, 3]);
    assert_eq!(dict.remove("b").unwrap(), Some(2));
    assert_eq!(dict.remove("b").unwrap(), None);
    let pairs = [("d".to_string(), 4), ("e".to_string(), 5)];
    dict.update(pairs).unwrap();
    assert_eq!(dict.len().unwrap(), 4);
    dict.clear().unwrap();
    assert_eq!(dict.len().unwrap(), 0);

    // What the keys are is up to who uses it, and so is what cannot be one.
    let any: RemoteDict = client.remote("dict", &[]).unwrap();
    any.insert(1, &Value::none()).unwrap();
    assert!(any.get(1).unwrap().unwrap().is_none());
    let unhashable = any.insert(Value::list(&[]), &1.into()).unwrap_err();
    match unhashable {
        Error::Raised {
            module,
            class,
            args,
            ..
        } => {
            assert!(matches!(&*module, "builtins" | "exceptions"), "{module}");
            assert_eq!((&*class, args.len()), ("TypeError", 1));
        }
        other => panic!("{other:?}"),
    }
}

fn list(client: &Client) {
    let list: RemoteList<i64> = client.remote("list", &[]).unwrap();
    list.push(&3).unwrap();
    list.extend([1, 2]).unwrap();
    list.insert(0, &9).unwrap();
    assert_eq!(list.to_vec().unwrap(), [9, 3, 1, 2]);
    list.set(0, &8).unwrap();
    assert!(list.set(4, &0).is_err());
    assert_eq!(
        (list.get(0).unwrap(), list.get(4).unwrap()),
        (Some(8), None)
    );
    assert_eq!(list.remove(0).unwrap(), Some(8));
    list.sort().unwrap();
    assert!(list.contains(&3).unwrap() && !list.contains(&8).unwrap());
    assert_eq!(list.to_vec().unwrap(), [1, 2, 3]);
    assert_eq!((list.pop().unwrap(), list.len().unwrap()), (Some(3), 2));
    list.clear().unwrap();
    assert!(list.is_empty().unwrap());
    assert_eq!(
        (list.pop().unwrap(), list.to_vec().unwrap()),
        (None, vec![])
    );
}

fn value_and_namespace(client: &Client) {
    let value: RemoteValue<f64> = client.remote("Value", &["d".into(), 0.5.into()]).unwrap();
    assert_eq!(value.get().unwrap(), 0.5);
    value.set(&1.5).unwrap();
    assert_eq!(value.get().unwrap(), 1.5);
    // What is there may be of another type.
    let wrong: RemoteValue<String> = value.handle().clone().into();
    assert!(matches!(wrong.get(), Err(Error::Pickle(_))));

    let namespace: RemoteNamespace = client.remote("Namespace", &[]).unwrap();
    namespace.set("depth", &3).unwrap();
    assert_eq!(namespace.get("depth").unwrap(), Some(3));
    assert!(namespace.remove("depth").unwrap() && !namespace.remove("depth").unwrap());
    assert_eq!(namespace.get::<i64>("depth").unwrap(), None);
}

fn array(client: &Client) {
    for (code, items) in [("d", vec![0.5, 1.5]), ("f", vec![1.0])] {
        let all: Vec<Value> = items.iter().map(|item| (*item).into()).collect();
        let arguments = [code.into(), Value::list(&all)];
        let array: RemoteArray<f64> = client.remote("Array", &arguments).unwrap();
        assert_eq!(array.to_vec().unwrap(), items);
        array.set(0, &2.0).unwrap();
        assert_eq!(array.get(0).unwrap(), Some(2.0));
        assert_eq!(array.get(2).unwrap(), None);
        assert_eq!(array.len().unwrap(), items.len());
    }
    let arguments = ["l".into(), Value::list(&[(-1).into(), (1 << 40).into()])];
    let array: RemoteArray<i64> = client.remote("Array", &arguments).unwrap();
    assert_eq!(array.to_vec().unwrap_or_default(), [-1, 1 << 40]);
    let none: RemoteArray<i64> = client
        .remote("Array", &["i".into(), Value::list(&[])])
        .unwrap();
    assert!(none.is_empty().unwrap() && none.to_vec().unwrap().is_empty());
}

fn event(client: &Client) {
    let event: RemoteEvent = client.remote("Event", &[]).unwrap();
    assert!(!event.is_set().unwrap());
    assert!(!event.wait_timeout(SHORT).unwrap());
    thread::scope(|scope| {
        let waiter = scope.spawn(|| event.wait());
        event.set().unwrap();
        waiter.join().unwrap().unwrap();
    });
    assert!(event.wait_timeout(LONG).unwrap());
    event.clear().unwrap();
    assert!(!event.is_set().unwrap());
}

/// Eight that count under one lock: nothing is lost.
fn lock(client: &Client, version: Option<&str>) {
    let lock: RemoteLock = client.remote("Lock", &[]).unwrap();
    let count: RemoteValue<i64> = client.remote("Value", &["i".into(), 0.into()]).unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let guard = lock.acquire().unwrap();
                    count.set(&(count.get().unwrap() + 1)).unwrap();
                    guard.release().unwrap();
                }
            });
        }
    });
    assert_eq!(count.get().unwrap(), 80);
    assert!(lock.acquire_timeout(Duration::MAX).unwrap().is_some());
    let guard = lock.try_acquire().unwrap().unwrap();
    assert!(lock.try_acquire().unwrap().is_none());
    assert!(guard.again().unwrap().is_none(), "a plain lock");
    if is_2(version) {
        return;
    }
    assert!(lock.acquire_timeout(SHORT).unwrap().is_none());
    thread::scope(|scope| {
        let waiter = scope.spawn(|| lock.acquire_timeout(LONG).unwrap().is_some());
        drop(guard);
        assert!(waiter.join().unwrap());
    });
}

fn recursive_lock(client: &Client) {
    let lock: RemoteLock = client.remote("RLock", &[]).unwrap();
    let guard = lock.acquire().unwrap();
    let again = guard.again().unwrap().expect("it is ours");
    // A guard's lock is the guard's, not the thread's.
    assert!(lock.try_acquire().unwrap().is_none());
    // Other calls do not get in between.
    let count: RemoteValue<i64> = client.remote("Value", &["i".into(), 0.into()]).unwrap();
    count.set(&1).unwrap();
    drop(guard);
    assert!(lock.try_acquire().unwrap().is_none());
    again.release().unwrap();
    assert!(lock.try_acquire().unwrap().is_some());
}

fn semaphore(client: &Client, version: Option<&str>) {
    let two: RemoteSemaphore = client.remote("Semaphore", &[2.into()]).unwrap();
    let (first, second) = (two.acquire().unwrap(), two.try_acquire().unwrap().unwrap());
    assert!(two.try_acquire().unwrap().is_none());
    if !is_2(version) {
        assert!(two.acquire_timeout(SHORT).unwrap().is_none());
    }
    first.forget();
    drop(second);
    let third = two.acquire().unwrap();
    assert!(two.try_acquire().unwrap().is_none());
    two.release().unwrap();
    two.acquire().unwrap().release().unwrap();
    drop(third);
    let bounded: RemoteSemaphore = client.remote("BoundedSemaphore", &[1.into()]).unwrap();
    assert!(matches!(bounded.release(), Err(Error::Raised { class, .. }) if class == "ValueError"));
}

fn condition(client: &Client) {
    let changed: RemoteCondition = client.remote("Condition", &[]).unwrap();
    let ready: RemoteValue<bool> = client.remote("Value", &["b".into(), false.into()]).unwrap();
    let mut held = changed.acquire().unwrap();
    assert!(!held.wait_timeout(SHORT).unwrap());
    assert!(!held.wait_for(|| ready.get(), Some(SHORT)).unwrap());
    held.release().unwrap();
    let (waits, waiting) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..2 {
            let waits = waits.clone();
            let (changed, ready) = (&changed, &ready);
            scope.spawn(move || {
                let mut held = changed.acquire().unwrap();
                waits.send(()).unwrap();
                assert!(held.wait_for(|| ready.get(), None).unwrap());
            });
        }
        // Who has said so holds the lock until it waits.
        for _ in 0..2 {
            waiting.recv_timeout(Duration::from_secs(60)).unwrap();
        }
        let held = changed.acquire().unwrap();
        ready.set(&true).unwrap();
        held.notify(1).unwrap();
        held.notify_all().unwrap();
    });
}

fn barrier(client: &Client) {
    let barrier: RemoteBarrier = match client.remote("Barrier", &[3.into()]) {
        Ok(barrier) => barrier,
        // In Python 2 there is none.
        Err(Error::Refused(_)) => return,
        Err(error) => panic!("{error}"),
    };
    for _ in 0..3 {
        let mut numbers = thread::scope(|scope| {
            let parties = [(); 3].map(|()| scope.spawn(|| barrier.wait().unwrap()));
            parties.map(|party| party.join().unwrap())
        });
        numbers.sort_unstable();
        assert_eq!(numbers, [0, 1, 2]);
    }
    assert_eq!(barrier.parties().unwrap(), 3);
    assert_eq!(barrier.waiting().unwrap(), 0);
    assert!(matches!(
        barrier.wait_timeout(SHORT),
        Err(Error::BrokenBarrier)
    ));
    assert!(barrier.is_broken().unwrap());
    assert!(matches!(barrier.wait(), Err(Error::BrokenBarrier)));
    barrier.reset().unwrap();
    assert!(!barrier.is_broken().unwrap());
    barrier.abort().unwrap();
    assert!(matches!(barrier.wait(), Err(Error::BrokenBarrier)));
}

/// Objects that methods return, and that are in other objects.
fn objects(client: &Client, version: Option<&str>) {
    let dict = client.create("dict", &[]).unwrap();
    let count = |_| client.number_of_objects().unwrap();
    dict.call("__setitem__", &[1.into(), 2.into()], &[], None)
        .unwrap();
    // In Python 2 it is called otherwise, and returns a list.
    if is_2(version) {
        return;
    }
    let before = count(());
    let iterator = dict.call_for_proxy("__iter__", &[], &[], None).unwrap();
    assert_eq!(count(()), before + 1);
    let next = || iterator.call("__next__", &[], &[], None);
    assert_eq!(next().unwrap().as_i64(), Some(1));
    assert!(matches!(next(), Err(Error::Raised { class, .. }) if class == "StopIteration"));
    drop(iterator);
    assert_eq!(count(()), before, "what is dropped is let go");
    let value = dict.call("__iter__", &[], &[], None);
    assert!(matches!(value, Err(Error::IsObject(_))), "{value:?}");
    assert_eq!(count(()), before, "what is not wanted is let go");
    assert!(matches!(
        dict.call_for_proxy("__len__", &[], &[], None),
        Err(Error::Protocol(_))
    ));
    assert_eq!(dict.token().typeid(), "dict");
}
