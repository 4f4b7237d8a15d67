//! Threads with names: Python's `threading.Thread` and
//! `threading.current_thread().name`.
//!
//! ```
//! use multiproc::thread::{self, Thread};
//!
//! let named = Thread::named("LoopThread", thread::current_name)?;
//! assert_eq!(named.join()?, "LoopThread");
//! let unnamed = Thread::spawn(thread::current_name)?;
//! assert!(unnamed.join()?.starts_with("Thread-"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A name is only for people: any text will do, and two threads may share one.
//! The system shows its first 15 bytes (`ps -L`, `top -H`,
//! `/proc/PID/task/TID/comm`), [`current_name`] returns all of it.

use std::any::Any;
use std::cell::OnceCell;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{Builder as StdBuilder, JoinHandle, Scope, ScopedJoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded};
use thiserror::Error;

thread_local! {
    static NAME: OnceCell<Arc<str>> = const { OnceCell::new() };
}

/// The name of the calling thread. These are Python's names
/// (`threading.current_thread`):
///
/// - `MainThread` for the main thread;
/// - the given name or `Thread-N` for one that this module started;
/// - the name that it has or `Dummy-N` for any other.
pub fn current_name() -> String {
    // Empty for a thread that is ending, whose thread-locals are gone.
    NAME.try_with(|name| name.get_or_init(foreign_name).to_string())
        .unwrap_or_default()
}

fn foreign_name() -> Arc<str> {
    static DUMMIES: AtomicU64 = AtomicU64::new(1);
    // The main thread has the id of its process (gettid(2)). Its name is no
    // proof: any thread may be called "main".
    if rustix::thread::gettid() == rustix::process::getpid() {
        return Arc::from("MainThread");
    }
    match std::thread::current().name() {
        Some(name) => Arc::from(name),
        None => format!("Dummy-{}", DUMMIES.fetch_add(1, Ordering::Relaxed)).into(),
    }
}

/// The thread panicked instead of returning a value.
///
/// ```
/// use multiproc::thread::Thread;
///
/// let thread = Thread::named("Painter", || -> u32 { panic!("out of paint") })?;
/// let error = thread.join().unwrap_err();
/// assert_eq!(error.to_string(), "thread 'Painter' panicked: out of paint");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("thread '{thread}' panicked: {message}")]
pub struct Panicked {
    /// The thread's name.
    pub thread: String,
    /// The panic's message.
    pub message: String,
}

/// A running thread. Dropping the handle leaves the thread running; it ends
/// with the process at the latest.
///
/// ```
/// use std::time::Duration;
/// use multiproc::thread::Thread;
///
/// let thread = Thread::named("Adder", || 40 + 2)?;
/// assert_eq!(thread.name(), "Adder");
/// assert!(thread.join_timeout(Duration::from_secs(60)));
/// assert_eq!(thread.join()?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Thread<T> {
    name: Arc<str>,
    handle: JoinHandle<T>,
    /// Disconnected when the thread's closure has returned or panicked.
    ended: Receiver<Infallible>,
}

impl<T: Send + 'static> Thread<T> {
    /// Starts a thread called `Thread-1`, `Thread-2`, … in the order of these
    /// calls.
    ///
    /// # Errors
    ///
    /// `EAGAIN` if the system allows no more threads (`ulimit -u`, the cgroup's
    /// `pids.max`), `ENOMEM` if it has no memory for the stack.
    pub fn spawn(body: impl FnOnce() -> T + Send + 'static) -> io::Result<Self> {
        Builder::new().spawn(body)
    }

    /// Starts a thread called `name`.
    ///
    /// # Errors
    ///
    /// As for [`spawn`](Self::spawn).
    pub fn named(
        name: impl Into<String>,
        body: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<Self> {
        Builder::new().name(name).spawn(body)
    }
}

impl<T> Thread<T> {
    /// Its whole name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether its closure is still running.
    pub fn is_alive(&self) -> bool {
        self.ended.try_recv() != Err(TryRecvError::Disconnected)
    }

    /// Waits until the thread ends, and returns what its closure returned.
    ///
    /// # Errors
    ///
    /// [`Panicked`], with the panic's message.
    pub fn join(self) -> Result<T, Panicked> {
        self.handle
            .join()
            .map_err(|panic| panicked(&self.name, &*panic))
    }

    /// Waits until the closure ends, for at most `timeout`; returns whether it
    /// did. After that, [`join`](Self::join) takes only a moment.
    pub fn join_timeout(&self, timeout: Duration) -> bool {
        self.ended.recv_timeout(timeout) != Err(RecvTimeoutError::Timeout)
    }
}

fn panicked(thread: &str, panic: &(dyn Any + Send)) -> Panicked {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Panicked {
        thread: thread.to_string(),
        message: text.unwrap_or("(a value that is no text)").to_string(),
    }
}

/// Options for starting a thread, where [`Thread::spawn`] and [`Thread::named`]
/// are not enough.
///
/// ```
/// use multiproc::thread::Builder;
///
/// let words = ["fork", "join"];
/// std::thread::scope(|scope| {
///     let builder = Builder::new().name("Reader").stack_size(64 << 10);
///     let length = builder.spawn_scoped(scope, || words.concat().len())?;
///     assert_eq!(length.join().unwrap(), 8);
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Builder {
    name: Option<String>,
    stack_size: Option<usize>,
}

impl Builder {
    /// A thread called `Thread-N`, with the standard library's stack of 2 MiB.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets its name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the size of its stack in bytes, which the system rounds up (to at
    /// least 16 KiB). All of it takes address space, but only what the thread
    /// touches takes memory.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// As for [`Thread::spawn`].
    pub fn spawn<T: Send + 'static>(
        self,
        body: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<Thread<T>> {
        let (builder, name) = self.prepare();
        let (ends, ended) = bounded(0);
        let handle = builder.spawn(run(Arc::clone(&name), Some(ends), body))?;
        Ok(Thread {
            name,
            handle,
            ended,
        })
    }

    /// Starts the thread in `scope`, so that it may borrow what outlives the
    /// scope ([`std::thread::scope`]).
    ///
    /// # Errors
    ///
    /// As for [`Thread::spawn`].
    pub fn spawn_scoped<'scope, T: Send + 'scope>(
        self,
        scope: &'scope Scope<'scope, '_>,
        body: impl FnOnce() -> T + Send + 'scope,
    ) -> io::Result<ScopedJoinHandle<'scope, T>> {
        let (builder, name) = self.prepare();
        builder.spawn_scoped(scope, run(name, None, body))
    }

    fn prepare(self) -> (StdBuilder, Arc<str>) {
        static UNNAMED: AtomicU64 = AtomicU64::new(1);
        let name: Arc<str> = match self.name {
            Some(name) => name.into(),
            None => format!("Thread-{}", UNNAMED.fetch_add(1, Ordering::Relaxed)).into(),
        };
        // The standard library panics if a name contains a NUL. It shortens long
        // names for the system itself.
        let mut builder = StdBuilder::new().name(name.replace('\0', "?"));
        if let Some(bytes) = self.stack_size {
            builder = builder.stack_size(bytes);
        }
        (builder, name)
    }
}

/// Wraps `body`: sets the thread's name first, and drops `ends` at the end.
fn run<T>(
    name: Arc<str>,
    ends: Option<Sender<Infallible>>,
    body: impl FnOnce() -> T,
) -> impl FnOnce() -> T {
    move || {
        // A panic drops it too.
        let _ends = ends;
        NAME.with(|own| own.set(name).is_ok());
        body()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn any_text_is_a_name() {
        let long = "x".repeat(10_000);
        for name in ["", "a\0b", "\0", "naïve", &long, "main"] {
            let thread = Thread::named(name, current_name).unwrap();
            assert_eq!(thread.name(), name);
            assert_eq!(thread.join().unwrap(), name);
        }
    }

    #[test]
    fn unnamed_threads_are_numbered_in_order() {
        let number = |thread: Thread<String>| -> u64 {
            let name = thread.join().unwrap();
            name.strip_prefix("Thread-").unwrap().parse().unwrap()
        };
        let first = Thread::spawn(current_name).unwrap();
        let second = Thread::spawn(current_name).unwrap();
        // Other tests take numbers too.
        assert!(number(first) < number(second));
    }

    #[test]
    fn a_thread_of_another_origin_has_a_name_too() {
        let named = StdBuilder::new().name("theirs".into());
        let name = named.spawn(current_name).unwrap().join().unwrap();
        assert_eq!(name, "theirs");
        let unnamed = std::thread::spawn(|| (current_name(), current_name()));
        let (first, again) = unnamed.join().unwrap();
        assert!(first.starts_with("Dummy-"), "{first}");
        assert_eq!(first, again);
    }

    #[test]
    fn a_scoped_thread_has_its_name() {
        let expected = String::from("borrowed");
        std::thread::scope(|scope| {
            let builder = Builder::new().name("borrowed").stack_size(1 << 16);
            let thread = builder.spawn_scoped(scope, || current_name() == expected);
            assert!(thread.unwrap().join().unwrap());
        });
    }

    #[test]
    fn a_timed_join_does_not_wait_for_ever() {
        let (go, gone) = channel::<()>();
        let thread = Thread::spawn(move || gone.recv().is_err()).unwrap();
        assert!(thread.is_alive());
        assert!(!thread.join_timeout(Duration::from_millis(1)));
        drop(go);
        assert!(thread.join_timeout(Duration::MAX));
        assert!(!thread.is_alive());
        assert!(thread.join().unwrap());
    }

    #[test]
    fn a_panic_is_an_error_with_its_text() {
        let thread = Thread::named("T", || -> () {
            std::panic::resume_unwind(Box::new("lost the map"))
        });
        let thread = thread.unwrap();
        assert!(thread.join_timeout(Duration::MAX));
        let error = thread.join().unwrap_err();
        assert_eq!(error.to_string(), "thread 'T' panicked: lost the map");
    }

    #[test]
    fn a_stack_too_large_is_an_error() {
        let builder = Builder::new().stack_size(1 << 62);
        assert!(builder.spawn(|| {}).is_err());
    }
}
