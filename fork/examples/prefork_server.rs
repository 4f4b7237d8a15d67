//! The oldest way to serve many: a parent that listens, a child a request.
//!
//! <!-- not run: it serves until Ctrl-C -->
//! ```text
//! $ cargo run -q -p fork --example prefork_server
//! Serving http://127.0.0.1:8000/ with at most 8 children; Ctrl-C ends.
//! ```
//! and, meanwhile, in another terminal:
//! ```text
//! $ curl http://127.0.0.1:8000/
//! Hello from process 4712.
//! $ curl http://127.0.0.1:8000/crash
//! curl: (52) Empty reply from server
//! $ curl http://127.0.0.1:8000/
//! Hello from process 4714.
//! ```
//!
//! Apache's first model. What to notice: a request that crashes takes only its
//! own process with it. When the parent has enough children, it stops accepting
//! for a while (the kernel's backlog holds new clients). One `poll` waits for the
//! listener, for children that end and for Ctrl-C.
#![forbid(unsafe_code)]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use common::program::{self, Exit};
use common::{complain, say};
use multiproc::process::{Builder, ExitStatus, Process};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// Serves HTTP, a child process for each request.
#[derive(Parser)]
#[command(name = "prefork_server")]
struct Options {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8000")]
    address: SocketAddr,
    /// How many children may serve at once
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=500))]
    children: u16,
}

fn main() -> ExitCode {
    program::run(|options: Options| {
        let Options {
            address,
            children: limit,
        } = options;
        let listener =
            TcpListener::bind(address).with_context(|| format!("listen on {address}"))?;
        // A client may be gone again between `poll` and `accept`.
        listener.set_nonblocking(true)?;
        let signals = block(&[Signal::SIGINT, Signal::SIGTERM])?;
        say!(
            "Serving http://{}/ with at most {limit} children; Ctrl-C ends.",
            listener.local_addr()?
        );

        let mut children: Vec<Process> = Vec::new();
        loop {
            let accepting = children.len() < usize::from(limit);
            let mut fds = vec![PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
            fds.extend(
                children
                    .iter()
                    .map(|child| PollFd::new(child.as_fd(), PollFlags::POLLIN)),
            );
            if accepting {
                fds.push(PollFd::new(listener.as_fd(), PollFlags::POLLIN));
            }
            poll(&mut fds, PollTimeout::NONE).context("poll")?;

            if let Some(info) = signals.read_signal()? {
                // Dropping the children ends and reaps them.
                let status = 128 + u8::try_from(info.ssi_signo)?;
                return Err(Exit::new(status, "").into());
            }
            reap(&mut children)?;
            if accepting && let Some(stream) = accept(&listener)? {
                // The parent's copy of the connection closes as it is moved.
                let child = Builder::new("request")
                    .close_in_child(&listener)
                    .spawn(move || serve(stream));
                children.extend(
                    child
                        .map_err(|error| complain!("a request is refused: {error:#}"))
                        .ok(),
                );
            }
        }
    })
}

/// Holds the signals back, to be read from a descriptor.
fn block(signals: &[Signal]) -> anyhow::Result<SignalFd> {
    let mask: SigSet = signals.iter().copied().collect();
    mask.thread_block()?;
    Ok(SignalFd::with_flags(
        &mask,
        SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC,
    )?)
}

fn reap(children: &mut Vec<Process>) -> io::Result<()> {
    let mut left = Vec::with_capacity(children.len());
    for child in children.drain(..) {
        match child.exit_status()? {
            None => left.push(child),
            Some(ExitStatus::Code(_)) => {}
            Some(status) => complain!("request {} {status}; serving goes on", child.pid()),
        }
    }
    *children = left;
    Ok(())
}

fn accept(listener: &TcpListener) -> io::Result<Option<TcpStream>> {
    match listener.accept() {
        Ok((stream, _)) => Ok(Some(stream)),
        Err(error) => match error.kind() {
            io::ErrorKind::WouldBlock
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::Interrupted => Ok(None),
            _ => Err(error),
        },
    }
}

/// One request and its answer, in the child.
fn serve(stream: TcpStream) -> anyhow::Result<()> {
    // A silent client holds up one child, but not for ever.
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.set_write_timeout(Some(Duration::from_secs(10)))?;
    let mut request = BufReader::new((&stream).take(64 * 1024));
    let mut line = String::new();
    if request.read_line(&mut line)? == 0 {
        return Ok(()); // it only checked that somebody listens
    }
    let path = line.split_whitespace().nth(1).unwrap_or("").to_string();
    let mut length = 0;
    loop {
        line.clear();
        if request.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    // What is left unread would make the kernel reset the connection.
    io::copy(&mut request.take(length), &mut io::sink())?;

    let (status, body) = match path.as_str() {
        "/" => (
            "200 OK",
            format!("Hello from process {}.\n", std::process::id()),
        ),
        "/crash" => std::process::abort(),
        _ => ("404 Not Found", "Only / and /crash are here.\n".to_string()),
    };
    write!(
        &stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    Ok(())
}
