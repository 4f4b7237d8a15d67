//! Connections that are sent through connections, and peers that attach
//! descriptors to anything.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::fs::File;
use std::io::{IoSlice, Read, Write, pipe as bare_pipe};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use multiproc::connection::{Connection, Error, pipe};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

const NOW: Duration = Duration::ZERO;
const SOON: Duration = Duration::from_secs(20);

/// Sends `bytes` with descriptors attached, as anybody may.
fn send_with(raw: &UnixStream, bytes: &[u8], fds: &[BorrowedFd<'_>]) {
    let mut space = vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(fds.len()))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    assert!(control.push(SendAncillaryMessage::ScmRights(fds)));
    let sent = sendmsg(
        raw,
        &[IoSlice::new(bytes)],
        &mut control,
        SendFlags::empty(),
    );
    assert_eq!(sent.unwrap(), bytes.len());
}

fn with_raw_peer() -> (Connection, UnixStream) {
    let (ours, raw) = UnixStream::pair().unwrap();
    (Connection::from_fd(ours).unwrap(), raw)
}

/// What comes before a message that brings a descriptor: a mark, and padding as
/// long as what a connection receives ahead.
fn announcement() -> Vec<u8> {
    let mut bytes = b"\x80fds".to_vec();
    bytes.resize(4 + 4100, 0);
    bytes
}

/// The bytes of the message that passes `connection`, without the announcement.
fn frame_of(connection: Connection) -> Vec<u8> {
    let (mut sender, mut raw) = with_raw_peer();
    sender.send_connection(connection).unwrap();
    drop(sender);
    let mut bytes = Vec::new();
    raw.read_to_end(&mut bytes).unwrap();
    bytes.split_off(announcement().len())
}

/// Whether the writing end `end` has no reader any more: nobody has a copy of
/// the other end.
fn is_alone(mut end: &File) -> bool {
    end.write(b"x").is_err()
}

#[test]
fn each_connection_arrives_with_its_own_message() {
    for exact in [false, true] {
        let (mut a, mut b) = pipe(true).unwrap();
        if exact {
            b = b.without_read_ahead();
        }
        // Mixed with other messages, all sent before the first is received.
        let mut kept = Vec::new();
        for number in 0..20_u32 {
            a.send(&number).unwrap();
            let (here, there) = pipe(true).unwrap();
            a.send_connection(there).unwrap();
            kept.push(here);
        }
        for (number, here) in (0..20_u32).zip(&mut kept) {
            assert_eq!(b.recv::<u32>().unwrap(), number);
            let mut there = b.recv_connection().unwrap();
            here.send(&number).unwrap();
            assert_eq!(there.recv::<u32>().unwrap(), number);
            there.send("back").unwrap();
            assert_eq!(here.recv::<String>().unwrap(), "back");
            drop(there);
            // Nobody else has that end: neither the sender nor this test.
            assert!(matches!(here.recv_bytes(), Err(Error::EndOfFile)));
        }
    }
}

#[test]
fn a_one_way_end_keeps_its_direction() {
    let (mut a, mut b) = pipe(true).unwrap();
    let (reader, writer) = pipe(false).unwrap();
    a.send_connection(writer).unwrap();
    a.send_connection(reader).unwrap();
    let mut writer = b.recv_connection().unwrap();
    let mut reader = b.recv_connection().unwrap();
    assert!(writer.is_writable() && !writer.is_readable());
    assert!(reader.is_readable() && !reader.is_writable());
    writer.send("through").unwrap();
    assert_eq!(reader.recv::<String>().unwrap(), "through");
}

#[test]
fn what_was_received_ahead_goes_along() {
    let (mut a, mut b) = pipe(true).unwrap();
    let (mut receiver, mut sender) = pipe(true).unwrap();
    for number in 0..200_u32 {
        sender.send(&number).unwrap();
    }
    assert_eq!(receiver.recv::<u32>().unwrap(), 0);
    // Even half a message, begun by a call that gave up.
    a.send_connection(receiver).unwrap();
    let mut receiver = b.recv_connection().unwrap();
    for number in 1..200_u32 {
        assert_eq!(receiver.recv::<u32>().unwrap(), number);
    }

    let (mut receiver, mut raw) = with_raw_peer();
    raw.write_all(&[&10_000_u32.to_be_bytes()[..], &[3; 9_000]].concat())
        .unwrap();
    let late = receiver.recv_bytes_timeout(NOW);
    assert!(matches!(late, Err(Error::TimedOut)));
    a.send_connection(receiver).unwrap();
    let mut receiver = b.recv_connection().unwrap();
    raw.write_all(&[3; 1_000]).unwrap();
    assert_eq!(receiver.recv_bytes().unwrap(), [3; 10_000]);
}

#[test]
fn a_connection_that_received_much_ahead_still_gets_others() {
    let (mut a, mut b) = pipe(true).unwrap();
    let (mut receiver, mut raw) = with_raw_peer();
    raw.write_all(&[&60_000_u32.to_be_bytes()[..], &[3; 50_000]].concat())
        .unwrap();
    let late = receiver.recv_bytes_timeout(NOW);
    assert!(matches!(late, Err(Error::TimedOut)));
    a.send_connection(receiver).unwrap();
    let mut receiver = b.recv_connection().unwrap();
    raw.write_all(&[3; 10_000]).unwrap();
    let mut sender = Connection::from_fd(raw).unwrap();
    sender.send("small").unwrap();
    let (ours, theirs) = pipe(true).unwrap();
    sender.send_connection(theirs).unwrap();
    assert_eq!(receiver.recv_bytes_timeout(SOON).unwrap(), [3; 60_000]);
    assert_eq!(receiver.recv_timeout::<String>(SOON).unwrap(), "small");
    receiver.recv_connection_timeout(SOON).unwrap();
    drop(ours);
}

#[test]
fn a_descriptor_that_arrives_is_closed_in_programs_that_are_executed() {
    let (mut a, mut b) = pipe(true).unwrap();
    a.send_connection(pipe(true).unwrap().0).unwrap();
    let got = b.recv_connection().unwrap();
    let flags = rustix::io::fcntl_getfd(got.as_fd()).unwrap();
    assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
}

#[test]
fn the_sender_gives_its_copy_up() {
    let (mut a, mut b) = pipe(true).unwrap();
    let (mut ours, theirs) = pipe(true).unwrap();
    a.send_connection(theirs).unwrap();
    drop(b.recv_connection().unwrap());
    assert!(matches!(ours.recv_bytes(), Err(Error::EndOfFile)));
}

#[test]
fn a_pipe_cannot_carry_connections() {
    let (_reader, mut writer) = pipe(false).unwrap();
    let sent = writer.send_connection(pipe(true).unwrap().0);
    assert!(matches!(sent, Err(Error::NotUnixSocket)), "{sent:?}");

    let (mut a, _b) = pipe(true).unwrap();
    let (mut closed, _peer) = pipe(true).unwrap();
    closed.close();
    let sent = a.send_connection(closed);
    assert!(matches!(sent, Err(Error::Closed)), "{sent:?}");
}

#[test]
fn another_message_is_no_connection() {
    let (mut a, mut b) = pipe(true).unwrap();
    a.send_bytes(b"just bytes").unwrap();
    match b.recv_connection() {
        Err(Error::NotAConnection(message)) => assert_eq!(message, b"just bytes"),
        other => panic!("{other:?}"),
    }
    let late = b.recv_connection_timeout(NOW);
    assert!(matches!(late, Err(Error::TimedOut)));
    a.send_connection_timeout(pipe(true).unwrap().0, NOW)
        .unwrap();
    assert!(b.recv_connection_timeout(NOW).is_ok());
}

#[test]
fn descriptors_that_nobody_asked_for_are_closed() {
    // One, two (which the rounding of the control buffer leaves room for), and
    // as many as the kernel allows.
    for count in [1, 2, 3, 253] {
        for (exact, announced) in [(false, false), (true, false), (false, true), (true, true)] {
            let (mut connection, mut raw) = with_raw_peer();
            if exact {
                connection = connection.without_read_ahead();
            }
            if announced {
                raw.write_all(&announcement()).unwrap();
            }
            let (reader, writer) = bare_pipe().unwrap();
            let writer = File::from(OwnedFd::from(writer));
            send_with(&raw, b"\0\0\0\x02hi", &vec![reader.as_fd(); count]);
            drop(reader);
            assert_eq!(connection.recv_bytes().unwrap(), b"hi");
            assert!(is_alone(&writer), "{count} descriptors");
        }
    }
}

#[test]
fn descriptors_inside_of_messages_are_closed() {
    // At the header's second byte, in the body that is received ahead, and in
    // the one that goes straight to its place; on every single byte.
    for at in [1, 4, 100, 60_000] {
        let (mut connection, mut raw) = with_raw_peer();
        let (reader, writer) = bare_pipe().unwrap();
        let writer = File::from(OwnedFd::from(writer));
        let whole = [&70_000_u32.to_be_bytes()[..], &[7; 70_000]].concat();
        raw.write_all(&announcement()).unwrap();
        raw.write_all(&whole[..at]).unwrap();
        let late = connection.recv_bytes_timeout(NOW);
        assert!(matches!(late, Err(Error::TimedOut)));
        for byte in &whole[at..at + 100] {
            send_with(&raw, &[*byte], &[reader.as_fd(), reader.as_fd()]);
            let _ = connection.recv_bytes_timeout(NOW);
        }
        raw.write_all(&whole[at + 100..]).unwrap();
        drop(reader);
        assert_eq!(connection.recv_bytes().unwrap().len(), 70_000);
        assert!(is_alone(&writer), "at {at}");
    }
}

#[test]
fn few_descriptors_are_kept_while_a_header_is_incomplete() {
    let (mut connection, mut raw) = with_raw_peer();
    raw.write_all(&announcement()).unwrap();
    let readers: Vec<_> = (0..12).map(|_| bare_pipe().unwrap()).collect();
    let header = [&[0xff; 4][..], &0_u64.to_be_bytes()].concat();
    for (byte, (reader, _)) in header[..11].iter().zip(&readers) {
        send_with(&raw, &[*byte], &[reader.as_fd()]);
        let _ = connection.recv_bytes_timeout(NOW);
    }
    let writers: Vec<File> = readers
        .into_iter()
        .map(|(_, writer)| File::from(OwnedFd::from(writer)))
        .collect();
    let kept = writers.iter().filter(|writer| !is_alone(writer)).count();
    assert!(kept <= 2, "{kept}");
    send_with(&raw, &header[11..], &[raw.as_fd()]);
    assert_eq!(connection.recv_bytes().unwrap(), b"");
    assert!(writers.iter().all(is_alone));
}

#[test]
fn a_connection_without_its_descriptor_is_refused() {
    let (end, _peer) = pipe(true).unwrap();
    let frame = frame_of(end);
    let (mut connection, mut raw) = with_raw_peer();
    raw.write_all(&frame).unwrap();
    let refused = connection.recv_connection();
    assert!(matches!(refused, Err(Error::NoDescriptor)), "{refused:?}");

    // Two are one too many, and a file is none of the kinds that there are.
    let (other, _) = UnixStream::pair().unwrap();
    let null = File::open("/dev/null").unwrap();
    for fds in [&[other.as_fd(), other.as_fd()][..], &[null.as_fd()]] {
        raw.write_all(&announcement()).unwrap();
        send_with(&raw, &frame, fds);
        let refused = connection.recv_connection();
        assert!(matches!(refused, Err(Error::NoDescriptor)), "{refused:?}");
    }

    // A read-only pipe stays one, whatever the message claims.
    let (reader, _writer) = bare_pipe().unwrap();
    raw.write_all(&announcement()).unwrap();
    send_with(&raw, &frame, &[reader.as_fd()]);
    let got = connection.recv_connection().unwrap();
    assert!(got.is_readable() && !got.is_writable());

    // And what should tell the directions may be anything.
    let mut broken = frame.clone();
    let last = broken.len() - 4;
    broken[last] = 9;
    raw.write_all(&announcement()).unwrap();
    send_with(&raw, &broken, &[other.as_fd()]);
    let refused = connection.recv_connection();
    assert!(matches!(refused, Err(Error::Codec(_))), "{refused:?}");
}
