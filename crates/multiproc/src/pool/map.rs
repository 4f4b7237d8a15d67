//! One function, many arguments: `map`, `map_async`.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::deadline::Deadline;
use crate::pool::error::TaskError;
use crate::pool::handle::Pool;
use crate::pool::inner::Sink;
use crate::pool::result::{Promise, Results};

/// The largest chunk of a `map` by default. A larger one could keep one worker
/// busy at the end while the others have nothing to do.
const LARGEST_CHUNK: usize = 1024;

impl<A, R> Pool<A, R>
where
    A: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned + Send + 'static,
{
    /// Runs the task on every argument and returns the results in order.
    ///
    /// Arguments travel in chunks of `chunk`. By default each worker gets about
    /// four chunks, of at most 1,024 arguments. A chunk is smaller if its
    /// arguments are too large to travel together. A worker that dies takes its
    /// whole chunk with it.
    ///
    /// # Errors
    ///
    /// The error of the first task, in order, that failed.
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
        let promise = Promise::new();
        let result = MapResult {
            promise: Arc::clone(&promise),
        };
        if arguments.is_empty() {
            promise.fill_many(Vec::new());
            return result;
        }
        let even = arguments.len().div_ceil(4 * self.workers());
        let chunk = chunk.unwrap_or(even.min(LARGEST_CHUNK));
        let gather = Arc::new(Gather {
            state: Mutex::new(Gathered {
                results: arguments.iter().map(|_| None).collect(),
                missing: arguments.len(),
                promise: Some(promise),
            }),
        });
        let mut chunks = self.chunks(arguments.into_iter(), chunk);
        while let Some(chunk) = chunks.next() {
            let gather = Arc::clone(&gather);
            match chunk {
                Ok(chunk) => {
                    let first = chunk.first;
                    let add = move |results, _| gather.add(first, results);
                    chunks.reuse(self.submit_chunk(chunk, Sink::Many(Box::new(add))));
                }
                Err((task, error)) => gather.add(task, vec![Err(error)]),
            }
        }
        result
    }
}

/// Collects the chunks of a `map`.
struct Gather<R> {
    state: Mutex<Gathered<R>>,
}

struct Gathered<R> {
    results: Vec<Option<Result<R, TaskError>>>,
    missing: usize,
    /// Filled when nothing is missing.
    promise: Option<Arc<Promise<Results<R>>>>,
}

impl<R> Gather<R> {
    fn add(&self, first: u64, results: Results<R>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.missing -= results.len();
        // No truncation: it is an index into a vector of arguments.
        let places = &mut state.results[first as usize..];
        for (place, result) in places.iter_mut().zip(results) {
            *place = Some(result);
        }
        if state.missing == 0
            && let Some(promise) = state.promise.take()
        {
            let results = std::mem::take(&mut state.results);
            drop(state);
            promise.fill_many(results.into_iter().flatten().collect());
        }
    }
}

/// The results of a `map`, ready or not.
///
/// ```
/// # use multiproc::pool::Pool;
/// # use std::time::Duration;
/// # let pool = Pool::new(2, |n: u64| n * n)?;
/// let squares = pool.map_async(0..4, None);
/// while !squares.wait(Duration::from_secs(1)) {
///     println!("still waiting");
/// }
/// assert_eq!(squares.get()?, [0, 1, 4, 9]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MapResult<R> {
    promise: Arc<Promise<Results<R>>>,
}

impl<R> MapResult<R> {
    /// Waits for all results and takes them, in order.
    ///
    /// # Errors
    ///
    /// The error of the first task, in order, that failed.
    pub fn get(self) -> Result<Vec<R>, TaskError> {
        self.promise.take(Deadline::NEVER)?.into_iter().collect()
    }

    /// Like [`get`](Self::get), within `timeout`.
    ///
    /// # Errors
    ///
    /// [`TaskError::Timeout`] when they are not all there yet: ask again. And
    /// those of `get`.
    pub fn get_timeout(&self, timeout: Duration) -> Result<Vec<R>, TaskError> {
        let results = self.promise.take(Deadline::after(timeout))?;
        results.into_iter().collect()
    }

    /// Waits for at most `timeout`; returns whether all tasks have ended.
    pub fn wait(&self, timeout: Duration) -> bool {
        self.promise.is_filled(Deadline::after(timeout))
    }

    /// Whether all tasks have ended.
    pub fn ready(&self) -> bool {
        self.wait(Duration::ZERO)
    }

    /// Whether all tasks have succeeded; `None` while some have not ended, and
    /// after the results were taken.
    pub fn successful(&self) -> Option<bool> {
        self.promise
            .peek(|results| results.iter().all(Result::is_ok))
    }
}

impl<R> fmt::Debug for MapResult<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapResult")
            .field("ready", &self.ready())
            .finish_non_exhaustive()
    }
}
