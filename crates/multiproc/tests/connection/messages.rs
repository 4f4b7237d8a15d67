//! Messages: what arrives, limits, ends of file.

use std::io::{Read, Write};
use std::thread;

use multiproc::connection::{Error, pipe};
use serde::{Deserialize, Serialize};

use crate::{NOW, pairs, pattern, with_raw_peer};

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
