//! One function, many arguments, results one by one: `imap`, `imap_unordered`.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::vec;

use crossbeam_channel::{Receiver, Sender, unbounded};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::deadline::Deadline;
use crate::pool::caught::drop_each;
use crate::pool::chunks::{Chunk, Chunks};
use crate::pool::error::TaskError;
use crate::pool::handle::Pool;
use crate::pool::inner::Sink;
use crate::pool::result::{Promise, Results};

/// Chunks ahead for each worker: one to run, one to take next, and two to cover
/// the time that the reader takes.
const AHEAD: usize = 4;

/// Tasks ahead in all, while they are small and the input comes fast. Waking a
/// worker for each of them would cost more than the task.
const FAST_AHEAD: usize = 1024;

/// Small: all arguments and results that are ahead take fewer bytes than this.
const SMALL: usize = 1 << 20;

/// Fast: reading the input of all chunks submitted in one go takes less.
const FAST: Duration = Duration::from_micros(500);

impl<A, R> Pool<A, R>
where
    A: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned + Send + 'static,
{
    /// Runs the task on every argument and returns the results one by one, in
    /// order. The input is read only as results are taken, so it may be endless.
    ///
    /// Four chunks of `chunk` arguments (at least 1) are read ahead for each
    /// worker; or up to 1,024 tasks, as long as the input comes fast and the
    /// arguments and results that are ahead take less than 1 MiB.
    pub fn imap<I>(&self, arguments: I, chunk: usize) -> Imap<'_, A, R, I::IntoIter>
    where
        I: IntoIterator<Item = A>,
    {
        Imap {
            ahead: Ahead::new(self, arguments.into_iter(), chunk),
            flying: VecDeque::new(),
            landed: Vec::new().into_iter(),
        }
    }

    /// Like [`imap`](Self::imap), with the results in the order in which the
    /// tasks end.
    pub fn imap_unordered<I>(
        &self,
        arguments: I,
        chunk: usize,
    ) -> ImapUnordered<'_, A, R, I::IntoIter>
    where
        I: IntoIterator<Item = A>,
    {
        let (sender, receiver) = unbounded();
        ImapUnordered {
            ahead: Ahead::new(self, arguments.into_iter(), chunk),
            sender,
            receiver,
            flying: 0,
            landed: Vec::new().into_iter(),
        }
    }
}

/// Submits chunks ahead of the reader.
struct Ahead<'p, A, R: Send + 'static, I> {
    pool: &'p Pool<A, R>,
    chunks: Chunks<I>,
    /// How many chunks to keep ahead, at least and at most.
    least: usize,
    most: usize,
    /// The bytes of the arguments and results that are ahead.
    bytes: Arc<AtomicUsize>,
}

/// The results of a chunk, and how many bytes they take.
type Landed<R> = (Results<R>, usize);

impl<'p, A, R, I> Ahead<'p, A, R, I>
where
    A: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned + Send + 'static,
    I: Iterator<Item = A>,
{
    fn new(pool: &'p Pool<A, R>, input: I, chunk: usize) -> Self {
        let least = AHEAD * pool.workers();
        Ahead {
            least,
            most: least.max(FAST_AHEAD / chunk.max(1)),
            chunks: pool.chunks(input, chunk),
            pool,
            bytes: Arc::new(AtomicUsize::new(0)),
        }
    }

    /// Submits chunks until enough are ahead; `flying` are already. `add` makes
    /// the function that each new chunk delivers to.
    fn fill<D>(&mut self, mut flying: usize, mut add: impl FnMut() -> D)
    where
        D: FnOnce(Landed<R>) + Send + 'static,
    {
        // Refill in one go, and only once half is used up, so that each side
        // works for a while between two wake-ups.
        if flying >= self.least.max(self.most / 2) {
            return;
        }
        let start = Instant::now();
        while flying < self.least
            || flying < self.most
                && self.bytes.load(Ordering::Relaxed) < SMALL
                && start.elapsed() < FAST
        {
            match self.chunks.next() {
                Some(Ok(chunk)) => self.submit(chunk, add()),
                Some(Err((_, error))) => add()((vec![Err(error)], 0)),
                None => return,
            }
            flying += 1;
        }
    }

    fn submit(&mut self, chunk: Chunk, deliver: impl FnOnce(Landed<R>) + Send + 'static) {
        let arguments = chunk.bytes.len();
        self.bytes.fetch_add(arguments, Ordering::Relaxed);
        let bytes = Arc::clone(&self.bytes);
        let sink = move |results, size| {
            bytes.fetch_add(size, Ordering::Relaxed);
            bytes.fetch_sub(arguments, Ordering::Relaxed);
            deliver((results, size));
        };
        let used = self.pool.submit_chunk(chunk, Sink::Many(Box::new(sink)));
        self.chunks.reuse(used);
    }

    /// Takes what has landed.
    fn take(&self, (results, size): Landed<R>) -> vec::IntoIter<Result<R, TaskError>> {
        self.bytes.fetch_sub(size, Ordering::Relaxed);
        results.into_iter()
    }
}

/// Results in order: see [`Pool::imap`].
///
/// ```
/// # use multiproc::pool::Pool;
/// # let pool = Pool::new(2, |n: u64| n * n)?;
/// // The input has no end; it is read only as results are taken.
/// for square in pool.imap(1.., 1).take(3) {
///     println!("{}", square?); // 1, 4, 9
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Imap<'p, A, R: Send + 'static, I> {
    ahead: Ahead<'p, A, R, I>,
    flying: VecDeque<Arc<Promise<Landed<R>>>>,
    landed: vec::IntoIter<Result<R, TaskError>>,
}

impl<A, R, I> Iterator for Imap<'_, A, R, I>
where
    A: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned + Send + 'static,
    I: Iterator<Item = A>,
{
    type Item = Result<R, TaskError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(result) = self.landed.next() {
            return Some(result);
        }
        let flying = &mut self.flying;
        self.ahead.fill(flying.len(), || {
            let promise = Promise::new();
            flying.push_back(Arc::clone(&promise));
            move |landed| promise.fill_landed(landed)
        });
        let promise = self.flying.pop_front()?;
        self.landed = match promise.take(Deadline::NEVER) {
            Ok(landed) => self.ahead.take(landed),
            Err(error) => vec![Err(error)].into_iter(),
        };
        self.landed.next()
    }
}

/// Results as they come: see [`Pool::imap_unordered`].
///
/// ```
/// # use multiproc::pool::Pool;
/// # let pool = Pool::new(2, |n: u64| n * n)?;
/// let mut squares = pool.imap_unordered(1..4, 1).collect::<Result<Vec<_>, _>>()?;
/// squares.sort_unstable();
/// assert_eq!(squares, [1, 4, 9]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ImapUnordered<'p, A, R: Send + 'static, I> {
    ahead: Ahead<'p, A, R, I>,
    sender: Sender<Landed<R>>,
    receiver: Receiver<Landed<R>>,
    flying: usize,
    landed: vec::IntoIter<Result<R, TaskError>>,
}

impl<A, R, I> Iterator for ImapUnordered<'_, A, R, I>
where
    A: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned + Send + 'static,
    I: Iterator<Item = A>,
{
    type Item = Result<R, TaskError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(result) = self.landed.next() {
            return Some(result);
        }
        let (sender, added) = (&self.sender, &mut self.flying);
        self.ahead.fill(*added, || {
            *added += 1;
            let sender = sender.clone();
            move |landed| {
                // Nobody may be reading any more.
                if let Err(unread) = sender.send(landed) {
                    drop_each(unread.into_inner().0);
                }
            }
        });
        if self.flying == 0 {
            return None;
        }
        self.flying -= 1;
        self.landed = self.ahead.take(self.receiver.recv().ok()?);
        self.landed.next()
    }
}

impl<A, R: Send + 'static, I> fmt::Debug for Imap<'_, A, R, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Imap")
            .field("chunks_ahead", &self.flying.len())
            .finish_non_exhaustive()
    }
}

impl<A, R: Send + 'static, I> fmt::Debug for ImapUnordered<'_, A, R, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImapUnordered")
            .field("chunks_ahead", &self.flying)
            .finish_non_exhaustive()
    }
}
