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

/// Chunks ahead for each worker at any rate: one to do, one to take next, and
/// two for the time that the reader takes.
const AHEAD: usize = 4;

/// Tasks ahead in all while they are small and the input comes fast. Then
/// handing each over at once would cost more than its work.
const FAST_AHEAD: usize = 1024;

/// What is small: all arguments and results that are ahead, together.
const SMALL: usize = 1 << 20;

/// What is fast: the input of all chunks that are submitted at once.
const FAST: Duration = Duration::from_micros(500);

impl<A, R> Pool<A, R>
where
    A: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned + Send + 'static,
{
    /// Runs the task on every argument and gives the results one by one, in
    /// order. The input is read as results are taken, so it may be endless:
    /// four chunks of `chunk` (at least 1) for each worker ahead, or, as long as
    /// it comes fast and arguments and results take less than 1 MiB, up to 1,024
    /// tasks.
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

    /// Like [`imap`](Self::imap), with the results in the order in which they
    /// come.
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
    /// Chunks ahead at any rate, and at most.
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

    /// Submits what should be ahead, where `flying` chunks are. `add` makes a
    /// sink's end for one more.
    fn fill<D>(&mut self, mut flying: usize, mut add: impl FnMut() -> D)
    where
        D: FnOnce(Landed<R>) + Send + 'static,
    {
        // In one go, and then not before half of it is used up: so both sides
        // work for a while between two wake-ups.
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

    fn submit(&self, chunk: Chunk, deliver: impl FnOnce(Landed<R>) + Send + 'static) {
        let arguments = chunk.bytes.len();
        self.bytes.fetch_add(arguments, Ordering::Relaxed);
        let bytes = Arc::clone(&self.bytes);
        let sink = move |results, size| {
            bytes.fetch_add(size, Ordering::Relaxed);
            bytes.fetch_sub(arguments, Ordering::Relaxed);
            deliver((results, size));
        };
        self.pool.submit_chunk(chunk, Sink::Many(Box::new(sink)));
    }

    /// Takes what has landed.
    fn take(&self, (results, size): Landed<R>) -> vec::IntoIter<Result<R, TaskError>> {
        self.bytes.fetch_sub(size, Ordering::Relaxed);
        results.into_iter()
    }
}

/// Results in order: see [`Pool::imap`].
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
                // Nobody need be reading any more.
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
