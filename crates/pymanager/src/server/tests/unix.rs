//! A manager on a Unix socket.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use super::*;
use crate::{ClientBuilder, Patience};

/// A path that nobody else uses, in a folder that goes with the test's program.
fn path(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("pymanager-{}-{name}", std::process::id()));
    let _ = fs::remove_file(&path);
    path
}

fn serve_at(path: &Path) -> (Server, SharedQueue<i64>) {
    let tasks = SharedQueue::new();
    let server = Manager::new(key())
        .register("tasks", &tasks)
        .start(Listener::bind_path(path).unwrap())
        .unwrap();
    (server, tasks)
}

fn greeted(path: &Path) -> Raw {
    let stream = OwnedFd::from(UnixStream::connect(path).unwrap());
    let channel = Channel::new(Arc::new(stream.into()), LONG, LONG).unwrap();
    let mut raw = Raw { channel };
    raw.greet("abc").unwrap();
    raw
}

/// Ready for calls of the queue's methods.
fn with_tasks(path: &Path) -> (Raw, String) {
    let created = greeted(path).ask(None, "create", &["tasks".into()]);
    let ident = created.as_sequence().unwrap().get(0).unwrap();
    let mut raw = greeted(path);
    raw.ask(None, "accept_connection", &["raw".into()]);
    (raw, ident.as_str().unwrap().to_string())
}

#[test]
fn a_socket_in_the_file_system_is_for_its_user_alone_and_goes_with_the_server() {
    let path = path("alone");
    // What a server left that was killed.
    drop(UnixListener::bind(&path).unwrap());
    let (server, _tasks) = serve_at(&path);
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(server.path(), Some(&*path));
    // One that is in use is nobody else's.
    let taken = Listener::bind_path(&path).unwrap_err();
    assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
    with_tasks(&path);
    server.shutdown();
    assert!(!path.exists());
    // A file is not a socket.
    fs::write(&path, "precious").unwrap();
    assert!(Listener::bind_path(&path).is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    fs::remove_file(&path).unwrap();
    // The next server's socket is not ours to remove.
    let (first, _tasks) = serve_at(&path);
    fs::remove_file(&path).unwrap();
    let (second, _tasks) = serve_at(&path);
    first.shutdown();
    with_tasks(&path);
    second.shutdown();
    assert!(!path.exists());
}

#[test]
fn of_servers_that_begin_at_the_same_path_at_once_one_has_it() {
    let path = path("race");
    for _ in 0..100 {
        // What a server left that was killed.
        drop(UnixListener::bind(&path).unwrap());
        let start = std::sync::Barrier::new(4);
        let begin = || {
            start.wait();
            Listener::bind_path(&path)
        };
        let begun = thread::scope(|scope| {
            let servers = [(); 4].map(|()| scope.spawn(begin));
            servers.map(|server| server.join().unwrap())
        });
        let mut have_it: Vec<_> = begun.into_iter().flatten().collect();
        assert_eq!(have_it.len(), 1);
        // And it can be reached.
        UnixStream::connect(&path).unwrap();
        have_it.pop();
        assert!(!path.exists());
    }
}

#[test]
fn a_folder_that_somebody_keeps_locked_holds_up_no_server() {
    let folder = path("locked");
    fs::create_dir(&folder).unwrap();
    let lock = fs::File::open(&folder).unwrap();
    // As tmpfiles.d(5) says, against being cleaned up.
    lock.lock_shared().unwrap();
    let path = folder.join("socket");
    let (sender, done) = mpsc::channel();
    thread::spawn(move || {
        let server = Listener::bind_path(&path).unwrap();
        UnixStream::connect(&path).unwrap();
        drop(server);
        assert!(!path.exists());
        sender.send(()).unwrap();
    });
    done.recv_timeout(LONG).unwrap();
    fs::remove_dir(&folder).unwrap();
}

#[test]
fn an_item_that_was_not_read_goes_back_and_one_that_was_stays() {
    let path = path("items");
    let (server, tasks) = serve_at(&path);
    for read in [false, true] {
        let (mut raw, ident) = with_tasks(&path);
        raw.send(Some(&ident), "get", &[]);
        until("it waits", || tasks.waiting() == 1);
        tasks.put(&7).unwrap();
        until("it has left", || tasks.is_empty());
        if read {
            assert_eq!(raw.reply().1, "7");
        } else {
            // It is in the socket, unread.
            let mut fds = [rustix::event::PollFd::new(
                raw.stream(),
                rustix::event::PollFlags::IN,
            )];
            let long = LONG.try_into().unwrap();
            assert_eq!(rustix::event::poll(&mut fds, Some(&long)).unwrap(), 1);
        }
        drop(raw);
        until("the server has noticed", || server.connections() == 0);
        assert_eq!(tasks.len(), usize::from(!read));
        while tasks.try_get().is_ok() {}
    }
    // One that waits and goes has taken nothing.
    let (mut raw, ident) = with_tasks(&path);
    raw.send(Some(&ident), "get", &[]);
    until("it waits", || tasks.waiting() == 1);
    drop(raw);
    until("it waits no more", || tasks.waiting() == 0);
    server.shutdown();
}

#[test]
fn an_iterator_is_told_by_the_path() {
    let path = path("token");
    let (server, _tasks) = serve_at(&path);
    let created = greeted(&path).ask(None, "create", &["dict".into()]);
    let ident = created.as_sequence().unwrap().get(0).unwrap();
    let mut raw = greeted(&path);
    raw.ask(None, "accept_connection", &["raw".into()]);
    raw.send(ident.as_str(), "__iter__", &[]);
    let reply = raw.receive().unwrap().unwrap();
    let reply = Reply::of(&reply).unwrap();
    assert_eq!(reply.kind, "#PROXY");
    let token = reply.value.as_sequence().unwrap().get(1).unwrap();
    let pickle::Kind::Object(token) = token.kind() else {
        panic!("no token");
    };
    let state = token.state().unwrap();
    let address = state.as_sequence().unwrap().get(1).unwrap();
    assert_eq!(address.as_str(), path.to_str());
    server.shutdown();
}

#[test]
fn our_own_client_finds_it_by_its_path() {
    let path = path("client");
    let (server, tasks) = serve_at(&path);
    let client = Client::connect_path(&path, &key()).unwrap();
    let queue = client.queue::<i64>("tasks").unwrap();
    queue.put(&7).unwrap();
    assert_eq!(tasks.get().unwrap(), 7);
    assert!(client.status().is_ok());
    server.shutdown();
    let error = Client::connect_path(&path, &key()).unwrap_err();
    let told = error.to_string();
    assert!(told.contains(path.to_str().unwrap()), "{told}");
}

/// A server that accepts nobody: its queue is full.
#[test]
fn a_full_queue_is_waited_for_until_the_deadline() {
    let path = path("full");
    let listener = rustix::net::socket(
        rustix::net::AddressFamily::UNIX,
        rustix::net::SocketType::STREAM,
        None,
    )
    .unwrap();
    let address = rustix::net::SocketAddrUnix::new(&path).unwrap();
    rustix::net::bind(&listener, &address).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let _fills_it = UnixStream::connect(&path).unwrap();
    let patience = Patience {
        connect: Duration::from_millis(100),
        ..Patience::default()
    };
    let builder = ClientBuilder::new(key()).patience(patience);
    let error = builder.connect_path(&path).unwrap_err();
    assert!(
        matches!(error, Error::Connect { .. } | Error::NoAnswer { .. }),
        "{error}"
    );
    fs::remove_file(&path).unwrap();
}
