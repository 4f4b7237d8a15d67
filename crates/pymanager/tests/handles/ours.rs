//! What only our managers do: handles in the serving program, deaths, memory.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use pymanager::*;

use crate::support::*;

const SHORT: Duration = Duration::from_millis(10);

fn start(manager: Manager) -> (Server, Client) {
    let server = manager
        .start(Listener::bind("127.0.0.1:0").unwrap())
        .unwrap();
    let client = Client::connect(server.address(), &key()).unwrap();
    (server, client)
}

#[test]
fn both_sides_of_a_shared_object_see_one_thing() {
    let dict = SharedDict::<String, i64>::new();
    let list = SharedList::<String>::new();
    let value = SharedValue::new(&1_i64).unwrap();
    let array = SharedArray::new('d', &[0.0, 1.0]).unwrap();
    let namespace = SharedNamespace::new();
    let (_server, client) = start(
        Manager::new(key())
            .register("dict", &dict)
            .register("list", &list)
            .register("value", &value)
            .register("array", &array)
            .register("namespace", &namespace),
    );
    let far: RemoteDict<String, i64> = client.remote("dict", &[]).unwrap();
    far.insert("a", &1).unwrap();
    dict.insert("b", &2).unwrap();
    assert_eq!(dict.keys().unwrap(), ["a", "b"]);
    assert_eq!(far.items().unwrap(), dict.items().unwrap());
    assert_eq!(dict.values().unwrap(), [1, 2]);

    let far: RemoteList<String> = client.remote("list", &[]).unwrap();
    far.push(&"a".to_string()).unwrap();
    assert_eq!(list.to_vec().unwrap(), ["a"]);

    let far: RemoteValue<i64> = client.remote("value", &[]).unwrap();
    far.set(&(far.get().unwrap() + 1)).unwrap();
    assert_eq!(value.get().unwrap(), 2);

    let far: RemoteArray<f64> = client.remote("array", &[]).unwrap();
    far.set(0, &0.5).unwrap();
    assert_eq!(array.to_vec().unwrap(), [0.5, 1.0]);

    let far: RemoteNamespace = client.remote("namespace", &[]).unwrap();
    far.set("x", &1).unwrap();
    assert_eq!(namespace.get("x").unwrap(), Some(1));
}

#[test]
fn a_lock_is_held_by_one_whichever_side_it_is_on() {
    for lock in [SharedLock::new(), SharedLock::recursive()] {
        let (_server, client) = start(Manager::new(key()).register("lock", &lock));
        let far: RemoteLock = client.remote("lock", &[]).unwrap();
        let count = SharedValue::new(&0).unwrap();
        let increment = || count.set(&(count.get().unwrap() + 1)).unwrap();
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let guard = lock.acquire().unwrap();
                        increment();
                        guard.release().unwrap();
                    }
                });
                scope.spawn(|| {
                    for _ in 0..100 {
                        let guard = far.acquire().unwrap();
                        increment();
                        drop(guard);
                    }
                });
            }
        });
        assert_eq!(count.get().unwrap(), 600);
        // Two guards of one program are two owners.
        let guard = lock.acquire().unwrap();
        assert!(lock.try_acquire().unwrap().is_none());
        assert!(far.acquire_timeout(SHORT).unwrap().is_none());
        drop(guard);
    }
}

#[test]
fn a_lock_that_the_serving_program_holds_is_told_as_such() {
    let lock = SharedLock::new();
    let (_server, client) = start(Manager::new(key()).register("lock", &lock));
    let _far: RemoteLock = client.remote("lock", &[]).unwrap();
    let guard = lock.acquire().unwrap();
    let status = client.status().unwrap();
    assert!(
        status.to_string().contains("held by the serving program"),
        "{status}"
    );
    let held = &status.objects[0];
    let numbers = status
        .connections
        .iter()
        .map(|connection| connection.number);
    assert!(numbers.max() < held.held_by, "{status}");
    drop(guard);
    let status = client.status().unwrap();
    assert_eq!(status.objects[0].held_by, None, "{status}");
}

#[test]
fn what_a_cut_client_held_goes_to_the_next() {
    let lock = SharedLock::new();
    let (_server, client) = start(Manager::new(key()).register("lock", &lock));
    let far: RemoteLock = client.remote("lock", &[]).unwrap();
    let guard = far.acquire().unwrap();
    thread::scope(|scope| {
        let next = scope.spawn(|| lock.acquire().unwrap());
        client.disconnect();
        drop(next.join().unwrap());
    });
    // Whoever held it hears that it did not hold it to the end.
    assert!(matches!(guard.release(), Err(Error::Disconnected)));
    assert!(far.try_acquire().unwrap().is_some());
}

#[test]
fn a_guard_that_could_not_release_takes_its_connection_along() {
    let lock = SharedLock::new();
    let (server, client) = start(Manager::new(key()).register("lock", &lock));
    let far: RemoteLock = client.remote("lock", &[]).unwrap();
    let guard = far.acquire().unwrap();
    let connections = server.connections();
    // Anybody may release a plain lock.
    far.handle().call("release", &[], &[], None).unwrap();
    assert!(matches!(guard.release(), Err(Error::Raised { .. })));
    until("its connection is closed", || {
        server.connections() == connections
    });
}

#[test]
fn what_is_in_shared_objects_counts_as_the_managers_from_the_start() {
    let dict = SharedDict::<i64, String>::new();
    dict.insert(1, &"x".repeat(10_000)).unwrap();
    let mut limits = Limits::default();
    limits.memory = 100_000;
    let (server, client) = start(Manager::new(key()).register("dict", &dict).limits(limits));
    let before = server.memory();
    assert!((10_000..50_000).contains(&before), "{before}");
    let far: RemoteDict<i64, String> = client.remote("dict", &[]).unwrap();
    for (n, near) in (2..).zip([true, false].into_iter().cycle().take(20)) {
        let text = "x".repeat(10_000);
        let _ = match near {
            true => dict.insert(n, &text),
            false => far.insert(n, &text),
        };
    }
    let full = dict.insert(99, &"x".repeat(10_000)).unwrap_err();
    assert!(full.to_string().contains("MemoryError"), "{full}");
    assert!(server.memory() <= 100_000);
    dict.clear().unwrap();
    assert_eq!(server.memory(), 0);
    far.insert(1, &"x".repeat(10_000)).unwrap();
    assert!(server.memory() > 10_000);
    drop(dict);
}

/// Each proxy is a reference in the manager, and none is left behind, however
/// many come and go at once.
#[test]
fn proxies_that_come_and_go_in_many_threads_leave_nothing() {
    let (_server, client) = start(Manager::new(key()));
    let together = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                together.wait();
                for _ in 0..20 {
                    let list: RemoteList<i64> = client.remote("list", &[]).unwrap();
                    list.push(&1).unwrap();
                }
            });
        }
    });
    assert_eq!(client.number_of_objects().unwrap(), 0);
}

#[test]
fn an_event_and_a_barrier_are_met_from_both_sides() {
    let (go, meet) = (SharedEvent::new(), SharedBarrier::new(2).unwrap());
    let (_server, client) = start(
        Manager::new(key())
            .register("go", &go)
            .register("meet", &meet),
    );
    let far_go: RemoteEvent = client.remote("go", &[]).unwrap();
    let far_meet: RemoteBarrier = client.remote("meet", &[]).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            far_go.wait().unwrap();
            far_meet.wait().unwrap();
        });
        go.set().unwrap();
        meet.wait().unwrap();
    });
}
