//! The queue behind the server: `queue.Queue`, with two abilities that a
//! server needs and an ordinary queue between threads lacks.
//!
//! - **A wait can be called off** from outside, when the client on whose
//!   behalf a thread waits is gone ([`Caller`]). So each waiter is woken by
//!   name, and none has to look around every so often: a thousand idle workers
//!   cost nothing.
//! - **An item can be put back** where it came from, when the client to whom
//!   it was to be handed is gone.
//!
//! For the rest it follows Python: a capacity of 0 is none, `shutdown`,
//! unfinished tasks, and a `PriorityQueue` whose order is Python's `<`, which
//! can fail. (The queue between threads that the `threads` recipe uses orders
//! its items by `Ord`, which cannot; that is why this is another one.)

mod caller;
mod stock;
mod waiters;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) use caller::{Caller, Wait};
pub(crate) use stock::Order;
use stock::Stock;
pub(crate) use stock::{Incomparable, Ranked};
use waiters::Waiters;

/// Why an operation did not happen.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// No item, now or in time.
    Empty,
    /// No room, now or in time.
    Full,
    /// It was shut down.
    Closed,
    /// The caller is gone: nobody is to be told.
    CalledOff,
    /// Time ran out in `join`.
    Unfinished,
    /// `task_done` was called more often than items were put.
    TooManyDone,
    /// The item cannot be ordered among the others.
    Incomparable(Incomparable),
}

/// A queue shared by threads.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    /// Items that fit; 0 is no limit.
    capacity: usize,
}

#[derive(Debug)]
struct State<T> {
    stock: Stock<T>,
    /// Items put and not yet reported done.
    unfinished: usize,
    closed: bool,
    getters: Waiters,
    putters: Waiters,
    joiners: Waiters,
}

impl<T: Ranked> Queue<T> {
    pub(crate) fn new(order: Order, capacity: usize) -> Self {
        let state = State {
            stock: Stock::new(order),
            unfinished: 0,
            closed: false,
            getters: Waiters::default(),
            putters: Waiters::default(),
            joiners: Waiters::default(),
        };
        Queue {
            state: Mutex::new(state),
            capacity,
        }
    }

    pub(crate) fn put(&self, item: T, wait: &Wait<'_>) -> Result<(), Refused> {
        let mut state = self.wait_until(wait, Refused::Full, |state| &mut state.putters, {
            |state| state.closed || self.has_room(state)
        })?;
        if state.closed {
            return Err(Refused::Closed);
        }
        if let Err(error) = state.stock.add(item) {
            // The room that this thread may have been woken for stays free.
            state.putters.wake_one();
            return Err(Refused::Incomparable(error));
        }
        state.unfinished += 1;
        state.getters.wake_one();
        if self.has_room(&state) {
            state.putters.wake_one();
        }
        Ok(())
    }

    pub(crate) fn get(&self, wait: &Wait<'_>) -> Result<T, Refused> {
        let mut state = self.wait_until(wait, Refused::Empty, |state| &mut state.getters, {
            |state| state.closed || !state.stock.is_empty()
        })?;
        let Some(item) = state.stock.take() else {
            return Err(Refused::Closed);
        };
        state.putters.wake_one();
        if !state.stock.is_empty() {
            state.getters.wake_one();
        }
        Ok(item)
    }

    /// Undoes a [`get`](Self::get): the item is the next to be got again, even
    /// where the queue has filled up meanwhile.
    pub(crate) fn put_back(&self, item: T) {
        let mut state = self.lock();
        state.stock.put_back(item);
        state.getters.wake_one();
    }

    pub(crate) fn task_done(&self) -> Result<(), Refused> {
        let mut state = self.lock();
        state.unfinished = state
            .unfinished
            .checked_sub(1)
            .ok_or(Refused::TooManyDone)?;
        if state.unfinished == 0 {
            state.joiners.wake_all();
        }
        Ok(())
    }

    pub(crate) fn join(&self, wait: &Wait<'_>) -> Result<(), Refused> {
        let _all_done =
            self.wait_until(wait, Refused::Unfinished, |state| &mut state.joiners, {
                |state| state.unfinished == 0
            })?;
        Ok(())
    }

    /// No item goes in any more; `immediate` throws away those that are in.
    pub(crate) fn shut_down(&self, immediate: bool) {
        let mut state = self.lock();
        state.closed = true;
        if immediate {
            let dropped = state.stock.clear();
            state.unfinished = state.unfinished.saturating_sub(dropped);
            // Python wakes them whether or not all is finished, and so they
            // look.
            state.joiners.wake_all();
        }
        state.getters.wake_all();
        state.putters.wake_all();
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().stock.len()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.capacity > 0 && self.len() >= self.capacity
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// How many wait for an item.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().getters.len()
    }

    pub(crate) fn unfinished(&self) -> usize {
        self.lock().unfinished
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    fn has_room(&self, state: &State<T>) -> bool {
        self.capacity == 0 || state.stock.len() < self.capacity
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No user code runs under the lock that could panic and leave it half
        // done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits in `line` until `ready`; `late` is what is said after the
    /// deadline.
    fn wait_until(
        &self,
        wait: &Wait<'_>,
        late: Refused,
        line: impl Fn(&mut State<T>) -> &mut Waiters,
        ready: impl Fn(&State<T>) -> bool,
    ) -> Result<MutexGuard<'_, State<T>>, Refused> {
        let mut state = self.lock();
        let mut place = None;
        loop {
            let is_ready = ready(&state);
            let called_off = wait.caller.is_gone();
            if is_ready || called_off || wait.deadline.is_past() {
                // Nobody has to pass a wake on when he gives up: who is woken
                // for something and finds it takes it, whatever else has
                // happened meanwhile.
                if let Some(place) = place {
                    line(&mut state).leave(place);
                }
                return match is_ready {
                    true => Ok(state),
                    false if called_off => Err(Refused::CalledOff),
                    false => Err(late),
                };
            }
            place = Some(line(&mut state).enter(place));
            drop(state);
            wait.park();
            state = self.lock();
        }
    }
}

#[cfg(test)]
mod tests;
