//! Connections, awaited.

use std::io::Write;
use std::os::unix::net::UnixStream;

use common::testing::{Check, checks};
use multiproc::aio::AsyncConnection;
use multiproc::connection::{Connection, Error, pipe};
use multiproc::process::Process;
use tokio::time::timeout;

use crate::{LONG, MS, runtime};

pub(crate) const CHECKS: &[Check] = checks![
    messages_that_were_received_ahead_are_not_waited_for,
    messages_of_all_sizes_pass_both_ways,
    a_pipe_of_one_direction_serves,
    a_receipt_that_is_dropped_loses_nothing,
    a_sending_that_is_dropped_cuts_nothing_short,
    a_peer_that_dies_is_an_end_of_file_or_a_cut,
    nobody_receives_is_a_broken_pipe,
    the_descriptor_stays_in_blocking_mode,
];

fn both(duplex: bool) -> (AsyncConnection, AsyncConnection) {
    let (a, b) = pipe(duplex).unwrap();
    (
        AsyncConnection::new(a).unwrap(),
        AsyncConnection::new(b).unwrap(),
    )
}

fn messages_that_were_received_ahead_are_not_waited_for() {
    runtime().block_on(async {
        let (a, mut b) = pipe(true).unwrap();
        let mut a = AsyncConnection::new(a).unwrap();
        // All come with the first read. The descriptor is never ready again.
        for n in 0..50_u8 {
            b.send_bytes(&[n; 3]).unwrap();
        }
        for n in 0..50_u8 {
            let message = timeout(LONG, a.recv_bytes()).await.unwrap();
            assert_eq!(message.unwrap(), [n; 3]);
        }
        assert!(timeout(MS, a.recv_bytes()).await.is_err());
    });
}

fn messages_of_all_sizes_pass_both_ways() {
    const SIZES: [usize; 7] = [0, 1, 300, 4096, 65_536, 1 << 20, 5 << 20];
    runtime().block_on(async {
        let (mut a, mut b) = both(true);
        let echo = tokio::spawn(async move {
            for _ in SIZES {
                let message = b.recv_bytes().await.unwrap();
                b.send_bytes(&message).await.unwrap();
            }
        });
        for size in SIZES {
            let message: Vec<u8> = (0..size).map(|n| n as u8).collect();
            timeout(LONG, a.send_bytes(&message))
                .await
                .unwrap()
                .unwrap();
            let back = timeout(LONG, a.recv_bytes()).await.unwrap().unwrap();
            assert!(back == message, "{size}");
        }
        echo.await.unwrap();
    });
}

fn a_pipe_of_one_direction_serves() {
    runtime().block_on(async {
        let (mut reader, mut writer) = both(false);
        let send = tokio::spawn(async move {
            for n in 0..100_u32 {
                writer.send(&vec![n; 5_000]).await.unwrap();
            }
            assert!(matches!(writer.recv_bytes().await, Err(Error::WriteOnly)));
        });
        for n in 0..100_u32 {
            let got: Vec<u32> = timeout(LONG, reader.recv()).await.unwrap().unwrap();
            assert!(got == vec![n; 5_000]);
        }
        send.await.unwrap();
        assert!(matches!(reader.recv_bytes().await, Err(Error::EndOfFile)));
        assert!(matches!(
            reader.send_bytes(b"x").await,
            Err(Error::ReadOnly)
        ));
    });
}

/// The frame of a message, as CPython has it.
fn frame(message: &[u8]) -> Vec<u8> {
    let mut frame = (message.len() as u32).to_be_bytes().to_vec();
    frame.extend(message);
    frame
}

fn a_receipt_that_is_dropped_loses_nothing() {
    runtime().block_on(async {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let ours = Connection::from_fd(ours).unwrap();
        let mut ours = AsyncConnection::new(ours).unwrap();
        let mut bytes = frame(&[7; 9_000]);
        bytes.extend(frame(b"second"));
        // Piece by piece, and given up after each.
        let (last, pieces) = {
            let mut pieces: Vec<_> = bytes.chunks(1_111).collect();
            (pieces.pop().unwrap(), pieces)
        };
        for piece in pieces {
            theirs.write_all(piece).unwrap();
            assert!(timeout(MS, ours.recv_bytes()).await.is_err());
        }
        theirs.write_all(last).unwrap();
        let first = timeout(LONG, ours.recv_bytes()).await.unwrap().unwrap();
        assert!(first == [7; 9_000]);
        assert_eq!(ours.recv_bytes().await.unwrap(), b"second");
    });
}

fn a_sending_that_is_dropped_cuts_nothing_short() {
    runtime().block_on(async {
        for duplex in [true, false] {
            let (mut reader, mut writer) = both(duplex);
            let large = vec![7; 3 << 20];
            // Begun, and given up: nobody reads yet.
            assert!(timeout(MS * 20, writer.send_bytes(&large)).await.is_err());
            let mut writer = writer.into_inner().unwrap_err();
            let send = tokio::spawn(async move {
                writer.send_bytes(b"second").await.unwrap();
                writer
            });
            let first = timeout(LONG, reader.recv_bytes()).await.unwrap().unwrap();
            assert!(first == large);
            let second = timeout(LONG, reader.recv_bytes()).await.unwrap().unwrap();
            assert_eq!(second, b"second");
            let writer = timeout(LONG, send).await.unwrap().unwrap();
            assert!(writer.into_inner().is_ok());
        }
    });
}

fn a_peer_that_dies_is_an_end_of_file_or_a_cut() {
    for cut in [false, true] {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let child = Process::spawn("peer", move || {
            let message = frame(&[7; 100_000]);
            let end = if cut { 50_000 } else { message.len() };
            theirs.write_all(&message[..end]).unwrap();
        })
        .unwrap();
        let connection = Connection::from_fd(ours).unwrap();
        runtime().block_on(async {
            let mut ours = AsyncConnection::new(connection).unwrap();
            if !cut {
                ours.recv_bytes().await.unwrap();
            }
            let error = timeout(LONG, ours.recv_bytes()).await.unwrap().unwrap_err();
            match cut {
                true => assert!(matches!(error, Error::CutShort { .. }), "{error}"),
                false => assert!(matches!(error, Error::EndOfFile), "{error}"),
            }
        });
        child.join_success().unwrap();
    }
}

fn nobody_receives_is_a_broken_pipe() {
    runtime().block_on(async {
        for duplex in [true, false] {
            let (reader, mut writer) = both(duplex);
            // It waits for room when the reader goes.
            let send = tokio::spawn(async move { writer.send_bytes(&[0; 2 << 20]).await });
            tokio::time::sleep(MS * 5).await;
            drop(reader);
            let sent = timeout(LONG, send).await.unwrap().unwrap();
            assert!(matches!(sent, Err(Error::BrokenPipe)), "{sent:?}");
        }
    });
}

fn the_descriptor_stays_in_blocking_mode() {
    let (a, b) = pipe(true).unwrap();
    let child = Process::spawn("peer", || {
        let mut b = b;
        let message = b.recv_bytes()?;
        b.send_bytes(&message)
    })
    .unwrap();
    runtime().block_on(async {
        let mut a = AsyncConnection::new(a).unwrap();
        a.send_bytes(b"ping").await.unwrap();
        assert_eq!(
            timeout(LONG, a.recv_bytes()).await.unwrap().unwrap(),
            b"ping"
        );
        let mut a = a.into_inner().unwrap();
        let flags = rustix::fs::fcntl_getfl(&a).unwrap();
        assert!(!flags.contains(rustix::fs::OFlags::NONBLOCK));
        assert!(matches!(a.recv_bytes(), Err(Error::EndOfFile)));
    });
    child.join_success().unwrap();
}
