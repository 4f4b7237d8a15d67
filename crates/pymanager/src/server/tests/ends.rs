//! Clients and servers that end at the worst moment.

use super::*;

/// A client that waits for an item, as the queue sees it.
fn waiting(server: &Server, tasks: &SharedQueue<i64>) -> Raw {
    let before = tasks.waiting();
    let (mut raw, ident) = Raw::with_tasks(server);
    raw.send(Some(&ident), "get", &[]);
    until("the client waits", || tasks.waiting() == before + 1);
    raw
}

#[test]
fn a_client_that_hangs_up_stops_waiting_at_once() {
    let (server, tasks) = serve(Limits::default());
    let raw = waiting(&server, &tasks);
    drop(raw);
    until("nobody waits", || tasks.waiting() == 0);
    until("its thread is gone", || server.connections() == 0);
}

#[test]
fn an_item_for_a_client_that_has_hung_up_stays_and_keeps_its_place() {
    let (server, tasks) = serve(Limits::default());
    for round in 0..200 {
        let raw = waiting(&server, &tasks);
        // The client goes at the very moment when the items come.
        let goes = thread::spawn(move || drop(raw));
        for n in 0..3 {
            tasks.put(&(round * 10 + n)).unwrap();
        }
        goes.join().unwrap();
        until("its thread is gone", || server.connections() == 0);
        let left: Vec<_> = std::iter::from_fn(|| tasks.try_get().ok()).collect();
        assert_eq!(left, [round * 10, round * 10 + 1, round * 10 + 2]);
    }
}

/// The reply is in the client's socket already when the client dies.
#[test]
fn an_item_that_arrives_and_is_not_read_comes_back() {
    let (server, tasks) = serve(Limits::default());
    for n in 0..50 {
        tasks.put(&n).unwrap();
        let (mut raw, ident) = Raw::with_tasks(&server);
        raw.send(Some(&ident), "get", &[]);
        // Peeking takes nothing: the item has arrived.
        raw.stream().set_read_timeout(Some(LONG)).unwrap();
        assert_eq!(raw.stream().peek(&mut [0]).unwrap(), 1);
        assert_eq!(tasks.len(), 0);
        drop(raw);
        until("its thread is gone", || server.connections() == 0);
        assert_eq!(tasks.try_get().unwrap(), n);
    }
}

#[test]
fn an_item_that_is_read_is_the_clients() {
    let (server, tasks) = serve(Limits::default());
    tasks.put(&1).unwrap();
    let (mut raw, ident) = Raw::with_tasks(&server);
    assert_eq!(raw.ask(Some(&ident), "get", &[]).as_i64(), Some(1));
    drop(raw);
    until("its thread is gone", || server.connections() == 0);
    assert!(matches!(tasks.try_get(), Err(Error::Empty)));
}

#[test]
fn a_client_that_cannot_be_sent_an_item_leaves_it() {
    // It takes nothing off its socket, and the item does not fit in the
    // kernel's memory.
    let limits = Limits {
        stalled: Duration::from_millis(100),
        ..Limits::default()
    };
    let texts = SharedQueue::<String>::new();
    let server = Manager::new(key())
        .register("tasks", &texts)
        .limits(limits)
        .start(Listener::bind("127.0.0.1:0").unwrap())
        .unwrap();
    let text = "x".repeat(30 << 20);
    texts.put(&text).unwrap();
    let (mut raw, ident) = Raw::with_tasks(&server);
    raw.send(Some(&ident), "get", &[]);
    until("it is given up", || server.connections() == 0);
    assert_eq!(texts.try_get().unwrap(), text);
}

#[test]
fn a_client_that_takes_a_byte_now_and_then_does_not_keep_its_item() {
    let limits = Limits {
        stalled: Duration::from_millis(300),
        ..Limits::default()
    };
    let texts = SharedQueue::<String>::new();
    let server = Manager::new(key())
        .register("tasks", &texts)
        .limits(limits)
        .start(Listener::bind("127.0.0.1:0").unwrap())
        .unwrap();
    let text = "x".repeat(30 << 20);
    texts.put(&text).unwrap();
    let (mut raw, ident) = Raw::with_tasks(&server);
    raw.send(Some(&ident), "get", &[]);
    thread::scope(|scope| {
        scope.spawn(|| {
            // So much that the kernel tells the sender of the new room.
            let mut some = vec![0; 256 << 10];
            let mut stream = raw.stream();
            while stream.read(&mut some).is_ok_and(|count| count > 0) {
                thread::sleep(Duration::from_millis(500));
            }
        });
        until("it is given up", || server.connections() == 0);
        assert_eq!(texts.try_get().unwrap(), text);
        raw.stream().shutdown(Shutdown::Both).unwrap();
    });
}

#[test]
fn a_shutdown_wakes_all_who_wait_and_ends_all_threads() {
    let (server, tasks) = serve(Limits::default());
    let state = Arc::downgrade(&server.state);
    let mut raws: Vec<_> = (0..20).map(|_| waiting(&server, &tasks)).collect();
    raws.push(Raw::silent(&server));
    let (raw, _) = Raw::with_tasks(&server);
    raws.push(raw);
    server.shutdown();
    for raw in &mut raws {
        // After a challenge, or at once.
        assert!(raw.ends() || raw.ends());
    }
    // Each thread holds it.
    until("the server's threads are gone", || {
        state.strong_count() == 0
    });
    assert_eq!(tasks.waiting(), 0);
    tasks.put(&1).unwrap();
    assert_eq!(tasks.get().unwrap(), 1);
}

/// A master ends like this: the last result has come, and its sender is still
/// to be told.
#[test]
fn the_reply_to_the_call_that_ends_the_server_still_leaves() {
    for _ in 0..100 {
        let (server, tasks) = serve(Limits::default());
        let (mut raw, ident) = Raw::with_tasks(&server);
        let sends = thread::spawn(move || {
            raw.ask(Some(&ident), "put", &[1.into()]);
        });
        tasks.get_timeout(LONG).unwrap();
        server.shutdown();
        sends.join().unwrap();
    }
}

#[test]
fn who_has_the_key_can_end_the_server() {
    let (server, _tasks) = serve(Limits::default());
    let address = server.address();
    let client = Client::connect(address, &key()).unwrap();
    let waits = thread::spawn(move || {
        server.wait();
        server.shutdown();
    });
    client.shutdown_manager().unwrap();
    waits.join().unwrap();
    let refused = Client::connect(address, &key());
    assert!(matches!(refused, Err(Error::Connect { .. })));
}

#[test]
fn objects_are_counted_and_their_identifiers_never_come_again() {
    let (server, _tasks) = serve(Limits::default());
    let client = Client::connect(server.address(), &key()).unwrap();
    let shared = [
        client.queue::<i64>("tasks").unwrap(),
        client.queue("tasks").unwrap(),
    ];
    assert_eq!(client.number_of_objects().unwrap(), 1);
    assert!(client.debug_info().unwrap().contains("refcount=2"));
    let mut idents = std::collections::HashSet::new();
    for _ in 0..20 {
        let queue = client.create("Queue", &[]).unwrap();
        assert!(idents.insert(format!("{queue:?}")));
        assert_eq!(client.number_of_objects().unwrap(), 2);
    }
    assert_eq!(client.number_of_objects().unwrap(), 1);
    drop(shared);
    assert_eq!(client.number_of_objects().unwrap(), 0);
}

#[test]
fn a_client_outlives_its_server_and_finds_the_next() {
    let (server, _) = serve(Limits::default());
    let address = server.address();
    let client = Client::connect(address, &key()).unwrap();
    let old = client.queue::<i64>("tasks").unwrap();
    old.put(&1).unwrap();
    server.shutdown();
    let lost = old.put(&2);
    assert!(matches!(lost, Err(Error::Disconnected)), "{lost:?}");
    assert!(matches!(old.put(&2), Err(Error::Connect { .. })));

    let tasks = SharedQueue::<i64>::new();
    // The kernel may hold the port for connections that are closing.
    let listener = std::cell::OnceCell::new();
    until("the port is free", || {
        let bound = Listener::bind(address);
        bound.is_ok_and(|bound| listener.set(bound).is_ok())
    });
    let server = Manager::new(key())
        .register("tasks", &tasks)
        .start(listener.into_inner().unwrap())
        .unwrap();
    // What the proxy stood for is gone; nothing else answers in its place.
    let stale = old.put(&3);
    assert!(matches!(stale, Err(Error::Refused(_))), "{stale:?}");
    client.queue::<i64>("tasks").unwrap().put(&4).unwrap();
    assert_eq!(tasks.try_get().unwrap(), 4);
    server.shutdown();
}

#[test]
fn a_call_is_cut_off_from_another_thread() {
    let (server, tasks) = serve(Limits::default());
    let client = Client::connect(server.address(), &key()).unwrap();
    let queue = client.queue::<i64>("tasks").unwrap();
    thread::scope(|scope| {
        let call = scope.spawn(|| queue.get());
        until("it waits", || tasks.waiting() == 1);
        client.disconnect();
        assert!(matches!(call.join().unwrap(), Err(Error::Disconnected)));
    });
    queue.put(&5).unwrap();
    assert_eq!(tasks.try_get().unwrap(), 5);
}

#[test]
fn a_half_closed_client_is_no_longer_served() {
    let (server, tasks) = serve(Limits::default());
    let mut raw = waiting(&server, &tasks);
    raw.stream().shutdown(Shutdown::Write).unwrap();
    assert!(raw.ends());
    until("nobody waits", || tasks.waiting() == 0);
}
