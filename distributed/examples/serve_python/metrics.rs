//! The status as Prometheus reads it, over the least of HTTP.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use pymanager::{Server, Status};

/// How long somebody may take to ask and to read the answer, in all.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many may be at it at once. Then the one that has taken longest gives way:
/// those who say nothing keep nobody out.
const AT_ONCE: usize = 16;

/// The most of a request that is read.
const MOST: usize = 8 << 10;

/// Answers whoever asks on `listener`, in threads that end with the process.
pub(crate) fn serve(listener: TcpListener, server: Weak<Server>) -> io::Result<()> {
    let serve = move || {
        let mut asking: VecDeque<Weak<TcpStream>> = VecDeque::new();
        for stream in listener.incoming() {
            let Ok(stream) = stream.map(Arc::new) else {
                // Out of descriptors, as a rule.
                thread::sleep(Duration::from_millis(100));
                continue;
            };
            asking.retain(|one| one.strong_count() > 0);
            if asking.len() == AT_ONCE
                && let Some(oldest) = asking.pop_front().and_then(|one| one.upgrade())
            {
                // One that is closed already cannot be closed.
                let _ = oldest.shutdown(Shutdown::Both);
            }
            asking.push_back(Arc::downgrade(&stream));
            let server = Weak::clone(&server);
            // Without a thread to be had, this one is turned away.
            let _ = spawn(move || {
                // Whoever hangs up in the middle has what he wants.
                let _ = answer(&stream, &server);
            });
        }
    };
    spawn(serve)
}

fn spawn(body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let thread = thread::Builder::new().name("metrics".to_string());
    thread.spawn(body).map(drop)
}

fn answer(stream: &TcpStream, server: &Weak<Server>) -> io::Result<()> {
    let mut stream = Timed {
        stream,
        until: Instant::now() + PATIENCE,
    };
    let mut request = Vec::new();
    let mut part = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") && request.len() < MOST {
        match stream.read(&mut part)? {
            0 => break,
            count => request.extend_from_slice(&part[..count]),
        }
    }
    let told = server.upgrade().map(|server| server.status());
    let (status, body) = match told {
        Some(told) if request.starts_with(b"GET ") => ("200 OK", text(&told)),
        Some(_) => ("405 Method Not Allowed", String::new()),
        None => ("503 Service Unavailable", String::new()),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// A connection with so much time for all that is read and written.
struct Timed<'a> {
    stream: &'a TcpStream,
    until: Instant,
}

impl Timed<'_> {
    fn left(&self) -> io::Result<Option<Duration>> {
        match self.until.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
            left => Ok(Some(left)),
        }
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        self.stream.read(bytes)
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.left()?)?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What Prometheus's text format makes of a status.
pub(crate) fn text(status: &Status) -> String {
    let mut out = String::new();
    let mut family = |name: &str, help: &str, samples: &[(String, f64)]| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "# HELP pymanager_{name} {help}");
        let _ = writeln!(out, "# TYPE pymanager_{name} gauge");
        for (labels, value) in samples {
            let _ = writeln!(out, "pymanager_{name}{labels} {value}");
        }
    };
    let one = |value: f64| [(String::new(), value)];
    let waiting = status.connections.iter().filter(|one| one.waiting).count();
    family(
        "up_seconds",
        "For how long it has been serving.",
        &one(status.seconds),
    );
    family(
        "memory_bytes",
        "What clients have put into its objects.",
        &one(status.memory as f64),
    );
    family(
        "objects",
        "How many objects there are.",
        &one(status.objects_in_all as f64),
    );
    family(
        "connections",
        "How many connections there are.",
        &one(status.connections.len() as f64),
    );
    family(
        "waiting",
        "How many of them wait for something.",
        &one(waiting as f64),
    );
    let labels = |object: &pymanager::ObjectStatus| {
        let name = object.name.as_deref().unwrap_or_default();
        format!(
            "{{class=\"{}\",name=\"{}\",ident=\"{}\"}}",
            escaped(&object.class),
            escaped(name),
            escaped(&object.ident)
        )
    };
    let each = |value: fn(&pymanager::ObjectStatus) -> Option<f64>| {
        let objects = status.objects.iter();
        let samples = objects.filter_map(|object| Some((labels(object), value(object)?)));
        samples.collect::<Vec<_>>()
    };
    family(
        "object_length",
        "Items in a queue or container, permits of a semaphore, workers of all pools.",
        &each(|object| object.length.map(|length| length as f64)),
    );
    family(
        "object_waiting",
        "Connections that wait for an object.",
        &each(|object| Some(object.waiting.len() as f64)),
    );
    family(
        "object_held",
        "Whether somebody holds a lock.",
        &each(|object| object.held_by.map(|_| 1.0)),
    );
    out
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
