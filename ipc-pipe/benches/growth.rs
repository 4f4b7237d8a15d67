//! What a message costs when more connections are open and waited for, in time and
//! in memory: `cargo bench -p ipc-pipe --bench growth`. Each point is measured in a fresh process.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a bench fails by a panic")]

use common::measure::{Growth, Unit, most_memory, seconds};
use multiproc::connection::{Connection, Waitable, pipe, wait};
use multiproc::process::Process;
use rustix::process::{Resource, getrlimit, setrlimit};

/// Round trips in all, at each point.
const ROUND_TRIPS: usize = 20_000;

const PYTHON: &str = r#"
import multiprocessing, os, resource, sys, time
from multiprocessing.connection import wait
n = int(sys.argv[2])
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
pairs = [multiprocessing.Pipe() for i in range(n)]
ours, theirs = [p[0] for p in pairs], [p[1] for p in pairs]
rounds = max(1, 5000 // n) if sys.argv[1] == "round trip" else 1
def serve(ends, left, reply):
    while left:
        for end in wait(ends):
            message = end.recv_bytes()
            if reply: end.send_bytes(message)
            left -= 1
if os.fork() == 0:
    serve(theirs, n * rounds, True)
    os._exit(0)
start = time.perf_counter()
for i in range(rounds):
    for end in ours: end.send_bytes(b"7" * 32)
    serve(ours, n, False)
seconds = (time.perf_counter() - start) / (n * rounds)
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print({"round trip": seconds, "memory": memory}[sys.argv[1]])
os.wait()
"#;

fn main() {
    let growth = Growth::new(PYTHON, u64::MAX);
    if growth.is_point(point) {
        return;
    }
    let title = "a round trip, a message on each connection at once";
    let sizes = [1, 10, 100, 1_000];
    growth.curve("round trip", title, "connections", Unit::Seconds, &sizes);
    let title = "the most memory of one that has so many connections";
    growth.curve("memory", title, "connections", Unit::Bytes, &sizes);
}

fn point(what: &str, number: u64) -> f64 {
    let number = usize::try_from(number).unwrap();
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    let pairs = (0..number).map(|_| pipe(true).unwrap());
    let (mut ours, mut theirs): (Vec<_>, Vec<_>) = pairs.unzip();
    let rounds = match what {
        "round trip" => (ROUND_TRIPS / number).max(1),
        _ => 1,
    };
    let peer = Process::spawn("peer", || serve(&mut theirs, number * rounds, true));
    let time = seconds(|| {
        for _ in 0..rounds {
            ours.iter_mut()
                .for_each(|end| end.send_bytes(&[7; 32]).unwrap());
            serve(&mut ours, number, false);
        }
    });
    peer.unwrap().join_success().unwrap();
    match what {
        "round trip" => time / (number * rounds) as f64,
        _ => most_memory(),
    }
}

/// Receives so many messages, wherever they come, and sends them back.
fn serve(ends: &mut [Connection], mut left: usize, reply: bool) {
    let mut buffer = [0; 32];
    while left > 0 {
        let waiting: Vec<&dyn Waitable> = ends.iter().map(|end| end as &dyn Waitable).collect();
        for ready in wait(&waiting, None).unwrap() {
            ends[ready].recv_bytes_into(&mut buffer).unwrap();
            if reply {
                ends[ready].send_bytes(&buffer).unwrap();
            }
            left -= 1;
        }
    }
}
