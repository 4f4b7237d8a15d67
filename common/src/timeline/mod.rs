//! A picture of a run: who said what, and when.
//!
//! Every recipe and every example has `--timeline FILE.svg`. Each line that it [says](mod@crate::say)
//! is then recorded with its time, its process and its thread, also by the
//! processes that it forks, and at its end the picture is drawn: time goes
//! down, and a row is a line.
//!
//! | file | what it is |
//! | --- | --- |
//! | `mod.rs` | recording |
//! | `lanes.rs` | who is who in a record |
//! | `draw.rs` | the picture |

mod draw;
mod lanes;

use std::cell::RefCell;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::fs::{MemfdFlags, OFlags, fcntl_setfl, memfd_create};

/// The record of this program; there is none unless somebody asked for it.
static RECORD: OnceLock<Record> = OnceLock::new();

thread_local! {
    /// The coroutine that runs in this thread.
    static COROUTINE: RefCell<Option<String>> = const { RefCell::new(None) };
}

#[derive(Debug)]
struct Record {
    /// Memory that forked children have too, and append to: a line in one
    /// write, whole.
    file: File,
    start: Instant,
    owner: u32,
}

/// One line of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Event {
    time: Duration,
    process: u32,
    thread: String,
    /// Whether it is the thread that the process began with.
    main: bool,
    coroutine: String,
    text: String,
}

/// Begins to record.
pub(crate) fn start() -> anyhow::Result<()> {
    let fd = memfd_create("timeline", MemfdFlags::CLOEXEC).context("memfd_create")?;
    fcntl_setfl(&fd, OFlags::APPEND)?;
    let record = Record {
        file: File::from(fd),
        start: Instant::now(),
        owner: process::id(),
    };
    // A second call would change nothing.
    let _ = RECORD.set(record);
    Ok(())
}

/// Records `text` as a line of this thread, without saying it: for what the
/// picture should show and standard output should not.
pub fn mark(text: fmt::Arguments<'_>) {
    let Some(record) = RECORD.get() else { return };
    let thread = thread::current();
    let process = process::id();
    let thread_id = rustix::thread::gettid().as_raw_nonzero().get();
    let event = Event {
        time: record.start.elapsed(),
        process,
        main: thread_id.cast_unsigned() == process,
        thread: match thread.name() {
            Some(name) => name.to_string(),
            None => format!("thread {thread_id}"),
        },
        coroutine: COROUTINE.with_borrow(|name| name.clone().unwrap_or_default()),
        text: text.to_string(),
    };
    // A picture with a row too few is better than a program that ends here.
    let _ = (&record.file).write_all(event.line().as_bytes());
}

/// Runs `future`; what it says is drawn as the coroutine called `name`.
pub async fn coroutine<F: Future>(name: String, future: F) -> F::Output {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        let before = COROUTINE.replace(Some(name.clone()));
        let polled = future.as_mut().poll(context);
        COROUTINE.set(before);
        polled
    })
    .await
}

/// Draws what was recorded into the file at `path`. Children do nothing here.
pub(crate) fn finish(path: &Path, title: &str) -> anyhow::Result<()> {
    let Some(record) = RECORD.get() else {
        return Ok(());
    };
    if record.owner != process::id() {
        return Ok(());
    }
    let events = read(&record.file).context("cannot read the record")?;
    let picture = draw::picture(title, &events, record.owner);
    fs::write(path, picture).with_context(|| format!("cannot write {}", path.display()))
}

/// The path, when something can be written there.
pub(crate) fn writable(path: PathBuf) -> anyhow::Result<PathBuf> {
    let mut options = File::options();
    let opened = options.create(true).append(true).open(&path);
    opened.with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn read(mut file: &File) -> io::Result<Vec<Event>> {
    let mut text = String::new();
    file.rewind()?;
    file.read_to_string(&mut text)?;
    let mut events: Vec<Event> = text.lines().filter_map(Event::of).collect();
    events.sort_by_key(|event| event.time);
    Ok(events)
}

impl Event {
    fn line(&self) -> String {
        let plain = |text: &str| text.replace(['\t', '\n', '\r'], " ");
        format!(
            "{}\t{}\t{}\t{}\t{}\t{}\n",
            self.time.as_nanos(),
            self.process,
            u8::from(self.main),
            plain(&self.thread),
            plain(&self.coroutine),
            plain(&self.text)
        )
    }

    fn of(line: &str) -> Option<Event> {
        let mut fields = line.splitn(6, '\t');
        let mut next = || fields.next();
        Some(Event {
            time: Duration::from_nanos(next()?.parse().ok()?),
            process: next()?.parse().ok()?,
            main: next()? == "1",
            thread: next()?.to_string(),
            coroutine: next()?.to_string(),
            text: next()?.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_record_is_read_as_it_was_written() {
        let event = Event {
            time: Duration::from_nanos(1_500_000_001),
            process: 4711,
            thread: "a\tb".to_string(),
            main: true,
            coroutine: String::new(),
            text: "one\ntwo\tthree".to_string(),
        };
        let line = event.line();
        assert_eq!(line.matches('\n').count(), 1);
        let read = Event::of(line.trim_end()).expect("a line");
        assert_eq!(
            (read.time, read.process, read.main),
            (event.time, 4711, true)
        );
        assert_eq!((&*read.thread, &*read.text), ("a b", "one two three"));
        // One that was cut short is none.
        assert_eq!(Event::of("15\t4711\t1\tx"), None);
    }
}
