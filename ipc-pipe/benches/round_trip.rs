//! What a message costs: ours beside a bare socketpair, ipc-channel and
//! CPython's `multiprocessing.Pipe`, in one run.
//!
//! Run it: `cargo bench -p ipc-pipe`. With both processes on one processor
//! (`taskset -c 0 cargo bench -p ipc-pipe`) the work of each side is most of
//! what is measured; on two, the wake-up of a sleeping processor is.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a bench fails by a panic")]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use common::measure::{Comparison, Peer, Unit, python, seconds};
use multiproc::connection::{Connection, pipe};
use multiproc::process::Process;

const SMALL: usize = 32;
const LARGE: usize = 1 << 20;
const ROUND_TRIPS: usize = 20_000;
const LARGE_ONES: usize = 200;

const PYTHON_ROUND_TRIPS: &str = "
import multiprocessing, os, sys, time
count, size = int(sys.argv[1]), int(sys.argv[2])
a, b = multiprocessing.Pipe()
if os.fork() == 0:
    for _ in range(count):
        b.send_bytes(b.recv_bytes())
    os._exit(0)
message = bytes(size)
start = time.perf_counter()
for _ in range(count):
    a.send_bytes(message)
    a.recv_bytes()
print(count / (time.perf_counter() - start))
os.wait()
";

const PYTHON_ONE_WAY: &str = "
import multiprocessing, os, sys, time
count, size = int(sys.argv[1]), int(sys.argv[2])
a, b = multiprocessing.Pipe()
if os.fork() == 0:
    for _ in range(count):
        b.recv_bytes()
    b.send_bytes(b'')
    os._exit(0)
message = bytes(size)
start = time.perf_counter()
for _ in range(count):
    a.send_bytes(message)
a.recv_bytes()
print(count / (time.perf_counter() - start))
os.wait()
";

fn main() {
    let ipc_channel = Peer::built("ipc-channel");
    let python_round = |program, count: usize, size: usize| {
        python(program, &[&count.to_string(), &size.to_string()])
    };
    Comparison::new("a connection: round trips of 32 bytes", Unit::PerSecond)
        .rounds(9)
        .candidate("recv_bytes_into", || {
            Some(ours(pipe(true).unwrap(), echo_into))
        })
        .candidate("bare socketpair", || Some(bare(false)))
        .candidate("bare, length and body apart", || Some(bare(true)))
        .candidate("ours, without_read_ahead", || {
            Some(ours(exact(pipe(true).unwrap()), echo_into))
        })
        .candidate("ours, recv_bytes", || Some(ours(pipe(true).unwrap(), echo)))
        .candidate(ipc_channel.name(), || {
            ipc_channel.number(&["round-trip", "20000", "32"])
        })
        .candidate("CPython", || {
            python_round(PYTHON_ROUND_TRIPS, ROUND_TRIPS, SMALL)
        })
        .run();
    Comparison::new("a connection: 1 MiB, reused buffer", Unit::PerSecond)
        .rounds(9)
        .candidate("recv_bytes_into", || Some(large(true)))
        .candidate("bare socketpair", || Some(large_bare()))
        .run();
    Comparison::new(
        "a connection: 1 MiB, a new buffer for each",
        Unit::PerSecond,
    )
    .rounds(9)
    .candidate("recv_bytes", || Some(large(false)))
    .candidate(ipc_channel.name(), || {
        ipc_channel.number(&["one-way", "200", "1048576"])
    })
    .candidate("CPython", || {
        python_round(PYTHON_ONE_WAY, LARGE_ONES, LARGE)
    })
    .run();
}

/// Runs `peer` in a child and `work` here; `count` operations per second.
fn rate(count: usize, peer: impl FnOnce(), work: impl FnOnce()) -> f64 {
    let child = Process::spawn("peer", peer).unwrap();
    let time = seconds(work);
    assert!(child.join().unwrap().success());
    count as f64 / time
}

fn exact((a, b): (Connection, Connection)) -> (Connection, Connection) {
    (a.without_read_ahead(), b.without_read_ahead())
}

fn ours(ends: (Connection, Connection), echo: fn(&mut Connection)) -> f64 {
    let (mut a, mut b) = ends;
    let peer = || {
        for _ in 0..ROUND_TRIPS {
            echo(&mut b);
        }
    };
    rate(ROUND_TRIPS, peer, || {
        let mut buffer = [0; SMALL];
        for _ in 0..ROUND_TRIPS {
            a.send_bytes(&buffer).unwrap();
            assert_eq!(a.recv_bytes_into(&mut buffer).unwrap(), SMALL);
        }
    })
}

fn echo_into(end: &mut Connection) {
    let mut buffer = [0; SMALL];
    let length = end.recv_bytes_into(&mut buffer).unwrap();
    end.send_bytes(&buffer[..length]).unwrap();
}

fn echo(end: &mut Connection) {
    let message = end.recv_bytes().unwrap();
    end.send_bytes(&message).unwrap();
}

/// What no framing can beat: both know the length, one write, one read.
fn bare(apart: bool) -> f64 {
    let (mut a, mut b) = UnixStream::pair().unwrap();
    let read = move |end: &mut UnixStream, buffer: &mut [u8; 4 + SMALL]| {
        let (header, body) = buffer.split_at_mut(4);
        if apart {
            end.read_exact(header).unwrap();
            end.read_exact(body).unwrap();
        } else {
            end.read_exact(buffer).unwrap();
        }
    };
    let peer = || {
        let mut buffer = [0; 4 + SMALL];
        for _ in 0..ROUND_TRIPS {
            read(&mut b, &mut buffer);
            b.write_all(&buffer).unwrap();
        }
    };
    rate(ROUND_TRIPS, peer, || {
        let mut buffer = [0; 4 + SMALL];
        for _ in 0..ROUND_TRIPS {
            a.write_all(&buffer).unwrap();
            read(&mut a, &mut buffer);
        }
    })
}

fn large(into: bool) -> f64 {
    let (mut a, mut b) = pipe(true).unwrap();
    let peer = || {
        let mut buffer = vec![1; LARGE];
        for _ in 0..LARGE_ONES {
            let length = if into {
                b.recv_bytes_into(&mut buffer).unwrap()
            } else {
                b.recv_bytes().unwrap().len()
            };
            assert_eq!(length, LARGE);
        }
        b.send_bytes(&[]).unwrap();
    };
    let message = vec![1; LARGE];
    rate(LARGE_ONES, peer, || {
        for _ in 0..LARGE_ONES {
            a.send_bytes(&message).unwrap();
        }
        a.recv_bytes().unwrap();
    })
}

fn large_bare() -> f64 {
    let (mut a, mut b) = UnixStream::pair().unwrap();
    let peer = || {
        let mut buffer = vec![1; LARGE];
        for _ in 0..LARGE_ONES {
            b.read_exact(&mut buffer).unwrap();
        }
        b.write_all(&[1]).unwrap();
    };
    let message = vec![1; LARGE];
    rate(LARGE_ONES, peer, || {
        for _ in 0..LARGE_ONES {
            a.write_all(&message).unwrap();
        }
        a.read_exact(&mut [0]).unwrap();
    })
}
