//! Many connections: in one thread, and with a thread for each.
//!
//! <!-- numbers vary -->
//! ```text
//! $ cargo run -q -p coroutine --example echo_server -- --connections 10,100 --requests 2000
//! server                connections  requests/s  worst ms  memory KiB  CPU us/request
//! our loop                       10       21700       2.1        3668            16.0
//! tokio                          10       20900       2.4        3692            16.0
//! a thread for each              10       23800       1.9        3588            18.0
//! our loop                      100       21300      11.2        3928            15.5
//! tokio                         100       20600      12.0        3956            17.0
//! a thread for each             100       19800      14.4        5120            21.0
//! 3 clients stall, 3 vanish, 3 send byte by byte: the 10 others had 200 answers of 200, the slow ones 3 of 3
//! ```
//!
//! Without options: 10 to 10,000 connections, where the limit on open files
//! allows as many. Use `--release` for figures.
//!
//! What to notice: at ten connections a thread for each does as well; its
//! system calls are even fewer. What grows with the connections is its memory.
//! Clients that stall cost a loop some bytes, and a thread for each a thread.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use common::{program, say};
use coroutine::event_loop::{self, Watched, sleep, spawn, timeout};
use coroutine::figures::{cpu_seconds, peak_memory_kib};
use multiproc::process::{Builder, Process};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What is sent, and sent back.
const MESSAGE: usize = 32;

/// Compares servers that echo, by the number of connections.
#[derive(Parser)]
#[command(name = "echo_server")]
struct Options {
    /// How many connections
    #[arg(long, value_delimiter = ',', default_value = "10,100,1000,10000")]
    connections: Vec<u32>,
    /// How many requests, on all connections together
    #[arg(long, default_value_t = 40_000)]
    requests: u32,
}

#[derive(Clone, Copy)]
enum Server {
    Ours,
    Tokio,
    Threads,
}

const SERVERS: [(Server, &str); 3] = [
    (Server::Ours, "our loop"),
    (Server::Tokio, "tokio"),
    (Server::Threads, "a thread for each"),
];

fn main() -> ExitCode {
    program::run(|options: Options| {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
        // Here, before the forks: for the server and for its clients.
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard)
            .or_else(|_| setrlimit(Resource::RLIMIT_NOFILE, soft, hard))?;
        say!(
            "{:<20} {:>12} {:>11} {:>9} {:>11} {:>15}",
            "server",
            "connections",
            "requests/s",
            "worst ms",
            "memory KiB",
            "CPU us/request"
        );
        for connections in options.connections {
            if u64::from(connections) + 50 > hard {
                say!("{connections} connections need more open files than the {hard} allowed");
                continue;
            }
            for (server, name) in SERVERS {
                measure(server, name, connections, options.requests)?;
            }
        }
        bad_clients()
    })
}

/// A server in a process of its own.
fn start(server: Server) -> anyhow::Result<(Process, SocketAddr)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    // All may come at once; std's own backlog of 128 would have them wait.
    rustix::net::listen(&listener, 4096)?;
    let address = listener.local_addr()?;
    let process = Builder::new("echo").spawn(move || match server {
        Server::Ours => event_loop::run(on_our_loop(listener))?,
        Server::Tokio => on_tokio(listener),
        Server::Threads => in_threads(listener),
    })?;
    Ok((process, address))
}

// ANCHOR: servers
async fn on_our_loop(listener: TcpListener) -> io::Result<()> {
    let listener = Watched::new(listener)?;
    loop {
        let (stream, _) = listener.read_with(TcpListener::accept).await?;
        drop(spawn(async move {
            // What is wrong with one connection is its client's affair.
            let _ = echo(stream).await;
        }));
    }
}

async fn echo(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let stream = Watched::new(stream)?;
    let mut bytes = [0; MESSAGE];
    loop {
        let count = stream.read_with(|mut io| io.read(&mut bytes)).await?;
        if count == 0 {
            return Ok(());
        }
        write_all(&stream, &bytes[..count]).await?;
    }
}

async fn write_all(stream: &Watched<TcpStream>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let count = stream.write_with(|mut io| io.write(bytes)).await?;
        bytes = &bytes[count..];
    }
    Ok(())
}

fn in_threads(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept()?;
        thread::Builder::new().spawn(move || {
            let mut bytes = [0; MESSAGE];
            stream.set_nodelay(true)?;
            loop {
                let count = (&stream).read(&mut bytes)?;
                if count == 0 {
                    return Ok::<_, io::Error>(());
                }
                (&stream).write_all(&bytes[..count])?;
            }
        })?;
    }
}
// ANCHOR_END: servers

fn on_tokio(listener: TcpListener) -> io::Result<()> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_io().build()?.block_on(async {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(async move {
                let mut bytes = [0; MESSAGE];
                loop {
                    let count = stream.read(&mut bytes).await?;
                    if count == 0 {
                        return Ok::<_, io::Error>(());
                    }
                    stream.write_all(&bytes[..count]).await?;
                }
            });
        }
    })
}

fn measure(server: Server, name: &str, connections: u32, requests: u32) -> anyhow::Result<()> {
    let (process, address) = start(server)?;
    let each = (requests / connections).max(1);
    let requests = connections * each;
    let (wall, worst) = event_loop::run(ask_all(address, connections, each))??;
    let (cpu, memory) = (cpu_seconds(process.pid())?, peak_memory_kib(process.pid())?);
    say!(
        "{name:<20} {connections:>12} {:>11.0} {:>9.1} {memory:>11} {:>15.1}",
        f64::from(requests) / wall.as_secs_f64(),
        worst.as_secs_f64() * 1e3,
        cpu * 1e6 / f64::from(requests)
    );
    Ok(())
}

/// So many clients, in one thread of this process; how long it took once all
/// were connected, and the longest that one waited.
async fn ask_all(
    address: SocketAddr,
    connections: u32,
    each: u32,
) -> anyhow::Result<(Duration, Duration)> {
    let mut streams = Vec::new();
    for _ in 0..connections {
        streams.push(Watched::new(TcpStream::connect(address)?)?);
    }
    let worst = Rc::new(Cell::new(Duration::ZERO));
    let start = Instant::now();
    let clients = streams.into_iter().map(|stream| {
        let worst = Rc::clone(&worst);
        spawn(async move {
            for _ in 0..each {
                let asked = Instant::now();
                ask(&stream, &[7; MESSAGE]).await?;
                worst.set(worst.get().max(asked.elapsed()));
            }
            Ok::<_, io::Error>(())
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await??;
    }
    Ok((start.elapsed(), worst.get()))
}

async fn ask(stream: &Watched<TcpStream>, message: &[u8]) -> io::Result<()> {
    write_all(stream, message).await?;
    let mut bytes = [0; MESSAGE];
    let mut got = 0;
    while got < message.len() {
        let count = stream.read_with(|mut io| io.read(&mut bytes)).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        got += count;
    }
    Ok(())
}

/// Clients as they are, beside some that behave.
fn bad_clients() -> anyhow::Result<()> {
    let (_process, address) = start(Server::Ours)?;
    let connect = move || Watched::new(TcpStream::connect(address)?);
    event_loop::run(async move {
        let mut stalled = Vec::new();
        let mut slow = Vec::new();
        for _ in 0..3 {
            // Connects, and says nothing.
            stalled.push(connect()?);
            // Asks, and is gone before the answer: the server gets a reset.
            let vanishing = connect()?;
            write_all(&vanishing, &[7; MESSAGE]).await?;
            vanishing.get_ref().shutdown(Shutdown::Both)?;
            let dripping = connect()?;
            slow.push(spawn(async move {
                for _ in 0..MESSAGE {
                    ask(&dripping, b".").await?;
                    sleep(Duration::from_millis(1)).await;
                }
                Ok::<_, io::Error>(())
            }));
        }
        let mut others = Vec::new();
        for _ in 0..10 {
            let stream = connect()?;
            others.push(spawn(async move {
                let mut answers = 0;
                for _ in 0..20 {
                    answers += u32::from(ask(&stream, &[7; MESSAGE]).await.is_ok());
                }
                answers
            }));
        }
        let (mut answers, mut slow_answers) = (0, 0);
        for other in others {
            answers += timeout(Duration::from_secs(60), other).await??;
        }
        for slow in slow {
            slow_answers += u32::from(slow.await?.is_ok());
        }
        say!(
            "3 clients stall, 3 vanish, 3 send byte by byte: \
             the 10 others had {answers} answers of 200, the slow ones {slow_answers} of 3"
        );
        Ok(())
    })?
}
