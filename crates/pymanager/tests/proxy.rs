//! A network that stops, delays and cuts, between our client and our server.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use common::testing::until;
use pymanager::{AuthKey, Client, ClientBuilder, Error, Listener, Manager, Patience, Server};
use pymanager::{RemoteQueue, SharedQueue};

fn key() -> AuthKey {
    AuthKey::new("abc")
}

fn serve() -> (Server, SharedQueue<String>) {
    let tasks = SharedQueue::new();
    let server = Manager::new(key())
        .register("tasks", &tasks)
        .start(Listener::bind("127.0.0.1:0").unwrap())
        .unwrap();
    (server, tasks)
}

/// What a network does to what the server says.
#[derive(Default)]
struct Network {
    /// Nothing is forwarded any more.
    stopped: AtomicBool,
    /// How many bytes more get through before the connection is cut.
    left: AtomicUsize,
    /// Each byte goes on its own, and a moment late.
    slow: AtomicBool,
}

/// A network between clients and the server at `target`: where to connect.
fn network(target: SocketAddr) -> (Arc<Network>, SocketAddr) {
    let network = Arc::new(Network::default());
    network.left.store(usize::MAX, Ordering::SeqCst);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let shared = Arc::clone(&network);
    thread::spawn(move || {
        for near in listener.incoming() {
            let near = near.unwrap();
            let far = TcpStream::connect(target).unwrap();
            let (near_too, far_too) = (near.try_clone().unwrap(), far.try_clone().unwrap());
            let (up, down) = (Arc::clone(&shared), Arc::clone(&shared));
            thread::spawn(move || forward(&near_too, &far_too, &up, false));
            thread::spawn(move || forward(&far, &near, &down, true));
        }
    });
    (network, address)
}

fn forward(mut from: &TcpStream, mut to: &TcpStream, network: &Network, counted: bool) {
    let mut bytes = [0; 4096];
    loop {
        let waiting = from.peek(&mut bytes).unwrap_or(0);
        if waiting == 0 {
            break;
        }
        if network.stopped.load(Ordering::SeqCst) {
            return thread::sleep(Duration::from_secs(600));
        }
        // What is not to go on is left unread, as it would be by a host that
        // dies.
        let left = match counted {
            true => network.left.load(Ordering::SeqCst),
            false => usize::MAX,
        };
        if left == 0 {
            break;
        }
        let count = from.read(&mut bytes[..waiting.min(left)]).unwrap_or(0);
        if left < usize::MAX {
            network.left.fetch_sub(count, Ordering::SeqCst);
        }
        let sent = match network.slow.load(Ordering::SeqCst) {
            false => to.write_all(&bytes[..count]),
            true => bytes[..count].iter().try_for_each(|byte| {
                thread::sleep(Duration::from_micros(200));
                to.write_all(&[*byte])
            }),
        };
        if sent.is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
    let _ = from.shutdown(std::net::Shutdown::Both);
}

#[test]
fn messages_that_come_late_and_in_pieces_are_whole() {
    let (server, tasks) = serve();
    let (network, address) = network(server.address());
    network.slow.store(true, Ordering::SeqCst);
    let client = Client::connect(address, &key()).unwrap();
    let queue: RemoteQueue<String> = client.queue("tasks").unwrap();
    for n in 0..5 {
        let text = format!("{n}").repeat(300);
        queue.put(&text).unwrap();
        assert_eq!(queue.get().unwrap(), text);
    }
    assert!(tasks.is_empty());
}

#[test]
fn a_network_that_forwards_nothing_ends_a_call_in_time() {
    let (server, tasks) = serve();
    let (network, address) = network(server.address());
    let mut patience = Patience::default();
    patience.answer = Duration::from_millis(100);
    let client = ClientBuilder::new(key()).patience(patience);
    let client = client.connect(address).unwrap();
    let queue: RemoteQueue<String> = client.queue("tasks").unwrap();
    queue.put(&"one".to_string()).unwrap();
    network.stopped.store(true, Ordering::SeqCst);
    let called = queue.get_timeout(Duration::from_millis(10));
    assert!(matches!(called, Err(Error::NoAnswer(_))), "{called:?}");
    drop(tasks);
}

/// Wherever a reply is cut: the client has the item or the queue has it, and
/// never both nor neither.
#[test]
fn a_reply_cut_in_the_middle_leaves_the_item_in_its_queue() {
    let (server, tasks) = serve();
    let (network, address) = network(server.address());
    let mut arrived = 0;
    for cut in (0..200).step_by(3) {
        network.left.store(usize::MAX, Ordering::SeqCst);
        let client = Client::connect(address, &key()).unwrap();
        let queue: RemoteQueue<String> = client.queue("tasks").unwrap();
        // The connection for methods is there before it is cut.
        assert_eq!(queue.len().unwrap(), 0);
        let text = "x".repeat(100);
        tasks.put(&text).unwrap();
        network.left.store(cut, Ordering::SeqCst);
        match queue.get() {
            Ok(got) => {
                assert_eq!(got, text);
                assert!(tasks.is_empty(), "{cut}");
                arrived += 1;
            }
            Err(error) => {
                assert!(matches!(error, Error::Disconnected), "{cut}: {error:?}");
                until("the item is back", || tasks.len() == 1);
                assert_eq!(tasks.get().unwrap(), text);
            }
        }
        network.left.store(usize::MAX, Ordering::SeqCst);
    }
    assert!((1..60).contains(&arrived), "{arrived}");
}
