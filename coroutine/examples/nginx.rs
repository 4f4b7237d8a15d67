//! Several processes, an event loop in each, one listener: who gets what?
//!
//! <!-- numbers vary -->
//! ```text
//! $ cargo run -q -p coroutine --example nginx
//! 3 processes, 300 connections, one after the other:
//! how they share                first  second   third  wake-ups
//! blocking accept                  95     104     101       300
//! epoll in each, one listener     116      93      91       810
//! the same, EPOLLEXCLUSIVE        294       6       0       309
//! SO_REUSEPORT, one each          102     112      86       300
//! a process is killed; of 300 connections 0 are refused, and a new one takes part
//! ```
//!
//! What to notice:
//!
//! - Blocking: the kernel queues who waits, and takes the one that has waited
//!   longest.
//! - epoll: all are woken for each connection, and one gets it (the "thundering
//!   herd"). Who is quickest has it: no queue.
//! - `EPOLLEXCLUSIVE`: one is woken, mostly the same one as long as it keeps up.
//!   Where connections stay, it is then busy, and the others get theirs.
//! - `SO_REUSEPORT`: each has a listener and a queue of its own, and the kernel
//!   chooses by the client's address. Fair by chance; but what waits in the queue
//!   of a process that dies is lost with it. The others share one queue, which
//!   belongs to the parent too.
//!
//! Nginx offers the last three (`accept_mutex`, now off; `EPOLLEXCLUSIVE`, what it
//! does; `reuseport`).
#![forbid(unsafe_code)]

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use common::{program, say};
use coroutine::event_loop::{Watched, run, spawn};
use coroutine::figures::sleeps;
use multiproc::process::Process;
use multiproc::shared::Shared;
use rustix::event::epoll::EventFlags;
use rustix::net::sockopt::set_socket_reuseport;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with};

const PROCESSES: usize = 3;
const CONNECTIONS: u32 = 300;

#[derive(Clone, Copy, PartialEq)]
enum How {
    Blocking,
    Epoll,
    Exclusive,
    ReusePort,
}

/// How many each process has accepted.
type Counts = Shared<[AtomicU64]>;

fn main() -> ExitCode {
    program::example("Shares a listener among processes in four ways", || {
        say!("{PROCESSES} processes, {CONNECTIONS} connections, one after the other:");
        say!(
            "{:<28} {:>6} {:>7} {:>7} {:>9}",
            "how they share",
            "first",
            "second",
            "third",
            "wake-ups"
        );
        for (how, name) in [
            (How::Blocking, "blocking accept"),
            (How::Epoll, "epoll in each, one listener"),
            (How::Exclusive, "the same, EPOLLEXCLUSIVE"),
            (How::ReusePort, "SO_REUSEPORT, one each"),
        ] {
            let (counts, wake_ups) = share(how)?;
            let [first, second, third] = counts;
            say!("{name:<28} {first:>6} {second:>7} {third:>7} {wake_ups:>9}");
        }
        replace_a_killed_one()
    })
}

// ANCHOR: share
/// What each process has accepted, and how often they were woken for it.
fn share(how: How) -> anyhow::Result<([u64; PROCESSES], u64)> {
    let counts = Shared::slice(PROCESSES, |_| AtomicU64::new(0))?;
    let (first, address) = listener(how, None)?;
    let mut listeners = vec![first];
    while how == How::ReusePort && listeners.len() < PROCESSES {
        listeners.push(listener(how, Some(address))?.0);
    }
    let mut processes = Vec::new();
    for n in 0..PROCESSES {
        let listener = listeners[n % listeners.len()].try_clone()?;
        processes.push(Process::spawn("server", || {
            serve(how, listener, &counts[n])
        })?);
    }
    // The processes have them: what is left here would be a queue of nobody.
    drop(listeners);
    wait_until_all_serve(address, &counts, how)?;
    let told = || {
        let mut told = [0; PROCESSES];
        let counts = counts.iter().map(|count| count.load(Ordering::SeqCst));
        told.iter_mut()
            .zip(counts)
            .for_each(|(told, count)| *told = count);
        told
    };
    let woken = || processes.iter().map(|process| sleeps(process.pid())).sum();
    let (before, woken_before): (_, std::io::Result<u64>) = (told(), woken());
    (0..CONNECTIONS).try_for_each(|_| ask(address).map(drop))?;
    let (mut counts, woken_after) = (told(), woken());
    counts
        .iter_mut()
        .zip(before)
        .for_each(|(count, before)| *count -= before);
    Ok((counts, woken_after? - woken_before?))
}

fn serve(how: How, listener: TcpListener, count: &AtomicU64) -> anyhow::Result<()> {
    if how == How::Blocking {
        loop {
            let (stream, _) = listener.accept()?;
            count.fetch_add(1, Ordering::SeqCst);
            let _ = answer(&stream);
        }
    }
    // A loop of its own in each: made after the fork.
    run(async {
        let listener = match how {
            How::Exclusive => {
                Watched::with_flags(listener, EventFlags::IN | EventFlags::EXCLUSIVE)?
            }
            _ => Watched::new(listener)?,
        };
        loop {
            let (stream, _) = listener.read_with(TcpListener::accept).await?;
            count.fetch_add(1, Ordering::SeqCst);
            drop(spawn(async move {
                let _ = answer(&stream);
            }));
        }
    })?
}
// ANCHOR_END: share

fn answer(mut stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.write_all(&std::process::id().to_ne_bytes())
}

/// A connection, and who answers; `None` when there was nobody.
fn ask(address: SocketAddr) -> std::io::Result<Option<u32>> {
    let mut pid = [0; 4];
    let asked = TcpStream::connect(address).and_then(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        stream.read_exact(&mut pid)
    });
    match asked {
        Ok(()) => Ok(Some(u32::from_ne_bytes(pid))),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(None),
        // It was in the hands of a process that died.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof
            ) =>
        {
            Ok(Some(0))
        }
        Err(error) => Err(error),
    }
}

/// Until each has answered once; where one may never get any, until some have.
fn wait_until_all_serve(address: SocketAddr, counts: &Counts, how: How) -> std::io::Result<()> {
    let served = || {
        counts
            .iter()
            .filter(|count| count.load(Ordering::SeqCst) > 0)
            .count()
    };
    let fair = matches!(how, How::Blocking | How::ReusePort);
    for n in 0.. {
        if served() == PROCESSES || n > 200 && !fair && served() > 0 {
            break;
        }
        ask(address)?;
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

fn listener(how: How, address: Option<SocketAddr>) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let address = address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
    let fd = socket_with(
        AddressFamily::INET,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    if how == How::ReusePort {
        set_socket_reuseport(&fd, true)?;
    }
    bind(&fd, &address)?;
    listen(&fd, 128)?;
    let listener = TcpListener::from(fd);
    let address = listener.local_addr()?;
    Ok((listener, address))
}

// ANCHOR: replace
fn replace_a_killed_one() -> anyhow::Result<()> {
    let (listener, address) = listener(How::Exclusive, None)?;
    let count = AtomicU64::new(0);
    let start = || {
        let listener = listener.try_clone()?;
        anyhow::Ok(Process::spawn("server", || {
            serve(How::Exclusive, listener, &count)
        })?)
    };
    let mut processes = (0..PROCESSES)
        .map(|_| start())
        .collect::<Result<Vec<_>, _>>()?;
    let (mut refused, mut newcomer) = (0, None);
    let mut asked = 0;
    while asked < CONNECTIONS || newcomer.is_some() {
        let answered = ask(address)?;
        refused += u32::from(answered.is_none());
        asked += 1;
        if asked == CONNECTIONS / 2 {
            let victim = answered.unwrap_or_default();
            processes.retain(|process| {
                let keep = process.pid() != victim;
                if !keep {
                    let _ = process.kill();
                }
                keep
            });
            let fresh = start()?;
            newcomer = Some(fresh.pid());
            processes.push(fresh);
        }
        if newcomer.is_some() && answered == newcomer {
            newcomer = None;
        }
    }
    say!(
        "a process is killed; of {CONNECTIONS} connections {refused} are refused, and a new one takes part"
    );
    Ok(())
}
// ANCHOR_END: replace
