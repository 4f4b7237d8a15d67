//! Waiting, time-outs, and descriptors that are given away.

use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::thread;

use multiproc::connection::{Connection, Error, pipe, wait};

use crate::{NOW, SHORT, pairs, pattern, with_raw_peer};

#[test]
fn a_receive_that_times_out_loses_nothing() {
    for exact in [false, true] {
        let (mut connection, mut raw) = with_raw_peer();
        if exact {
            connection = connection.without_read_ahead();
        }
        let message = pattern(100_000);
        let whole = [&100_000_u32.to_be_bytes()[..], &message, b"\0\0\0\x02ok"].concat();
        let mut buffer = vec![0; 100_000];
        // Each piece is taken by another kind of call.
        for (turn, piece) in whole[..100_000].chunks(7_919).enumerate() {
            raw.write_all(piece).unwrap();
            let error = match turn % 3 {
                0 => connection.recv_bytes_timeout(NOW).unwrap_err(),
                1 => connection
                    .recv_bytes_into_timeout(&mut buffer, NOW)
                    .unwrap_err(),
                _ => connection.recv_timeout::<String>(NOW).unwrap_err(),
            };
            assert!(matches!(error, Error::TimedOut), "{error}");
        }
        raw.write_all(&whole[100_000..]).unwrap();
        assert_eq!(connection.recv_bytes_into(&mut buffer).unwrap(), 100_000);
        assert!(buffer == message);
        assert_eq!(connection.recv_bytes().unwrap(), b"ok");
    }
}

#[test]
fn a_slow_reader_blocks_the_writer() {
    // Of sizes that leave room for a part of one more.
    for size in [5_000, 21_000, 60_000] {
        for (receiver, sender) in pairs() {
            fill(receiver, sender, &pattern(size));
        }
    }
}

fn fill(mut receiver: Connection, mut sender: Connection, message: &[u8]) {
    // The pipe takes some messages, then no more: it is bounded.
    let mut sent = 0_usize;
    let stopped = loop {
        match sender.send_bytes_timeout(message, SHORT) {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
        assert!(sent < 1_000, "the pipe takes everything");
    };
    let cut = match stopped {
        Error::TimedOut => false,
        Error::Cut { sent, of } => {
            assert_eq!(of, message.len() + 4);
            assert!(sent > 0 && sent < of, "{sent}");
            true
        }
        other => panic!("{other:?}"),
    };
    for _ in 0..sent {
        assert!(receiver.recv_bytes().unwrap() == message);
    }
    if cut {
        // Nothing may follow half a message, and the peer learns of it.
        assert!(sender.send_bytes(b"more").is_err());
        assert!(!sender.is_writable());
        let short = receiver.recv_bytes();
        assert!(matches!(short, Err(Error::CutShort { .. })), "{short:?}");
    } else {
        sender.send_timeout("room again", SHORT).unwrap();
        assert_eq!(receiver.recv::<String>().unwrap(), "room again");
    }
}

#[test]
fn a_send_that_times_out_before_its_first_byte_can_be_repeated() {
    for (mut receiver, mut sender) in pairs() {
        // Small ones leave whole or not at all.
        let mut sent = 0;
        let error = loop {
            match sender.send_bytes_timeout(&[9; 12], NOW) {
                Ok(()) => sent += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, Error::TimedOut), "{error}");
        for _ in 0..sent {
            assert_eq!(receiver.recv_bytes().unwrap(), [9; 12]);
        }
        assert!(!receiver.poll(Some(NOW)).unwrap());
        sender.send_bytes(b"again").unwrap();
        assert_eq!(receiver.recv_bytes().unwrap(), b"again");
    }
}

#[test]
fn poll_and_wait_see_what_is_received_ahead() {
    let (mut receiver, mut sender) = pipe(true).unwrap();
    let (quiet, _quiet_peer) = pipe(true).unwrap();
    assert!(!receiver.poll(Some(NOW)).unwrap());
    assert!(!receiver.poll(Some(SHORT)).unwrap());
    assert!(wait(&[&quiet, &receiver], Some(SHORT)).unwrap().is_empty());
    for message in ["one", "two"] {
        sender.send(message).unwrap();
    }
    assert_eq!(receiver.recv::<String>().unwrap(), "one");
    // The descriptor is empty now: "two" came with "one".
    let fd = receiver.as_fd().try_clone_to_owned().unwrap();
    assert!(wait(&[&fd], Some(NOW)).unwrap().is_empty());
    assert!(receiver.poll(Some(NOW)).unwrap());
    assert!(receiver.poll(None).unwrap());
    assert_eq!(wait(&[&quiet, &receiver, &fd], None).unwrap(), [1]);
    assert_eq!(receiver.recv::<String>().unwrap(), "two");
    assert!(!receiver.poll(Some(NOW)).unwrap());
    // End of file is something to receive.
    drop(sender);
    assert!(receiver.poll(None).unwrap());
    let borrowed = fd.as_fd();
    assert_eq!(wait(&[&borrowed, &quiet, &receiver], None).unwrap(), [0, 2]);
}

#[test]
fn without_read_ahead_the_next_message_stays_for_others() {
    let (receiver, mut sender) = pipe(true).unwrap();
    let mut receiver = receiver.without_read_ahead();
    let shared = receiver.as_fd().try_clone_to_owned().unwrap();
    let mut other = Connection::from_fd(shared).unwrap().without_read_ahead();
    for number in 0..100_u32 {
        sender.send(&number).unwrap();
    }
    for number in (0..100_u32).step_by(2) {
        assert_eq!(receiver.recv::<u32>().unwrap(), number);
        assert_eq!(other.recv::<u32>().unwrap(), number + 1);
    }
}

#[test]
fn a_descriptor_is_not_given_away_while_messages_would_be_lost() {
    let (mut receiver, mut sender) = pipe(true).unwrap();
    sender.send_bytes(b"one").unwrap();
    sender.send_bytes(b"two").unwrap();
    receiver.recv_bytes().unwrap();
    let refused = receiver.into_fd();
    assert!(matches!(refused, Err(Error::ReadAhead(7))), "{refused:?}");

    let (mut receiver, mut sender) = pipe(true).unwrap();
    sender.send_bytes(b"one").unwrap();
    receiver.recv_bytes().unwrap();
    let fd = receiver.into_fd().unwrap();
    sender.send_bytes(b"two").unwrap();
    let mut bytes = [0; 7];
    UnixStream::from(fd).read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"\0\0\0\x03two");
}

#[test]
fn ends_know_what_they_can_do() {
    let (mut reader, mut writer) = pipe(false).unwrap();
    assert!(reader.is_readable() && !reader.is_writable());
    assert!(!writer.is_readable() && writer.is_writable());
    assert!(matches!(reader.send_bytes(b"x"), Err(Error::ReadOnly)));
    assert!(matches!(writer.recv_bytes(), Err(Error::WriteOnly)));
    assert!(matches!(writer.poll(None), Err(Error::WriteOnly)));
    assert!(matches!(wait(&[&writer], None), Err(Error::WriteOnly)));

    let (mut a, b) = pipe(true).unwrap();
    for end in [&a, &b] {
        assert!(end.is_readable() && end.is_writable() && !end.is_closed());
    }
    for _ in 0..2 {
        a.close();
        assert!(a.is_closed());
    }
    assert!(matches!(a.send_bytes(b"x"), Err(Error::Closed)));
    assert!(matches!(a.recv_bytes(), Err(Error::Closed)));
    assert!(matches!(a.poll(None), Err(Error::Closed)));
    assert!(matches!(wait(&[&b, &a], None), Err(Error::Closed)));
    assert!(b.poll(None).unwrap());
}

#[test]
fn no_descriptor_is_left_to_a_program_that_is_executed() {
    let ends = [pipe(true).unwrap(), pipe(false).unwrap()];
    for end in ends.iter().flat_map(|(a, b)| [a, b]) {
        let flags = rustix::io::fcntl_getfd(end.as_fd()).unwrap();
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
    }
}

#[test]
fn what_is_neither_pipe_nor_stream_socket_is_refused() {
    let file: OwnedFd = std::fs::File::open("/dev/null").unwrap().into();
    assert!(Connection::from_fd(file).is_err());
    let (datagrams, _) = std::os::unix::net::UnixDatagram::pair().unwrap();
    assert!(Connection::from_fd(datagrams).is_err());
}

#[test]
fn a_descriptor_in_non_blocking_mode_blocks_all_the_same() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    for end in [&ours, &theirs] {
        end.set_nonblocking(true).unwrap();
    }
    let mut receiver = Connection::from_fd(ours).unwrap();
    let mut sender = Connection::from_fd(theirs).unwrap();
    let thread = thread::spawn(move || sender.send_bytes(&pattern(1 << 20)).unwrap());
    assert!(receiver.recv_bytes().unwrap() == pattern(1 << 20));
    thread.join().unwrap();
}
