//! Values: vectors and texts go from where they are to where they stay, all others
//! through a buffer; nobody can tell.

use std::fmt::Debug;
use std::io::{Read, Write};
use std::thread;

use multiproc::codec;
use multiproc::connection::{Error, pipe};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{NOW, pairs, pattern, with_raw_peer};

/// Sizes, in bytes or so, around those at which the ways part: twice, as a connection
/// learns from the first how long messages may be.
const SIZES: [usize; 19] = [
    0, 1, 2, 254, 255, 4_083, 4_096, 5_000, 100, 16_363, 16_375, 16_384, 300_000, 1_048_567,
    1_048_568, 5_000, 1_100_000, 16_000, 1_048_568,
];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Frame {
    name: String,
    pixels: Vec<u8>,
    points: Vec<[f32; 3]>,
}

fn arrive<T>(of: fn(usize) -> T)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug + Sync,
{
    let values = SIZES.map(of);
    for (mut receiver, mut sender) in pairs() {
        thread::scope(|scope| {
            let values = &values;
            scope.spawn(move || {
                for value in values {
                    sender.send(value).unwrap();
                }
            });
            for (value, size) in values.iter().zip(SIZES) {
                assert!(receiver.recv::<T>().unwrap() == *value, "{size}");
            }
            assert!(matches!(receiver.recv::<T>(), Err(Error::EndOfFile)));
        });
    }
}

fn text(size: usize) -> String {
    pattern(size).iter().map(|byte| char::from(*byte)).collect()
}

fn points(size: usize) -> Vec<[f32; 3]> {
    (0..size / 12).map(|n| [n as f32, 0.5, -1.0]).collect()
}

#[test]
fn values_of_every_size_arrive() {
    arrive(pattern);
    arrive(text);
    arrive(points);
    arrive(|size| -> Vec<u64> { (0..size as u64 / 8).collect() });
    arrive(|size| Frame {
        name: text(size / 3),
        pixels: pattern(size / 3),
        points: points(size / 3),
    });
}

/// What is on the wire: a length, and the codec's bytes.
fn framed<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    codec::encode(value, &mut bytes).unwrap();
    let length = u32::try_from(bytes.len() - 4).unwrap();
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    bytes
}

#[test]
fn the_bytes_are_the_codecs() {
    fn sent<T: Serialize + Sync + ?Sized>(value: &T) {
        let (mut connection, mut raw) = with_raw_peer();
        let expected = framed(value);
        let mut got = vec![0; expected.len()];
        thread::scope(|scope| {
            scope.spawn(move || connection.send(value).unwrap());
            raw.read_exact(&mut got).unwrap();
        });
        assert!(got == expected);
    }
    for length in [0, 254, 255, 4_096, 100_000] {
        sent(&pattern(length));
        sent(&pattern(length)[..]);
        sent(&text(length));
        sent(&text(length)[..]);
        sent(&points(length));
        sent(&points(length)[..]);
        sent(&Some(points(length)));
    }
}

/// Places inside a long value's frame: in its length, in the codec's, and after them.
const CUTS: [usize; 9] = [1, 3, 4, 5, 12, 13, 14, 4_101, 90_000];

#[test]
fn a_value_whose_reception_times_out_comes_later() {
    let value = points(100_000);
    let whole = framed(&value);
    for cut in CUTS {
        for exact in [false, true] {
            let (mut connection, mut raw) = with_raw_peer();
            if exact {
                connection = connection.without_read_ahead();
            }
            for part in [&whole[..cut], &whole[cut..=cut]] {
                raw.write_all(part).unwrap();
                let late = connection.recv_timeout::<Vec<[f32; 3]>>(NOW);
                assert!(matches!(late, Err(Error::TimedOut)), "{cut}: {late:?}");
            }
            raw.write_all(&whole[cut + 1..]).unwrap();
            raw.write_all(&framed("next")).unwrap();
            assert!(
                connection.recv::<Vec<[f32; 3]>>().unwrap() == value,
                "{cut}"
            );
            assert_eq!(connection.recv::<String>().unwrap(), "next");
        }
    }
}

#[test]
fn a_value_cut_short_says_how_much_came() {
    let whole = framed(&points(100_000));
    for cut in &CUTS[3..] {
        let (mut connection, mut raw) = with_raw_peer();
        raw.write_all(&whole[..*cut]).unwrap();
        drop(raw);
        // The end stays the end.
        for _ in 0..2 {
            match connection.recv::<Vec<[f32; 3]>>() {
                Err(Error::CutShort { received }) => assert_eq!(received, cut - 4),
                other => panic!("{cut}: {other:?}"),
            }
        }
    }
}

#[test]
fn what_is_no_value_is_an_error_and_the_next_one_comes() {
    let (mut receiver, mut sender) = pipe(true).unwrap();
    // Long enough not to be here when the length is: some of it, or all.
    for length in [5_000, 20_000, 100_000] {
        let mut bytes = Vec::new();
        codec::encode(&vec![0x80_u8; length], &mut bytes).unwrap();
        // Not UTF-8; of another type; false counts; too few bytes, and too many.
        sender.send_bytes(&bytes).unwrap();
        let text = receiver.recv::<String>();
        assert!(matches!(text, Err(Error::Codec(_))), "{text:?}");
        sender.send_bytes(&bytes).unwrap();
        let numbers = receiver.recv::<Vec<[f64; 4]>>();
        assert!(matches!(numbers, Err(Error::Codec(_))), "{numbers:?}");
        for count in [length - 1, length + 1, usize::MAX, usize::MAX - 8] {
            bytes[1..9].copy_from_slice(&count.to_le_bytes());
            sender.send_bytes(&bytes).unwrap();
            let false_count = receiver.recv::<Vec<u8>>();
            assert!(matches!(false_count, Err(Error::Codec(_))), "{count}");
        }
        sender.send("still in step").unwrap();
        assert_eq!(receiver.recv::<String>().unwrap(), "still in step");
    }
}

#[test]
fn a_connection_comes_with_its_own_message_among_longer_ones() {
    let (mut receiver, mut sender) = pipe(true).unwrap();
    // One thread: whatever fits is in the pipe before the first is received.
    for sizes in [
        [5_000, 9_000],
        [16_000, 100],
        [100, 12_000],
        [40_000, 8_000],
    ] {
        let mut kept = Vec::new();
        for size in sizes {
            sender.send(&pattern(size)).unwrap();
            let (ours, theirs) = pipe(true).unwrap();
            sender.send_connection(theirs).unwrap();
            sender.send_bytes(&pattern(size)).unwrap();
            kept.push(ours);
        }
        for (size, mut ours) in sizes.into_iter().zip(kept) {
            assert!(receiver.recv::<Vec<u8>>().unwrap() == pattern(size));
            let mut passed = receiver.recv_connection().unwrap();
            assert!(receiver.recv_bytes().unwrap() == pattern(size));
            passed.send(&size).unwrap();
            assert_eq!(ours.recv::<usize>().unwrap(), size);
        }
    }
}
