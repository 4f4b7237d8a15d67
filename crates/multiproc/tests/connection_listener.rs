//! Connections to an address, and the key that they begin with.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::Duration;

use multiproc::connection::{Address, Connection, Error, Listener, wait};

fn anywhere() -> Address {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()
}

/// A listener of each kind, and the folder that one of them is in.
fn listeners() -> (tempfile::TempDir, [Listener; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listeners = [anywhere(), path.into()].map(|address| Listener::bind(address).unwrap());
    (folder, listeners)
}

#[test]
fn messages_go_both_ways() {
    let (_folder, listeners) = listeners();
    for listener in &listeners {
        let mut client = Connection::connect(listener.address()).unwrap();
        let mut server = listener.accept().unwrap();
        let long = vec![7_u8; 3 << 20];
        thread::scope(|scope| {
            scope.spawn(|| client.send(&("a question", 1_u8, &long)).unwrap());
            let (words, number, back): (String, u8, Vec<u8>) = server.recv().unwrap();
            assert_eq!((words.as_str(), number), ("a question", 1));
            assert!(back == long);
        });
        server.send_bytes(b"an answer").unwrap();
        assert_eq!(client.recv_bytes().unwrap(), b"an answer");
        drop(client);
        assert!(matches!(server.recv_bytes(), Err(Error::EndOfFile)));
    }
}

#[test]
fn nobody_comes_and_somebody_comes() {
    let (_folder, listeners) = listeners();
    for listener in &listeners {
        let none = listener.accept_timeout(Duration::from_millis(5));
        assert!(matches!(none, Err(Error::TimedOut)), "{none:?}");
        assert!(wait(&[listener], Some(Duration::ZERO)).unwrap().is_empty());
        let client = Connection::connect(listener.address()).unwrap();
        assert_eq!(wait(&[listener], None).unwrap(), [0]);
        // One that has gone again is accepted, and found to be gone.
        drop(client);
        let mut server = listener.accept().unwrap();
        assert!(matches!(server.recv_bytes(), Err(Error::EndOfFile)));
    }
}

#[test]
fn a_path_is_taken_while_its_listener_lives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = Listener::bind(&*path).unwrap();
    let second = Listener::bind(&*path).unwrap_err();
    assert_eq!(second.kind(), std::io::ErrorKind::AddrInUse);
    drop(listener);
    assert!(!path.exists());
    let refused = Connection::connect(&Address::from(path)).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::NotFound);
}

#[cfg(feature = "auth")]
mod with_a_key {
    use multiproc::connection::auth::{AuthError, AuthKey, Rules, as_server};
    use multiproc::deadline::Deadline;

    use super::*;

    #[test]
    fn who_has_it_is_let_in() {
        let (_folder, listeners) = listeners();
        for listener in &listeners {
            let key = AuthKey::new("a secret");
            thread::scope(|scope| {
                let client = scope.spawn(|| {
                    let mut client = Connection::connect_with_key(listener.address(), &key);
                    client.as_mut().unwrap().send_bytes(b"hello").unwrap();
                });
                let mut server = listener.accept_with_key(&key).unwrap();
                assert_eq!(server.recv_bytes().unwrap(), b"hello");
                client.join().unwrap();
            });
        }
    }

    #[test]
    fn who_has_another_is_not_and_both_are_told() {
        let (_folder, listeners) = listeners();
        for listener in &listeners {
            thread::scope(|scope| {
                let client = scope.spawn(|| {
                    let wrong = AuthKey::new("another");
                    Connection::connect_with_key(listener.address(), &wrong).unwrap_err()
                });
                let server = listener.accept_with_key(&AuthKey::new("a secret"));
                assert!(matches!(server, Err(AuthError::Wrong)), "{server:?}");
                let client = client.join().unwrap();
                assert!(matches!(client, AuthError::Rejected), "{client:?}");
            });
        }
    }

    #[test]
    fn who_says_nothing_or_nonsense_holds_nobody_up() {
        let (_folder, listeners) = listeners();
        for listener in &listeners {
            let mut rules = Rules::new(&AuthKey::new("a secret"));
            rules.deadline = Deadline::after(Duration::from_millis(20));
            let silent = Connection::connect(listener.address()).unwrap();
            let proof = as_server(&mut listener.accept().unwrap(), &rules);
            assert!(
                matches!(proof, Err(AuthError::Connection(Error::TimedOut))),
                "{proof:?}"
            );
            drop(silent);
            for nonsense in [&b""[..], b"{sha256}", &[7; 256], &[7; 300]] {
                let mut peer = Connection::connect(listener.address()).unwrap();
                peer.send_bytes(nonsense).unwrap();
                let proof = listener.accept_with_key(&rules.key);
                assert!(proof.is_err(), "{nonsense:?}");
            }
        }
    }
}
