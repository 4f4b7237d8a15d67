//! Peers without the key, and peers with the key and bad manners.

use super::*;

#[test]
fn a_wrong_key_gets_one_word_and_a_closed_connection() {
    let (server, tasks) = serve(Limits::default());
    for wrong in ["", "abcd", "ABC"] {
        let mut raw = Raw::silent(&server);
        assert!(matches!(raw.greet(wrong), Err(AuthError::Rejected)));
        // CPython's server sends a traceback here, with its file paths.
        assert!(matches!(raw.receive(), Ok(None)));
    }
    let refused = Client::connect(server.address(), &AuthKey::new("wrong"));
    assert!(matches!(refused, Err(Error::KeyRejected)));
    is_well(&server, &tasks);
}

#[test]
fn nothing_but_a_handshake_is_heard_before_the_key_is_proven() {
    let (server, tasks) = serve(Limits::default());
    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0x7f, 0xff, 0xff, 0xff],
        &[0xff; 12],
        &[0x80, 0, 0, 0],
        &[0, 0, 1, 1],
        &[0, 0, 0, 0],
        // A request, as if the handshake were over.
        b"\0\0\0\x1b\x80\x04\x95\x10\0\0\0\0\0\0\0(N\x8c\x05dummy\x94)}\x94t\x94.",
    ] {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.write_all(bytes).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let mut heard = Vec::new();
        // It may end in a reset, for what we sent last was not read.
        let _ = stream.read_to_end(&mut heard);
        let end = heard.get(63..).unwrap_or_default();
        assert!(end.is_empty() || end == b"\0\0\0\x09#FAILURE#", "{heard:?}");
    }
    is_well(&server, &tasks);
}

#[test]
fn who_proves_the_key_must_let_it_be_proven_to_him_too() {
    let (server, tasks) = serve(Limits::default());
    let mut raw = Raw::silent(&server);
    raw.greet("abc").unwrap();
    drop(raw);
    // Half a handshake, then a request.
    let mut raw = Raw::silent(&server);
    let deadline = Deadline::after(LONG);
    let challenge = raw
        .channel
        .receive(256, deadline)
        .unwrap()
        .unwrap()
        .to_vec();
    let mac = auth::Digest::Md5.mac(b"abc", &challenge[11..]);
    raw.channel.send(&mac).unwrap();
    let word = raw.channel.receive(256, deadline).unwrap().unwrap();
    assert_eq!(word, b"#WELCOME#");
    raw.send(None, "shutdown", &[]);
    assert!(raw.ends());
    is_well(&server, &tasks);
}

#[test]
fn silent_peers_are_shown_out_and_hold_up_nobody() {
    let limits = Limits {
        handshake: Duration::from_millis(200),
        ..Limits::default()
    };
    let (server, tasks) = serve(limits);
    let mut silent: Vec<_> = (0..50).map(|_| Raw::silent(&server)).collect();
    // One says half of what it has to, and one proves the key and asks for
    // nothing.
    silent[0].write(&[0, 0, 0]);
    silent.push(Raw::greeted(&server));
    is_well(&server, &tasks);
    for raw in &mut silent[1..50] {
        raw.is_shown_out();
    }
    until("all silent peers are gone", || server.connections() == 0);
    is_well(&server, &tasks);
}

#[test]
fn a_crowd_of_silent_peers_gives_way_before_its_time() {
    let limits = Limits {
        handshake: Duration::from_secs(600),
        unproven: 4,
        ..Limits::default()
    };
    let (server, tasks) = serve(limits);
    let _silent: Vec<_> = (0..4).map(|_| Raw::silent(&server)).collect();
    is_well(&server, &tasks);
}

#[test]
fn a_flood_from_one_address_shuts_out_nobody_at_another() {
    let limits = Limits {
        handshake: Duration::from_secs(600),
        unproven: 8,
        ..Limits::default()
    };
    let (server, tasks) = serve(limits);
    // It has connected, and its proof is on its way while the flood comes in.
    let mut slow = Raw::silent(&server);
    let mut flood: Vec<_> = (0..100)
        .map(|_| Raw::silent_from([127, 0, 0, 2], &server))
        .collect();
    until("the flood gives way to itself", || {
        server.connections() <= 8
    });
    slow.greet("abc").unwrap();
    for raw in &mut flood[..90] {
        assert!(raw.ends() || raw.ends());
    }
    is_well(&server, &tasks);
}

/// A thousand a second; here as fast as they can be made.
#[test]
fn a_flood_from_ones_own_address_does_not_keep_clients_out() {
    let limits = Limits {
        handshake: Duration::from_secs(600),
        ..Limits::default()
    };
    let (server, tasks) = serve(limits);
    thread::scope(|scope| {
        // Dropped at the end, which may be a failure.
        let (_flooded, over) = std::sync::mpsc::channel::<()>();
        let server = &server;
        scope.spawn(move || {
            let mut held = std::collections::VecDeque::new();
            while over.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                held.push_back(TcpStream::connect(server.address()));
                if held.len() > 400 {
                    held.pop_front();
                }
                thread::sleep(Duration::from_millis(1));
            }
        });
        for _ in 0..20 {
            is_well(server, &tasks);
        }
    });
}

#[test]
fn connections_are_counted() {
    let limits = Limits {
        connections: 3,
        ..Limits::default()
    };
    let (server, tasks) = serve(limits);
    let held: Vec<_> = (0..3).map(|_| Raw::greeted(&server)).collect();
    let mut fourth = Raw::silent(&server);
    assert!(fourth.greet("abc").is_err());
    drop(held);
    until("their places are free", || server.connections() == 0);
    is_well(&server, &tasks);
}

#[test]
fn malformed_requests_get_an_error_and_the_connection_goes_on() {
    let (server, tasks) = serve(Limits::default());
    let (mut raw, ident) = Raw::with_tasks(&server);
    let nested = [&b"\x80\x04"[..], &[b']'; 20_000], &[b'a'; 19_999], b"."].concat();
    for (bytes, text) in [
        (&b""[..], "ValueError"),
        (b"\x80\x04", "truncated"),
        (b"\x80\x04N.", "not a manager message"),
        (b"\x80\x04).", "not a manager message"),
        (b"\x80\x04(NNNNt.", "not a manager message"),
        (b"\x80\x04h\x07.", "memo"),
        (b"\x80\x04P0\n.", "opcode"),
        (b"\x80\x09N.", "protocol"),
        (
            b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",
            "truncated",
        ),
        (&nested, "nested"),
    ] {
        raw.channel.send(bytes).unwrap();
        let (kind, said) = raw.reply();
        assert_eq!(kind, "#TRACEBACK", "{bytes:?}");
        assert!(said.contains(text), "{bytes:?}: {said}");
    }
    // The same connection goes on.
    raw.ask(Some(&ident), "put", &[3.into()]);
    assert_eq!(tasks.try_get().unwrap(), 3);
}

#[test]
fn a_pickle_that_would_run_a_command_is_stored_and_runs_nothing() {
    let anything = <SharedQueue>::new();
    let server = Manager::new(key())
        .register("tasks", &anything)
        .start(Listener::bind("127.0.0.1:0").unwrap())
        .unwrap();
    let (mut raw, ident) = Raw::with_tasks(&server);
    let mark = std::env::temp_dir().join(format!("ran-{}", std::process::id()));
    let command = format!("touch {}", mark.display());
    let system = Value::global("posix", "system");
    raw.ask(
        Some(&ident),
        "put",
        &[Value::call(&system, &[command.as_str().into()])],
    );
    let item = anything.try_get().unwrap();
    let (module, name, mut args) = item.as_call().unwrap();
    assert_eq!((module, name), ("posix", "system"));
    assert_eq!(args.next().unwrap().as_str(), Some(&*command));
    assert!(!mark.exists());
}

#[test]
fn unknown_names_objects_and_methods_are_refused_by_pythons_words() {
    let (server, _tasks) = serve(Limits::default());
    let (mut raw, ident) = Raw::with_tasks(&server);
    let once = |method: &str, args: &[Value]| {
        let mut raw = Raw::greeted(&server);
        raw.send(None, method, args);
        let reply = raw.reply();
        assert!(raw.ends(), "one request a connection");
        reply
    };
    let unknown = ("#TRACEBACK", "KeyError: 'nobody'");
    for (reply, (kind, text)) in [
        (once("create", &["nobody".into()]), unknown),
        (once("incref", &["nobody".into()]), unknown),
        (once("decref", &["nobody".into()]), unknown),
        (
            once("explode", &[]),
            ("#TRACEBACK", "AssertionError: 'explode' unrecognized"),
        ),
        (
            once("create", &["Queue".into(), 1.into(), 2.into()]),
            (
                "#TRACEBACK",
                "TypeError: Queue.__init__() takes from 1 to 2",
            ),
        ),
    ] {
        assert_eq!(reply.0, kind);
        assert!(reply.1.contains(text), "{}", reply.1);
    }
    raw.send(Some("nobody"), "put", &[1.into()]);
    assert!(raw.reply().1.contains("KeyError: 'nobody'"));
    raw.send(Some(&ident), "mutex", &[]);
    assert!(raw.reply().1.contains("method 'mutex'"));
    raw.send(Some(&ident), "#GETVALUE", &[]);
    assert_eq!(raw.reply().0, "#UNSERIALIZABLE");
    raw.send(Some(&ident), "__str__", &[]);
    assert!(raw.reply().1.contains("queue.Queue object at 0x"));
}

#[test]
fn md5_can_be_refused_to_everyone() {
    let server = Manager::new(key())
        .refuse_md5()
        .start(Listener::bind("127.0.0.1:0").unwrap())
        .unwrap();
    Client::connect(server.address(), &key()).unwrap();
    let mut raw = Raw::silent(&server);
    let deadline = Deadline::after(LONG);
    let challenge = raw
        .channel
        .receive(256, deadline)
        .unwrap()
        .unwrap()
        .to_vec();
    let mac = auth::Digest::Md5.mac(b"abc", &challenge[11..]);
    raw.channel.send(&mac).unwrap();
    assert_eq!(
        raw.channel.receive(256, deadline).unwrap().unwrap(),
        b"#FAILURE#"
    );
}
