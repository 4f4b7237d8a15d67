//! One function, many arguments: `map`, `map_async`, `imap`, `imap_unordered`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::vec;

use crate::codec::encode;
use crate::deadline::Deadline;
use crossbeam_channel::{Receiver, Sender, unbounded};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::pool::async_result::Slot;
use crate::pool::error::TaskError;
use crate::pool::handle::Pool;
use crate::pool::table::{Inner, Results, Sink};

/// The most that a chunk of a `map` has unless the caller says otherwise: a
/// chunk and its results have to fit into the queues.
const LARGEST_CHUNK: usize = 1024;

/// Chunks in flight for each worker of an `imap`: one to do, one to take next,
/// and two for the time that the reader takes.
const AHEAD: usize = 4;

impl<A, R> Pool<A, R>
where
    A: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned + Send + 'static,
{
    /// Runs the task on every argument and gives the results in order, or the
    /// first error in order.
    ///
    /// Arguments travel in chunks of `chunk`, or of so many that each worker
    /// gets about four, and not more than 1,024. A worker that dies takes its whole chunk along.
    pub fn map(
        &self,
        arguments: impl IntoIterator<Item = A>,
        chunk: Option<usize>,
    ) -> Result<Vec<R>, TaskError> {
        self.map_async(arguments, chunk).get()
    }

    /// Like [`map`](Self::map), but does not wait for the results.
    pub fn map_async(
        &self,
        arguments: impl IntoIterator<Item = A>,
        chunk: Option<usize>,
    ) -> MapResult<R> {
        let arguments: Vec<A> = arguments.into_iter().collect();
        let slot = Slot::new();
        if arguments.is_empty() {
            slot.fill(Ok(Vec::new()));
            return MapResult { slot };
        }
        let even = arguments.len().div_ceil(4 * self.workers());
        let chunk = chunk.unwrap_or(even.min(LARGEST_CHUNK)).max(1);
        let gather = Arc::new(Gather {
            state: Mutex::new(Gathered {
                results: arguments.iter().map(|_| None).collect(),
                missing: arguments.len(),
            }),
            slot: Arc::clone(&slot),
        });
        let mut first = 0;
        for arguments in arguments.chunks(chunk) {
            let (gather, start) = (Arc::clone(&gather), first);
            let sink = Sink::Many(Box::new(move |results| gather.add(start, results)));
            submit_chunk(self.inner(), start, arguments, sink);
            first += arguments.len();
        }
        MapResult { slot }
    }

    /// Runs the task on every argument and gives the results one by one, in
    /// order. The input is read as results are taken, never more than four
    /// chunks of `chunk` (at least 1) for each worker ahead; so it may be
    /// endless.
    pub fn imap<I>(&self, arguments: I, chunk: usize) -> Imap<'_, A, R, I::IntoIter>
    where
        I: IntoIterator<Item = A>,
    {
        Imap {
            chunks: Chunks::new(self, arguments.into_iter(), chunk),
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
            chunks: Chunks::new(self, arguments.into_iter(), chunk),
            sender,
            receiver,
            flying: 0,
            landed: Vec::new().into_iter(),
        }
    }
}

fn submit_chunk<A: Serialize, R: DeserializeOwned + Send + 'static>(
    inner: &Arc<Inner<R>>,
    first: usize,
    arguments: &[A],
    sink: Sink<R>,
) {
    // More than 2³² arguments in a chunk do not fit into a queue's largest item.
    let count = u32::try_from(arguments.len()).unwrap_or(u32::MAX);
    inner.submit(Some(first as u64), count, sink, |bytes| {
        arguments
            .iter()
            .try_for_each(|argument| Ok(encode(argument, bytes)?))
    });
}

/// Collects the chunks of a `map`.
struct Gather<R> {
    state: Mutex<Gathered<R>>,
    slot: Arc<Slot<Result<Vec<R>, TaskError>>>,
}

struct Gathered<R> {
    results: Vec<Option<Result<R, TaskError>>>,
    missing: usize,
}

impl<R> Gather<R> {
    fn add(&self, start: usize, results: Results<R>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.missing -= results.len();
        for (place, result) in state.results[start..].iter_mut().zip(results) {
            *place = Some(result);
        }
        if state.missing == 0 {
            let results = std::mem::take(&mut state.results);
            self.slot.fill(results.into_iter().flatten().collect());
        }
    }
}

/// The results of a `map` that may not be there yet.
pub struct MapResult<R> {
    slot: Arc<Slot<Result<Vec<R>, TaskError>>>,
}

impl<R> MapResult<R> {
    /// Waits for all results and takes them: in order, or the first error.
    pub fn get(self) -> Result<Vec<R>, TaskError> {
        self.slot.take(Deadline::NEVER)?
    }

    /// Like [`get`](Self::get), but [`TaskError::Timeout`] when they are not
    /// there within `timeout`; ask again then.
    pub fn get_timeout(&self, timeout: Duration) -> Result<Vec<R>, TaskError> {
        self.slot.take(Deadline::after(timeout))?
    }

    /// Waits for at most `timeout`; whether all tasks have ended.
    pub fn wait(&self, timeout: Duration) -> bool {
        self.slot.is_filled(Deadline::after(timeout))
    }

    /// Whether all tasks have ended.
    pub fn ready(&self) -> bool {
        self.wait(Duration::ZERO)
    }

    /// Whether all have ended well; `None` while they have not all ended.
    pub fn successful(&self) -> Option<bool> {
        self.slot.peek(Result::is_ok)
    }
}

/// Cuts an input into chunks and submits them.
struct Chunks<'p, A, R: Send + 'static, I> {
    pool: &'p Pool<A, R>,
    input: std::iter::Fuse<I>,
    chunk: usize,
    next: usize,
    window: usize,
}

impl<'p, A, R, I> Chunks<'p, A, R, I>
where
    A: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned + Send + 'static,
    I: Iterator<Item = A>,
{
    fn new(pool: &'p Pool<A, R>, input: I, chunk: usize) -> Self {
        Chunks {
            window: AHEAD * pool.workers(),
            pool,
            input: input.fuse(),
            chunk: chunk.max(1),
            next: 0,
        }
    }

    /// Submits the next chunk; false at the end of the input.
    fn submit(&mut self, sink: impl FnOnce() -> Sink<R>) -> bool {
        let arguments: Vec<A> = self.input.by_ref().take(self.chunk).collect();
        if arguments.is_empty() {
            return false;
        }
        submit_chunk(self.pool.inner(), self.next, &arguments, sink());
        self.next += arguments.len();
        true
    }
}

/// Results in order: see [`Pool::imap`].
pub struct Imap<'p, A, R: Send + 'static, I> {
    chunks: Chunks<'p, A, R, I>,
    flying: VecDeque<Arc<Slot<Results<R>>>>,
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
        while self.flying.len() < self.chunks.window {
            let slot = Slot::new();
            let filled = Arc::clone(&slot);
            if !self
                .chunks
                .submit(|| Sink::Many(Box::new(move |results| filled.fill(results))))
            {
                break;
            }
            self.flying.push_back(slot);
        }
        let slot = self.flying.pop_front()?;
        self.landed = slot.take(Deadline::NEVER).unwrap_or_default().into_iter();
        self.landed.next()
    }
}

/// Results as they come: see [`Pool::imap_unordered`].
pub struct ImapUnordered<'p, A, R: Send + 'static, I> {
    chunks: Chunks<'p, A, R, I>,
    sender: Sender<Results<R>>,
    receiver: Receiver<Results<R>>,
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
        while self.flying < self.chunks.window {
            let sender = self.sender.clone();
            // Nobody need be reading any more.
            let sink = move || Sink::Many(Box::new(move |results| drop(sender.send(results))));
            if !self.chunks.submit(sink) {
                break;
            }
            self.flying += 1;
        }
        if self.flying == 0 {
            return None;
        }
        self.flying -= 1;
        self.landed = self.receiver.recv().ok()?.into_iter();
        self.landed.next()
    }
}
