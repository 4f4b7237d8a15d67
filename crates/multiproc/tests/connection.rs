//! Connections: messages, limits, ends of file, time-outs.
//!
//! Both ends are in this process; a raw end plays the peer that is Python, or
//! hostile.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use multiproc::connection::{Connection, Error, pipe, wait};
use serde::{Deserialize, Serialize};

/// So short that it may pass before anything happens, which is legal.
const SHORT: Duration = Duration::from_millis(20);
const NOW: Duration = Duration::ZERO;

/// A connection and the bare descriptor at its other end.
fn with_raw_peer() -> (Connection, UnixStream) {
    let (ours, raw) = UnixStream::pair().unwrap();
    (Connection::from_fd(ours).unwrap(), raw)
}

/// All kinds of pairs: (receiver, sender).
fn pairs() -> Vec<(Connection, Connection)> {
    let exact = |(a, b): (Connection, Connection)| (a.without_read_ahead(), b);
    vec![
        pipe(true).unwrap(),
        pipe(false).unwrap(),
        exact(pipe(true).unwrap()),
        exact(pipe(false).unwrap()),
    ]
}

#[test]
fn messages_of_every_size_arrive_whole_and_in_order() {
    // Around the sizes at which the ways part: copied or gathered, received
    // ahead or straight, more than a pipe or a socket holds.
    let mut sizes = vec![0, 1, 3, 251, 252, 253, 255, 256, 257, 4091, 4092, 4093];
    sizes.extend([4095, 4096, 4097, 4100, 4101, 8192, 65_535, 65_536, 65_537]);
    sizes.extend([212_992, 1 << 20, (1 << 20) + 1, (3 << 20) + 7]);
    for (mut receiver, mut sender) in pairs() {
        let sending = sizes.clone();
        let thread = thread::spawn(move || {
            for size in sending {
                sender.send_bytes(&pattern(size)).unwrap();
            }
            // Many small ones in one go: several in one read.
            for size in 0..700 {
                sender.send_bytes(&pattern(size)).unwrap();
            }
        });
        for size in sizes.iter().copied().chain(0..700) {
            assert!(receiver.recv_bytes().unwrap() == pattern(size), "{size}");
        }
        assert!(matches!(receiver.recv_bytes(), Err(Error::EndOfFile)));
        thread.join().unwrap();
    }
}

#[test]
fn the_same_into_a_buffer() {
    let sizes = [0, 1, 252, 4092, 4097, 65_537, 1 << 20];
    for (mut receiver, mut sender) in pairs() {
        let thread = thread::spawn(move || {
            for size in sizes {
                sender.send_bytes(&pattern(size)).unwrap();
            }
        });
        let mut buffer = vec![0; 1 << 20];
        for size in sizes {
            assert_eq!(receiver.recv_bytes_into(&mut buffer).unwrap(), size);
            assert!(buffer[..size] == pattern(size), "{size}");
        }
        let end = receiver.recv_bytes_into(&mut buffer);
        assert!(matches!(end, Err(Error::EndOfFile)));
        thread.join().unwrap();
    }
}

/// Bytes that differ from one place to the next.
fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|n| (n.wrapping_mul(31) >> 3) as u8).collect()
}

#[test]
fn values_arrive_as_they_were() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Order {
        item: String,
        cups: Option<u32>,
    }
    let (mut a, mut b) = pipe(true).unwrap();
    let order = || Order {
        item: "茶".to_string(),
        cups: Some(3),
    };
    a.send(&order()).unwrap();
    assert_eq!(b.recv::<Order>().unwrap(), order());
    // The other direction of the same pipe.
    b.send("thanks").unwrap();
    assert_eq!(a.recv::<String>().unwrap(), "thanks");

    a.send_bytes(b"\xff\xff\xff\xff\xff").unwrap();
    assert!(matches!(b.recv::<Order>(), Err(Error::Codec(_))));
    a.send(&(1_u8, 2_u8)).unwrap();
    let error = b.recv::<u8>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot serialise or deserialise the message: 1 bytes too many: do both sides have the same type?"
    );
    a.send("still in step").unwrap();
    assert_eq!(b.recv::<String>().unwrap(), "still in step");
}

#[test]
fn the_frame_on_the_wire_is_cpythons() {
    let (mut connection, mut raw) = with_raw_peer();
    connection.send_bytes(b"abc").unwrap();
    connection.send_bytes(b"").unwrap();
    let mut bytes = [0; 11];
    raw.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"\0\0\0\x03abc\0\0\0\0");

    // Either form of the length is understood, in whatever pieces it comes.
    let long = [&[0xff; 4][..], &5_u64.to_be_bytes(), b"hello"].concat();
    for byte in long {
        let error = connection.recv_bytes_timeout(NOW).unwrap_err();
        assert!(matches!(error, Error::TimedOut), "{error}");
        raw.write_all(&[byte]).unwrap();
    }
    assert_eq!(connection.recv_bytes().unwrap(), b"hello");
}

#[test]
fn a_message_above_2_gib_has_the_long_form() {
    let (mut connection, mut raw) = with_raw_peer();
    const LENGTH: usize = (2 << 30) + 5;
    let reader = thread::spawn(move || {
        let mut header = [0; 12];
        raw.read_exact(&mut header).unwrap();
        let mut buffer = vec![1; 1 << 20];
        let mut total = 0;
        loop {
            match raw.read(&mut buffer).unwrap() {
                0 => return (header, total),
                count => total += count,
            }
        }
    });
    // Zeros that nobody writes take no memory.
    connection.send_bytes(&vec![0; LENGTH]).unwrap();
    connection.close();
    let (header, total) = reader.join().unwrap();
    assert_eq!(header, [255, 255, 255, 255, 0, 0, 0, 0, 128, 0, 0, 5]);
    assert_eq!(total, LENGTH);
}

#[test]
fn a_length_beyond_the_limit_is_refused() {
    for length in [(32 << 20) + 1, 1 << 63, u64::MAX] {
        let (mut connection, mut raw) = with_raw_peer();
        raw.write_all(&[0xff; 4]).unwrap();
        raw.write_all(&length.to_be_bytes()).unwrap();
        match connection.recv_bytes() {
            Err(Error::TooLarge {
                length: told,
                limit: 33_554_432,
            }) => assert_eq!(told, length),
            other => panic!("{other:?}"),
        }
        // However high the limit, no such object can exist.
        if length >= 1 << 63 {
            connection.set_limit(usize::MAX);
            let refused = connection.recv_bytes();
            assert!(matches!(refused, Err(Error::TooLarge { .. })));
        }
    }
}

#[test]
fn a_negative_length_is_an_error_again_and_again() {
    for length in [-2, i32::MIN] {
        let (mut connection, mut raw) = with_raw_peer();
        raw.write_all(&length.to_be_bytes()).unwrap();
        for _ in 0..2 {
            match connection.recv_bytes() {
                Err(Error::BadLength(told)) => assert_eq!(told, i64::from(length)),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn a_refused_message_can_still_be_received() {
    for (mut receiver, mut sender) in pairs() {
        sender.send_bytes(b"0123456789").unwrap();
        sender.send_bytes(b"next").unwrap();
        for _ in 0..2 {
            match receiver.recv_bytes_max(9) {
                Err(Error::TooLarge {
                    length: 10,
                    limit: 9,
                }) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(receiver.recv_bytes_max(10).unwrap(), b"0123456789");
        receiver.set_limit(3);
        assert_eq!(receiver.limit(), 3);
        assert!(receiver.recv_bytes().is_err());
        receiver.set_limit(4);
        assert_eq!(receiver.recv_bytes().unwrap(), b"next");
    }
}

#[test]
fn a_buffer_too_small_gives_the_whole_message() {
    for (mut receiver, mut sender) in pairs() {
        for message in [pattern(10), pattern(100_000)] {
            let sent = message.clone();
            thread::scope(|scope| {
                scope.spawn(|| sender.send_bytes(&sent).unwrap());
                match receiver.recv_bytes_into(&mut [0; 9]) {
                    Err(Error::BufferTooShort {
                        message: whole,
                        buffer: 9,
                    }) => assert!(whole == message),
                    other => panic!("{other:?}"),
                }
            });
        }
        sender.send_bytes(b"next").unwrap();
        assert_eq!(receiver.recv_bytes_into(&mut [0; 4]).unwrap(), 4);
    }
}

#[test]
fn end_of_file_is_told_apart_from_a_message_cut_short() {
    let whole = [&100_000_u32.to_be_bytes()[..], &[7; 100_000]].concat();
    for cut in [0, 1, 3, 4, 5, 4_100, 4_101, 99_999] {
        for exact in [false, true] {
            let (mut connection, mut raw) = with_raw_peer();
            if exact {
                connection = connection.without_read_ahead();
            }
            raw.write_all(b"\0\0\0\x05whole").unwrap();
            raw.write_all(&whole[..cut]).unwrap();
            drop(raw);
            assert_eq!(connection.recv_bytes().unwrap(), b"whole");
            // The end stays the end.
            for _ in 0..2 {
                match (cut, connection.recv_bytes()) {
                    (0, Err(Error::EndOfFile)) => {}
                    (1..4, Err(Error::CutShort { received })) => assert_eq!(received, cut),
                    (4.., Err(Error::CutShort { received })) => assert_eq!(received, cut - 4),
                    other => panic!("{other:?}"),
                }
            }
            // The same into a buffer.
            if cut >= 4 {
                let short = connection.recv_bytes_into(&mut vec![0; 100_000]);
                assert!(matches!(short, Err(Error::CutShort { .. })), "{short:?}");
            }
        }
    }
}

#[test]
fn a_peer_that_leaves_our_messages_unread_is_an_end_of_file() {
    // The kernel reports it as a reset connection.
    let (mut connection, raw) = with_raw_peer();
    connection.send_bytes(b"unread").unwrap();
    drop(raw);
    assert!(matches!(connection.recv_bytes(), Err(Error::EndOfFile)));
    let sent = connection.send_bytes(b"x");
    assert!(matches!(sent, Err(Error::BrokenPipe)), "{sent:?}");
}

#[test]
fn nobody_at_the_other_end_is_a_broken_pipe() {
    for (receiver, mut sender) in pairs() {
        drop(receiver);
        for size in [1, 1 << 20] {
            let sent = sender.send_bytes(&pattern(size));
            assert!(matches!(sent, Err(Error::BrokenPipe)), "{sent:?}");
        }
    }
}

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
