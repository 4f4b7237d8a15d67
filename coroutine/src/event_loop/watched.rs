//! Waiting for descriptors: epoll(7).

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;

use super::{Id, MAIN, Shared};

/// Events fetched at a time. What is left comes with the next call.
const EVENTS: usize = 256;

/// epoll_wait(2) refuses more than some weeks.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The doorbell's number: no descriptor has it.
const DOORBELL: Id = MAIN;

/// After so many calls somebody gives way: a client that sends without a pause
/// must not starve the others.
const TURNS: u32 = 64;

/// The epoll descriptor, and who waits for what. Events carry a number that is
/// never used again, and not the descriptor's: one that is closed and opened
/// anew between an event and its handling is another.
pub(super) struct Reactor {
    epoll: OwnedFd,
    waiting: RefCell<HashMap<(Id, Side), Vec<Waker>>>,
    events: RefCell<Vec<Event>>,
    calls: Cell<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Side {
    Read,
    Write,
}

impl Reactor {
    pub(super) fn new(doorbell: &OwnedFd) -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let data = EventData::new_u64(DOORBELL);
        // Each event once, when it happens, and not as long as it holds.
        epoll::add(&epoll, doorbell, data, EventFlags::IN | EventFlags::ET)?;
        Ok(Reactor {
            epoll,
            waiting: RefCell::default(),
            events: RefCell::new(Vec::with_capacity(EVENTS)),
            calls: Cell::new(0),
        })
    }

    /// Waits for the first event, or for `time`.
    // ANCHOR: wait
    pub(super) fn wait(&self, time: Option<Duration>) -> io::Result<()> {
        let time = time.and_then(|time| Timespec::try_from(time.min(LONGEST)).ok());
        let mut events = self.events.borrow_mut();
        match epoll::wait(&self.epoll, spare_capacity(&mut events), time.as_ref()) {
            // A signal: the loop's next turn waits for the time that is left.
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in events.drain(..) {
            let (number, flags) = (event.data.u64(), event.flags);
            let ended = EventFlags::HUP | EventFlags::ERR;
            if flags.intersects(ended | EventFlags::IN | EventFlags::RDHUP) {
                self.wake((number, Side::Read));
            }
            if flags.intersects(ended | EventFlags::OUT) {
                self.wake((number, Side::Write));
            }
        }
        Ok(())
    }
    // ANCHOR_END: wait

    #[cfg(test)]
    pub(super) fn wakers(&self) -> usize {
        self.waiting.borrow().values().map(Vec::len).sum()
    }

    fn wake(&self, side: (Id, Side)) {
        let waiting = self.waiting.borrow_mut().remove(&side);
        waiting.into_iter().flatten().for_each(Waker::wake);
    }
}

/// A descriptor in the loop: a socket, a pipe, a pidfd.
///
/// It is put into non-blocking mode, which belongs to all who share it, other
/// processes included. Dropping it takes it out of the loop and closes it.
pub struct Watched<T: AsFd> {
    io: T,
    number: Id,
    shared: Rc<Shared>,
}

impl<T: AsFd> Watched<T> {
    /// Puts `io` into the loop that runs in this thread.
    ///
    /// # Errors
    ///
    /// `EPERM` for a file on a disk, for which there is nothing to wait for.
    ///
    /// # Panics
    ///
    /// Outside of a running loop.
    #[track_caller]
    pub fn new(io: T) -> io::Result<Self> {
        Self::with_flags(io, EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP)
    }

    /// With other events than "readable" and "writable": see epoll_ctl(2).
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    ///
    /// # Panics
    ///
    /// Outside of a running loop.
    #[track_caller]
    pub fn with_flags(io: T, flags: EventFlags) -> io::Result<Self> {
        let shared = Shared::current();
        let number = shared.number();
        rustix::io::ioctl_fionbio(&io, true)?;
        let data = EventData::new_u64(number);
        epoll::add(&shared.reactor.epoll, &io, data, flags | EventFlags::ET)?;
        Ok(Watched { io, number, shared })
    }

    /// The thing itself.
    pub fn get_ref(&self) -> &T {
        &self.io
    }

    /// Calls `read` until it does not say [`WouldBlock`](ErrorKind::WouldBlock),
    /// and waits until the descriptor is readable in between.
    ///
    /// Dropped while it waits, it has read nothing.
    ///
    /// # Errors
    ///
    /// Those of `read`.
    pub async fn read_with<R>(&self, read: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.when_ready(Side::Read, read).await
    }

    /// Likewise for a call that writes.
    ///
    /// # Errors
    ///
    /// Those of `write`.
    pub async fn write_with<R>(&self, write: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.when_ready(Side::Write, write).await
    }

    // ANCHOR: when_ready
    async fn when_ready<R>(
        &self,
        side: Side,
        mut call: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        let calls = self.shared.reactor.calls.get().wrapping_add(1);
        self.shared.reactor.calls.set(calls);
        if calls.is_multiple_of(TURNS) {
            pause(Waker::wake_by_ref).await;
        }
        loop {
            match call(&self.io) {
                // No event is lost between the call and the pause: events are
                // fetched by the loop, in this thread, later.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    pause(|waker| self.wake_later(side, waker)).await;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
    // ANCHOR_END: when_ready

    fn wake_later(&self, side: Side, waker: &Waker) {
        let mut waiting = self.shared.reactor.waiting.borrow_mut();
        let wakers = waiting.entry((self.number, side)).or_default();
        // Once for each task, however often it has tried and given up.
        if wakers.iter().all(|known| !known.will_wake(waker)) {
            wakers.push(waker.clone());
        }
    }
}

/// Gives the thread away once, after the waker is left with somebody.
async fn pause(leave: impl FnOnce(&Waker)) {
    let mut leave = Some(leave);
    poll_fn(|context| match leave.take() {
        Some(leave) => {
            leave(context.waker());
            Poll::Pending
        }
        None => Poll::Ready(()),
    })
    .await;
}

impl<T: AsFd> Drop for Watched<T> {
    fn drop(&mut self) {
        let Reactor { epoll, waiting, .. } = &self.shared.reactor;
        // Before the descriptor is closed: the kernel would keep it in the set
        // as long as somebody else has it open, a forked child for one.
        let _ = epoll::delete(epoll, &self.io);
        for side in [Side::Read, Side::Write] {
            waiting.borrow_mut().remove(&(self.number, side));
        }
    }
}

impl<T: AsFd + fmt::Debug> fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watched").field(&self.io).finish()
    }
}
