//! What one call of a pool asked for, and the results so far.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::callback::Callback;
use super::source::Source;
use crate::object::{Call, Exception, Stored, WaitList};
use crate::types::Account;
use inert_pickle::Value;

/// How a worker calls the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Once, with `args` and `kwds`.
    Apply,
    /// With each item.
    Map,
    /// With the contents of each item.
    Starmap,
}

impl Mode {
    pub(super) fn name(self) -> &'static str {
        match self {
            Mode::Apply => "apply",
            Mode::Map => "map",
            Mode::Starmap => "starmap",
        }
    }
}

/// A call of a pool: a function, items, and results.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) number: u64,
    pub(super) pool: u64,
    pub(super) asked: Asked,
    pub(super) since: Instant,
    /// All has come, or been given up; the callbacks may still be under way.
    ending: AtomicBool,
    state: Mutex<State>,
}

/// What was asked for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) mode: Mode,
    /// The function, and what keeps the objects whose proxies are in it.
    pub(super) function: Stored,
    /// The items as they came, for the same purpose.
    pub(super) items: Stored,
    pub(super) source: Source,
    /// Items in one task.
    pub(super) chunk: usize,
    /// Results are told as they come, not in the order of their items.
    pub(super) unordered: bool,
    /// Results are told one by one.
    pub(super) streaming: bool,
    pub(super) callback: Option<Callback>,
    pub(super) error_callback: Option<Callback>,
}

impl Asked {
    /// How many tasks it comes to.
    pub(super) fn chunks(&self) -> usize {
        match self.mode {
            Mode::Apply => 1,
            _ => self.source.len().div_ceil(self.chunk.max(1)),
        }
    }
}

/// A part of a job, which one worker does as one task.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunk {
    pub(super) index: usize,
    /// How many workers have died of it.
    pub(super) died: u32,
}

#[derive(Debug)]
pub(super) struct State {
    /// Lists of results, by their chunk's index; of an unordered job, by when
    /// they came.
    results: BTreeMap<usize, Result<Stored, Exception>>,
    came: usize,
    /// Chunks whose results are not here.
    left: usize,
    /// There is nothing more to wait for.
    pub(super) over: bool,
    pub(super) waiting: WaitList,
    account: Account,
    /// The next list of results to be told, and how far the last one is.
    next: usize,
    telling: Option<(Stored, usize)>,
}

/// What the next result of a job is.
#[derive(Debug)]
pub(super) enum Next {
    Result(Value),
    Error(Exception),
    /// There is no other.
    End,
}

impl Job {
    pub(super) fn new(
        number: u64,
        pool: u64,
        asked: Asked,
        call: &Call<'_>,
    ) -> Result<Job, Exception> {
        let mut account = Account::new(call);
        account.charge(
            size_of::<Job>()
                + asked.function.memory()
                + asked.items.memory()
                + asked.source.memory(),
        )?;
        let left = asked.chunks();
        Ok(Job {
            number,
            pool,
            asked,
            since: Instant::now(),
            ending: AtomicBool::new(false),
            state: Mutex::new(State {
                results: BTreeMap::new(),
                came: 0,
                left,
                over: false,
                waiting: WaitList::default(),
                account,
                next: 0,
                telling: None,
            }),
        })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing more is to be done for it.
    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::SeqCst)
    }

    /// There is nothing to do: it is over before it begins.
    pub(super) fn is_empty(&self) -> bool {
        self.asked.chunks() == 0
    }

    /// Ends a job of which nothing is to be done.
    pub(super) fn end_at_once(&self, call: &Call<'_>) {
        self.ending.store(true, Ordering::SeqCst);
        self.end(Some(call));
    }

    /// The items of a chunk.
    pub(super) fn items(&self, chunk: Chunk) -> Value {
        match self.asked.mode {
            Mode::Apply => self.asked.items.value.clone(),
            _ => {
                let (start, count) = self.extent(chunk);
                self.asked.source.part(start, count)
            }
        }
    }

    fn extent(&self, chunk: Chunk) -> (usize, usize) {
        if self.asked.mode == Mode::Apply {
            return (0, 1);
        }
        let start = chunk.index * self.asked.chunk;
        (start, self.asked.chunk.min(self.asked.source.len() - start))
    }

    /// A chunk has come to an end; whether the job has, too. `on_behalf` is the
    /// worker's call, if it is one.
    pub(super) fn finish(
        &self,
        chunk: Chunk,
        outcome: Result<Stored, Exception>,
        on_behalf: Option<&Call<'_>>,
    ) -> bool {
        let expected = self.extent(chunk).1;
        let outcome = outcome.and_then(|results| match results.value.as_sequence() {
            Some(values) if values.len() == expected => Ok(results),
            _ => Err(Exception::runtime_error(
                "the worker has not answered with a result for each item",
            )),
        });
        let mut state = self.lock();
        if self.is_ending() {
            return false;
        }
        if let Err(none_left) = state.account.charge(memory(&outcome)) {
            drop(state);
            return self.give_up(&none_left);
        }
        let place = match self.asked.unordered {
            true => state.came,
            false => chunk.index,
        };
        state.came += 1;
        state.left -= 1;
        state.results.insert(place, outcome);
        if state.left > 0 {
            if self.asked.streaming {
                state.waiting.wake_all();
            }
            return false;
        }
        self.ending.store(true, Ordering::SeqCst);
        drop(state);
        self.end(on_behalf);
        true
    }

    /// Nothing more will come: all that is missing becomes this error. A
    /// callback that would have to wait is left out: others are to be told, too.
    pub(super) fn give_up(&self, error: &Exception) -> bool {
        let mut state = self.lock();
        if self.ending.swap(true, Ordering::SeqCst) {
            return false;
        }
        // Behind everything else.
        let place = match self.asked.unordered {
            true => state.came,
            false => {
                let mut free = state.next..;
                let free = free.find(|at| !state.results.contains_key(at));
                free.unwrap_or(usize::MAX)
            }
        };
        state.results.insert(place, Err(error.clone()));
        drop(state);
        self.end(None);
        true
    }

    /// Whoever waits is told, after the callbacks, as in Python.
    fn end(&self, on_behalf: Option<&Call<'_>>) {
        let asked = &self.asked;
        if asked.callback.is_some() || asked.error_callback.is_some() {
            match self.whole() {
                Ok((value, _)) => {
                    if let Some(callback) = &asked.callback {
                        callback.call(&value, on_behalf);
                    }
                }
                Err(error) => {
                    if let Some(callback) = &asked.error_callback {
                        callback.call(&error.as_value(), on_behalf);
                    }
                }
            }
        }
        let mut state = self.lock();
        state.over = true;
        state.waiting.wake_all();
    }

    /// Its outcome, once it is over: the result or results, or the first error.
    pub(super) fn whole(&self) -> Result<(Value, Vec<Stored>), Exception> {
        let parts: Vec<Stored> = {
            let state = self.lock();
            let parts = state.results.values();
            parts.cloned().collect::<Result<_, _>>()?
        };
        let items = |part: &Stored| -> Vec<Value> {
            let items = part.value.as_sequence();
            items.map(Iterator::collect).unwrap_or_default()
        };
        let value = match self.asked.mode {
            Mode::Apply => parts.first().and_then(|part| items(part).pop()),
            _ => {
                let all: Vec<Value> = parts.iter().flat_map(items).collect();
                Some(Value::list(&all))
            }
        };
        Ok((value.unwrap_or_default(), parts))
    }

    /// Whether it was over without an error.
    pub(super) fn is_successful(&self) -> bool {
        self.lock().results.values().all(Result::is_ok)
    }
}

/// What the outcome of a chunk takes.
fn memory(outcome: &Result<Stored, Exception>) -> usize {
    size_of::<State>()
        + outcome
            .as_ref()
            .map_or_else(Exception::memory, Stored::memory)
}

impl State {
    /// The next result to be told; `None` if it is not here yet.
    pub(super) fn next(&mut self, chunk: usize) -> Option<Next> {
        if let Some((results, at)) = &mut self.telling
            && let Some(value) = results.value.as_sequence().and_then(|all| all.get(*at))
        {
            // The list keeps what is in it until the next one is asked for.
            *at += 1;
            return Some(Next::Result(value));
        }
        let Some(outcome) = self.results.remove(&self.next) else {
            return self.over.then_some(Next::End);
        };
        self.account.give_back(memory(&outcome));
        match outcome {
            Err(error) => {
                // Python's iterator over chunks is over after an error.
                match chunk {
                    1 => self.next += 1,
                    _ => self.next = usize::MAX,
                }
                Some(Next::Error(error))
            }
            Ok(results) => {
                self.next += 1;
                let first = results.value.as_sequence().and_then(|all| all.get(0));
                self.telling = Some((results, 1));
                first.map(Next::Result)
            }
        }
    }
}
