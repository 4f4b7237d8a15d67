//! Queues over loopback: ours, CPython's, and the bare exchange of as many bytes.
//! (Python's clients on both servers: see `crowd`.)
//!
//! `cargo bench -p pymanager --bench manager`. Server and client are two processes in every
//! candidate. The floor is two processes that send each other messages of the
//! same sizes over TCP and do nothing else.
#![forbid(unsafe_code)]

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use common::measure::{Comparison, Unit, python, seconds};
use inert_pickle::Value;
use pymanager::message::{write_reply, write_request};
use pymanager::{AuthKey, Client, Listener, Manager, RemoteQueue, SharedQueue};

const PAIRS: usize = 20_000;

/// A queue server in Python, and a client of it in the same way as of ours.
/// Arguments: `port`, or 0 for a server of its own; what to measure.
const PYTHON: &str = r"
import queue, sys, time, multiprocessing
from multiprocessing.managers import BaseManager
multiprocessing.set_start_method('fork')
class Server(BaseManager): pass
class Client(BaseManager): pass
q = queue.Queue()
Server.register('tasks', callable=lambda: q)
Client.register('tasks')
port = int(sys.argv[1])
server = None
if port == 0:
    server = Server(('127.0.0.1', 0), b'abc')
    server.start()
    port = server.address[1]
def connected():
    client = Client(('127.0.0.1', port), b'abc')
    client.connect()
    return client
def median(f, n=15):
    took = []
    for _ in range(n):
        start = time.perf_counter()
        f()
        took.append(time.perf_counter() - start)
    return sorted(took)[n // 2]
if sys.argv[2] == 'pairs':
    n = 3000
    tasks = connected().tasks()
    tasks.put(0); tasks.get()
    start = time.perf_counter()
    for i in range(n):
        tasks.put(i)
        tasks.get()
    print(n / (time.perf_counter() - start))
elif sys.argv[2] == 'connect':
    print(median(connected))
else:
    client = connected()
    print(median(client.tasks))
if server:
    server.shutdown()
";

fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1).as_deref() {
        Some("serve") => serve(),
        Some("pong") => pong(),
        _ => compare(),
    }
}

fn compare() -> Result<(), Box<dyn Error>> {
    let manager = Other::start("serve")?;
    let pong = Other::start("pong")?;
    let client = Client::connect(&manager.address, &AuthKey::new("abc"))?;
    let tasks: RemoteQueue<i64> = client.queue("tasks")?;
    let mut ping = Ping::new(&pong.address)?;
    let port = manager.address.rsplit(':').next().unwrap_or_default();

    Comparison::new(
        "a manager's queue: put and get, one client",
        Unit::PerSecond,
    )
    .candidate("our client, our server", || {
        rate(|| {
            for n in 0..PAIRS {
                tasks.put(&i64::try_from(n).unwrap_or(0)).ok()?;
                tasks.get().ok()?;
            }
            Some(())
        })
    })
    .candidate("bare TCP, the same sizes", || {
        rate(|| (0..PAIRS).try_for_each(|_| ping.pair().ok()))
    })
    .candidate("Python's client, Python's server", || {
        python(PYTHON, &["0", "pairs"])
    })
    .run();
    Comparison::new("a manager: connect() of a Python client", Unit::Seconds)
        .candidate("to our server", || python(PYTHON, &[port, "connect"]))
        .candidate("to Python's server", || python(PYTHON, &["0", "connect"]))
        .run();
    Comparison::new(
        "a manager: a Python client's proxy of a queue",
        Unit::Seconds,
    )
    .candidate("of our server", || python(PYTHON, &[port, "proxy"]))
    .candidate("of Python's server", || python(PYTHON, &["0", "proxy"]))
    .run();
    Comparison::new(
        "a manager: connect() and a proxy, our client",
        Unit::Seconds,
    )
    .candidate("our server", || {
        Some(seconds(|| {
            let client = Client::connect(&manager.address, &AuthKey::new("abc"));
            drop(client.and_then(|client| client.queue::<i64>("tasks")));
        }))
    })
    .rounds(31)
    .run();
    Ok(())
}

/// Pairs a second.
fn rate(pairs: impl FnOnce() -> Option<()>) -> Option<f64> {
    let mut done = None;
    let took = seconds(|| done = pairs());
    done.map(|()| PAIRS as f64 / took)
}

/// This program once more, as the other side.
struct Other {
    child: Child,
    address: String,
}

impl Other {
    fn start(role: &str) -> Result<Other, Box<dyn Error>> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(role)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut address = String::new();
        BufReader::new(stdout).read_line(&mut address)?;
        let address = address.trim().to_string();
        Ok(Other { child, address })
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // The end of its input is its end.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn serve() -> Result<(), Box<dyn Error>> {
    let tasks = SharedQueue::<i64>::new();
    let server = Manager::new(AuthKey::new("abc"))
        .register("tasks", &tasks)
        .start(Listener::bind("127.0.0.1:0")?)?;
    println!("{}", server.address());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    server.shutdown();
    Ok(())
}

/// The sizes of the messages of a pair, frames included.
fn sizes() -> Result<[(usize, usize); 2], Box<dyn Error>> {
    let request = |method, args: &[Value]| {
        let mut out = Vec::new();
        write_request(&mut out, Some("12345678000001"), method, args, &[], 4).map(|()| out.len())
    };
    let reply = |value: Value| {
        let mut out = Vec::new();
        write_reply(&mut out, "#RETURN", &value, 4).map(|()| out.len())
    };
    Ok([
        (
            request("put", &[10_000.into()])? + 4,
            reply(Value::none())? + 4,
        ),
        (request("get", &[])? + 4, reply(10_000.into())? + 4),
    ])
}

fn pong() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    let (mut stream, _) = listener.accept()?;
    stream.set_nodelay(true)?;
    let sizes = sizes()?;
    let mut buffer = [0; 256];
    loop {
        for (request, reply) in sizes {
            if stream.read_exact(&mut buffer[..request]).is_err() {
                return Ok(());
            }
            stream.write_all(&buffer[..reply])?;
        }
    }
}

struct Ping {
    stream: TcpStream,
    sizes: [(usize, usize); 2],
}

impl Ping {
    fn new(address: &str) -> Result<Ping, Box<dyn Error>> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Ping {
            stream,
            sizes: sizes()?,
        })
    }

    fn pair(&mut self) -> std::io::Result<()> {
        let mut buffer = [0; 256];
        for (request, reply) in self.sizes {
            self.stream.write_all(&buffer[..request])?;
            self.stream.read_exact(&mut buffer[..reply])?;
        }
        Ok(())
    }
}
