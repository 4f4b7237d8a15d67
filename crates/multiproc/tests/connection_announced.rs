//! What comes before a message that brings a descriptor: a mark and padding, so
//! that nothing else has to be received by `recvmsg`.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::io::{IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use multiproc::connection::{Connection, Error, pipe};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};

const NOW: Duration = Duration::ZERO;
/// More than anything takes that waits for nobody.
const SOON: Duration = Duration::from_secs(20);

fn announcement() -> Vec<u8> {
    let mut bytes = b"\x80fds".to_vec();
    bytes.resize(4 + 4100, 0);
    bytes
}

fn with_raw_peer() -> (Connection, UnixStream) {
    let (ours, raw) = UnixStream::pair().unwrap();
    (Connection::from_fd(ours).unwrap(), raw)
}

fn assert_nothing_yet(connection: &mut Connection) {
    let late = connection.recv_bytes_timeout(NOW);
    assert!(matches!(late, Err(Error::TimedOut)), "{late:?}");
}

#[test]
fn it_means_nothing_by_itself() {
    for exact in [false, true] {
        let (mut connection, mut raw) = with_raw_peer();
        if exact {
            connection = connection.without_read_ahead();
        }
        raw.write_all(b"\0\0\0\x02hi").unwrap();
        (0..3).for_each(|_| raw.write_all(&announcement()).unwrap());
        raw.write_all(b"\0\0\0\x02ho").unwrap();
        assert_eq!(connection.recv_bytes_timeout(SOON).unwrap(), b"hi");
        assert_eq!(connection.recv_bytes_timeout(SOON).unwrap(), b"ho");
        raw.write_all(&announcement()).unwrap();
        assert_nothing_yet(&mut connection);
        drop(raw);
        assert!(matches!(
            connection.recv_bytes_timeout(SOON),
            Err(Error::EndOfFile)
        ));
    }
}

/// A call that gives up at any byte of it is continued by the next; also in the
/// process that the connection is sent to.
#[test]
fn it_may_come_in_pieces() {
    let (mut a, mut b) = pipe(true).unwrap();
    let (end, _peer) = pipe(true).unwrap();
    for cut in [1, 3, 4, 5, 12, 100, 4_099, 4_100, 4_103, 4_104] {
        for passed_on in [false, true] {
            let (mut connection, mut raw) = with_raw_peer();
            let whole = announcement();
            raw.write_all(&whole[..cut]).unwrap();
            assert_nothing_yet(&mut connection);
            if passed_on {
                a.send_connection(connection).unwrap();
                connection = b.recv_connection().unwrap();
            }
            raw.write_all(&whole[cut..]).unwrap();
            assert_nothing_yet(&mut connection);
            if passed_on {
                a.send_connection(connection).unwrap();
                connection = b.recv_connection().unwrap();
            }
            // The announced connection, whose own announcement comes first.
            let mut sender = Connection::from_fd(raw).unwrap();
            let copy = end.as_fd().try_clone_to_owned();
            let copy = Connection::from_fd(copy.unwrap()).unwrap();
            sender.send_connection(copy).unwrap();
            sender.send("more").unwrap();
            assert!(
                connection.recv_connection_timeout(SOON).is_ok(),
                "cut at {cut}"
            );
            assert_eq!(connection.recv_timeout::<String>(SOON).unwrap(), "more");
        }
    }
}

/// Of two processes that take turns at an end, the first gives up between the
/// announcement and the message; the second gets that with its descriptor.
#[test]
fn it_may_be_another_receivers() {
    let (first, mut raw) = with_raw_peer();
    let second = Connection::from_fd(first.as_fd().try_clone_to_owned().unwrap()).unwrap();
    let (mut first, mut second) = (first.without_read_ahead(), second.without_read_ahead());
    // The second time, the first one still knows of the first announcement.
    for _ in 0..2 {
        raw.write_all(&announcement()).unwrap();
        assert_nothing_yet(&mut first);
        let (end, mut peer) = pipe(true).unwrap();
        send_unannounced(&raw, &end);
        drop(end);
        let mut passed = second.recv_connection_timeout(SOON).unwrap();
        passed.send("hello").unwrap();
        assert_eq!(peer.recv_timeout::<String>(SOON).unwrap(), "hello");
    }
    // And the first one misses nothing.
    raw.write_all(b"\0\0\0\x02hi").unwrap();
    assert_eq!(first.recv_bytes_timeout(SOON).unwrap(), b"hi");
}

fn send_unannounced(raw: &UnixStream, connection: &Connection) {
    // What is sent is the same for every connection.
    let (mut sender, receiver) = pipe(true).unwrap();
    sender.send_connection(pipe(true).unwrap().0).unwrap();
    drop(sender);
    let mut sent = Vec::new();
    let mut receiver = UnixStream::from(receiver.into_fd().unwrap());
    receiver.read_to_end(&mut sent).unwrap();
    let message = &sent[announcement().len()..];

    let fds = [connection.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    assert!(control.push(SendAncillaryMessage::ScmRights(&fds)));
    let parts = [IoSlice::new(message)];
    rustix::net::sendmsg(raw, &parts, &mut control, SendFlags::empty()).unwrap();
}

#[test]
fn one_that_is_cut_short_is_an_error() {
    for cut in [1, 4, 4_103] {
        let (mut connection, mut raw) = with_raw_peer();
        raw.write_all(&announcement()[..cut]).unwrap();
        drop(raw);
        match connection.recv_bytes_timeout(SOON) {
            Err(Error::CutShort { received }) => assert_eq!(received, cut),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn announcing_without_end_holds_up_no_call_beyond_its_deadline() {
    let (mut connection, mut raw) = with_raw_peer();
    (0..10).for_each(|_| raw.write_all(&announcement()).unwrap());
    assert_nothing_yet(&mut connection);
    // It has not gone on as long as there was something to read.
    assert!(connection.poll(Some(NOW)).unwrap());
}

#[test]
fn a_pipe_has_none() {
    let (read, mut write) = std::io::pipe().unwrap();
    let mut connection = Connection::from_fd(read).unwrap();
    write.write_all(&announcement()).unwrap();
    let refused = connection.recv_bytes_timeout(SOON);
    assert!(matches!(refused, Err(Error::BadLength(_))), "{refused:?}");
}

/// The sender gives up between the announcement and the message: nothing was sent.
#[test]
fn a_sender_may_give_up_behind_it() {
    let (mut connection, mut sender) = pipe(true).unwrap();
    let (_end, other) = pipe(true).unwrap();
    let mut others = vec![other];
    let mut sent = 0;
    // Until the socket is full, wherever that is.
    loop {
        let (end, other) = pipe(true).unwrap();
        others.push(end);
        match sender.send_connection_timeout(other, NOW) {
            Ok(()) => sent += 1,
            Err(Error::TimedOut) => break,
            Err(Error::Cut { .. }) => break,
            Err(error) => panic!("{error}"),
        }
    }
    for _ in 0..sent {
        connection.recv_connection_timeout(SOON).unwrap();
    }
    drop(sender);
    let end = connection.recv_connection_timeout(SOON);
    assert!(
        matches!(end, Err(Error::EndOfFile | Error::CutShort { .. })),
        "{end:?}"
    );
}
