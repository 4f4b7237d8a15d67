//! The queue behind the server: `queue.Queue`, with two abilities that a
//! server needs and an ordinary queue between threads lacks.
//!
//! - **A wait can be called off** from outside, when the client on whose
//!   behalf a thread waits is gone ([`Caller`](crate::object::Caller)). So each
//!   waiter is woken by name, and none has to look around every so often: a
//!   thousand idle workers cost nothing.
//! - **An item can be put back** where it came from, when the client to whom
//!   it was to be handed is gone.
//!
//! For the rest it follows Python: a capacity of 0 is none, `shutdown`,
//! unfinished tasks, and a `PriorityQueue` whose order is Python's `<`, which
//! can fail. (`multiproc`'s queue between threads orders its items by `Ord`,
//! which cannot; that is why this is another one.)
//!
//! Values are compared outside the lock that everybody needs: how long that
//! takes is up to the client who has put them.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::items::{Incomparable, Items, Order, QueueItem};
use super::sorted::Place;
use crate::object::{Exception, Memory, Ticket, Wait, WaitList};

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
    /// There is no memory left for it: what the limit is, and how much is
    /// taken.
    NoMemory(String),
}

/// A queue shared by threads.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    order: Order,
    /// Held while the place of an item is looked for in a priority queue:
    /// items are added one at a time, and taken meanwhile.
    ordering: Mutex<()>,
    /// Items that fit; 0 is no limit.
    capacity: usize,
    limit: OnceLock<MemoryLimit>,
}

/// How much memory a queue may take.
#[derive(Debug)]
pub(crate) struct MemoryLimit {
    /// Bytes of this queue's own.
    pub(crate) own: usize,
    /// What all objects of a manager take together.
    pub(crate) all: Arc<Memory>,
}

#[derive(Debug)]
struct State<T> {
    items: Items<T>,
    /// Room that is taken by items whose place is being looked for.
    reserved: usize,
    /// Items put and not yet reported done.
    unfinished: usize,
    closed: bool,
    getters: WaitList,
    putters: WaitList,
    joiners: WaitList,
}

impl<T: QueueItem> Queue<T> {
    pub(crate) fn new(order: Order, capacity: usize) -> Self {
        let state = State {
            items: Items::new(order),
            reserved: 0,
            unfinished: 0,
            closed: false,
            getters: WaitList::default(),
            putters: WaitList::default(),
            joiners: WaitList::default(),
        };
        Queue {
            state: Mutex::new(state),
            order,
            ordering: Mutex::new(()),
            capacity,
            limit: OnceLock::new(),
        }
    }

    /// Bounds the memory of the queue from now on; the first bound stays.
    pub(crate) fn limit_memory(&self, limit: MemoryLimit) {
        let _ = self.limit.set(limit);
    }

    pub(crate) fn put(&self, item: T, wait: &Wait<'_>) -> Result<(), Refused> {
        let mut state = self.wait_until(wait, Refused::Full, |state| &mut state.putters, {
            |state| state.closed || self.has_room(state)
        })?;
        if state.closed {
            return Err(Refused::Closed);
        }
        if let Err(refused) = self.charge(&state, &item) {
            state.putters.wake_one();
            return Err(refused);
        }
        match self.order {
            Order::Fifo => state.items.push_back(item),
            Order::Lifo => state.items.push_front(item),
            Order::Priority => {
                state.reserved += 1;
                drop(state);
                let rank = item.rank();
                let _one_at_a_time = self.one_at_a_time();
                let place = self.first_where(|other| T::before(&rank, other));
                state = self.lock();
                state.reserved -= 1;
                let place = match place {
                    Ok(place) if !state.closed => place,
                    outcome => {
                        // The room that this thread was given stays free.
                        state.putters.wake_one();
                        drop(state);
                        self.give_back(item.memory());
                        return Err(match outcome {
                            Err(error) => Refused::Incomparable(error),
                            Ok(_) => Refused::Closed,
                        });
                    }
                };
                state.items.insert(place, item);
            }
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
            |state| state.closed || !state.items.is_empty()
        })?;
        let Some(item) = state.items.take() else {
            return Err(Refused::Closed);
        };
        state.putters.wake_one();
        if !state.items.is_empty() {
            state.getters.wake_one();
        }
        drop(state);
        self.give_back(item.memory());
        Ok(item)
    }

    /// Undoes a [`get`](Self::get): the item is the next to be got again, even
    /// where the queue has filled up meanwhile.
    pub(crate) fn put_back(&self, item: T) {
        if let Some(limit) = self.limit.get() {
            limit.all.charge_anyway(item.memory());
        }
        if self.order == Order::Priority {
            let rank = item.rank();
            let _one_at_a_time = self.one_at_a_time();
            // A lesser item may have come meanwhile; equals have come later.
            // What cannot be compared any more was first when it was taken.
            let place = self.first_where(|other| T::before(other, &rank).map(|before| !before));
            let mut state = self.lock();
            let front = state.items.places().0;
            state.items.insert(place.unwrap_or(front), item);
            state.getters.wake_one();
        } else {
            let mut state = self.lock();
            state.items.push_front(item);
            state.getters.wake_one();
        }
    }

    fn one_at_a_time(&self) -> MutexGuard<'_, ()> {
        self.ordering.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first place whose item passes, where all after it pass too. To be
    /// called with `ordering` held, without the state's lock: the test may
    /// take its time. Items that are taken meanwhile leave from the front, so
    /// that what was found out about places holds on.
    fn first_where(
        &self,
        passes: impl Fn(&T::Rank) -> Result<bool, Incomparable>,
    ) -> Result<Place, Incomparable> {
        let (mut low, mut high) = self.lock().items.places();
        loop {
            let state = self.lock();
            let Some((middle, rank)) = state.items.between(low, high) else {
                return Ok(low);
            };
            drop(state);
            if passes(&rank)? {
                high = middle;
            } else {
                low = middle.behind();
            }
        }
    }

    fn charge(&self, state: &State<T>, item: &T) -> Result<(), Refused> {
        let Some(limit) = self.limit.get() else {
            return Ok(());
        };
        let (held, bytes) = (state.items.memory(), item.memory());
        if held.saturating_add(bytes) > limit.own {
            return Err(Refused::NoMemory(format!(
                "this queue holds {held} bytes of data and may hold {}: \
                 there is no room for {bytes} more",
                limit.own
            )));
        }
        let charged = limit.all.charge(bytes);
        charged.map_err(|exception: Exception| Refused::NoMemory(exception.message()))
    }

    fn give_back(&self, bytes: usize) {
        if let Some(limit) = self.limit.get() {
            limit.all.give_back(bytes);
        }
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
            let memory = state.items.memory();
            let dropped = state.items.take_all();
            state.unfinished = state.unfinished.saturating_sub(dropped.len());
            // Python wakes them whether or not all is finished, and so they
            // look.
            state.joiners.wake_all();
            state.getters.wake_all();
            state.putters.wake_all();
            drop(state);
            self.give_back(memory);
            return;
        }
        state.getters.wake_all();
        state.putters.wake_all();
    }

    /// Bytes that its items take, roughly.
    pub(crate) fn memory(&self) -> usize {
        self.lock().items.memory()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().items.len()
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
        self.capacity == 0 || state.items.len() + state.reserved < self.capacity
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
        line: impl Fn(&mut State<T>) -> &mut WaitList,
        ready: impl Fn(&State<T>) -> bool,
    ) -> Result<MutexGuard<'_, State<T>>, Refused> {
        let mut state = self.lock();
        let mut ticket: Option<Ticket> = None;
        loop {
            let is_ready = ready(&state);
            let called_off = wait.caller.is_gone();
            if is_ready || called_off || wait.deadline.is_past() {
                // Nobody has to pass a wake on when he gives up: who is woken
                // for something and finds it takes it, whatever else has
                // happened meanwhile.
                if let Some(ticket) = ticket {
                    line(&mut state).leave(ticket);
                }
                return match is_ready {
                    true => Ok(state),
                    false if called_off => Err(Refused::CalledOff),
                    false => Err(late),
                };
            }
            ticket = Some(line(&mut state).enter(ticket));
            drop(state);
            wait.park();
            state = self.lock();
        }
    }
}

impl<T> Drop for Queue<T> {
    fn drop(&mut self) {
        let state = self.state.get_mut();
        let state = state.unwrap_or_else(PoisonError::into_inner);
        if let Some(limit) = self.limit.get() {
            limit.all.give_back(state.items.memory());
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
