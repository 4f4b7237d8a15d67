//! A request and its answer: as little of HTTP as shows who answers.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use multiproc::thread::current_name;

/// A client that says nothing, or reads nothing, holds a thread so long.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest request.
const LONGEST: u64 = 16 << 10;

/// The path that is answered in two pieces: at once who answers, and, when the
/// client has sent one more byte, the end.
#[derive(Debug)]
pub struct Held;

impl Held {
    /// The path.
    pub const PATH: &str = "/hold";
}

/// What a request for `/work` does: it waits, as for a database, and computes.
pub const WORK: (Duration, Duration) = (Duration::from_millis(5), Duration::from_micros(100));

/// Keeps a core busy.
pub fn compute(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// Reads a request and answers it; `generation` is told.
pub(super) fn answer(stream: &TcpStream, generation: u32) -> io::Result<()> {
    // Its own, in place of the listener's short one, which it inherits.
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut request = BufReader::new(stream.take(LONGEST));
    let mut first = String::new();
    request.read_line(&mut first)?;
    let mut line = first.clone();
    // To its end: closing with unread bytes would reset the connection, and
    // the answer with it (tcp(7)).
    while line.len() > 2 {
        line.clear();
        if request.read_line(&mut line)? == 0 {
            return Ok(()); // it has gone, or only looked whether somebody is here
        }
    }
    let path = first.split_whitespace().nth(1).unwrap_or_default();
    let body = format!(
        "process {}, thread {}, generation {generation}\n",
        std::process::id(),
        current_name()
    );
    match path {
        "/crash" => std::process::abort(),
        "/hang" => loop {
            std::thread::park();
        },
        "/work" => {
            std::thread::sleep(WORK.0);
            compute(WORK.1);
        }
        _ => {}
    }
    let held = path == Held::PATH;
    let end = if held { "end\n" } else { "" };
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len() + end.len()
    );
    let mut stream = stream;
    stream.write_all(format!("{head}{body}").as_bytes())?;
    if held {
        request.read_exact(&mut [0])?;
        stream.write_all(end.as_bytes())?;
    }
    Ok(())
}
