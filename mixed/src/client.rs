//! Clients of the server, as the recipe's demonstration and its tests need them.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use common::say;

use crate::server::Held;

/// No answer takes longer, or something is wrong with the server.
const PATIENCE: Duration = Duration::from_secs(60);

/// A whole answer.
///
/// # Errors
///
/// When the connection was refused ([`io::ErrorKind::ConnectionRefused`]), or
/// broke before the end of the answer.
pub fn get(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut answer = Answer::begin(address, path)?;
    let mut body = answer.first.clone();
    body += &answer.rest()?;
    Ok(body)
}

/// Opens that many connections at once, and says who has them, in order.
///
/// # Errors
///
/// As [`get`].
pub fn hold(address: SocketAddr, connections: usize) -> io::Result<Vec<Answer>> {
    let held = (0..connections).map(|_| Answer::hold(address));
    let mut held = held.collect::<io::Result<Vec<_>>>()?;
    held.sort_by_key(|answer| (answer.process(), answer.thread().to_string()));
    for answer in &held {
        let process = answer.process().unwrap_or_default();
        say!("  process {process}, {}", answer.thread());
    }
    Ok(held)
}

/// Lets the server end its answers, and returns how many came whole and how many
/// broke.
pub fn release(held: Vec<Answer>) -> (usize, usize) {
    let count = held.len();
    let answered = held.into_iter().filter_map(|answer| answer.release().ok());
    let answered = answered.count();
    (answered, count - answered)
}

/// A connection whose answer has begun: somebody holds it.
#[derive(Debug)]
pub struct Answer {
    reader: BufReader<TcpStream>,
    left: usize,
    /// The first line of the body: who answers.
    pub first: String,
}

impl Answer {
    /// Connects, and has somebody answer the [held](Held) path.
    ///
    /// # Errors
    ///
    /// As [`get`].
    pub fn hold(address: SocketAddr) -> io::Result<Answer> {
        Answer::begin(address, Held::PATH)
    }

    fn begin(address: SocketAddr, path: &str) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n")?;
        let mut answer = Answer {
            reader: BufReader::new(stream),
            left: 0,
            first: String::new(),
        };
        loop {
            let line = answer.line()?;
            let lower = line.to_ascii_lowercase();
            if let Some(length) = lower.strip_prefix("content-length:") {
                answer.left = length.trim().parse().map_err(io::Error::other)?;
            } else if line == "\r\n" {
                break;
            }
        }
        answer.first = answer.line()?;
        answer.left = answer.left.saturating_sub(answer.first.len());
        Ok(answer)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        match line.ends_with('\n') {
            true => Ok(line),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// The process that answers.
    pub fn process(&self) -> Option<u32> {
        let pid = self.first.strip_prefix("process ")?.split(',').next()?;
        pid.parse().ok()
    }

    /// The thread that answers.
    pub fn thread(&self) -> &str {
        let rest = self.first.split("thread ").nth(1).unwrap_or_default();
        rest.split(',').next().unwrap_or_default()
    }

    /// Lets the server end its answer, and reads what is left of it.
    ///
    /// # Errors
    ///
    /// When the connection broke.
    pub fn release(mut self) -> io::Result<String> {
        self.reader.get_mut().write_all(b".")?;
        self.rest()
    }

    fn rest(&mut self) -> io::Result<String> {
        let mut rest = vec![0; self.left];
        self.reader.read_exact(&mut rest)?;
        let _ = self.reader.get_ref().shutdown(Shutdown::Both);
        String::from_utf8(rest).map_err(io::Error::other)
    }
}
