//! What people send, through a connection; beside it the same bytes through a
//! bare socketpair, and CPython's fastest form. `cargo bench -p ipc-pipe --bench
//! payload`, with a part of a row's name to measure only those.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a bench fails by a panic")]

use std::hint::black_box;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use common::measure::flow;
use common::measure::payload::{Item, Payload, Through};
use multiproc::connection::pipe;

const PYTHON: &str = r#"
a, b = multiprocessing.Pipe()
if os.fork() == 0:
    for i in range(count + 1):
        b.send(item)
    os._exit(0)
a.recv()
start = time.perf_counter()
for i in range(count):
    a.recv()
print(count * size / (time.perf_counter() - start))
os.wait()
"#;

fn main() {
    Payload::new("a connection", 256 << 20, PYTHON)
        .limit("bare socketpair", bare)
        .run(&ThroughConnection);
}

struct ThroughConnection;

impl Through for ThroughConnection {
    fn send<T: Item>(&self, make: impl Fn() -> T, size: usize, count: usize) -> f64 {
        let item = make();
        let (mut receiver, mut sender) = pipe(true).unwrap();
        let receive = || drop(black_box(receiver.recv::<T>().unwrap()));
        flow(size, count, || sender.send(&item).unwrap(), receive)
    }
}

fn bare(size: usize, count: usize) -> f64 {
    let (mut receiver, mut sender) = UnixStream::pair().unwrap();
    let (message, mut buffer) = (vec![7; size], vec![0; size]);
    flow(
        size,
        count,
        || sender.write_all(&message).unwrap(),
        || receiver.read_exact(black_box(&mut buffer)).unwrap(),
    )
}
