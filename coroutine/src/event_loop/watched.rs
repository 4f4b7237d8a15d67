//! Waiting for descriptors: epoll(7).

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::Shared;
use super::ready::Ready;

/// Events fetched at a time. What is left comes with the next call.
const EVENTS: usize = 256;

/// epoll_wait(2) refuses more than some weeks.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The doorbell's number; those of the descriptors come after it.
const DOORBELL: u64 = 0;

/// The epoll descriptor, and who waits for what. Events carry a number that is
/// never used again, and not the descriptor's: one that is closed and opened
/// anew between an event and its handling is another.
pub(super) struct Reactor {
    epoll: OwnedFd,
    sources: RefCell<HashMap<u64, Rc<Source>>>,
    last: Cell<u64>,
    events: RefCell<Vec<Event>>,
}

#[derive(Default)]
struct Source {
    read: Side,
    write: Side,
}

/// One direction of a descriptor.
#[derive(Default)]
struct Side {
    /// Ready as far as anybody knows: until a call says that it would block.
    ready: Cell<bool>,
    waiting: RefCell<BTreeMap<u64, Waker>>,
    last: Cell<u64>,
}

impl Reactor {
    pub(super) fn new(ready: &Arc<Ready>) -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let data = EventData::new_u64(DOORBELL);
        epoll::add(&epoll, &ready.doorbell, data, EventFlags::IN)?;
        Ok(Reactor {
            epoll,
            sources: RefCell::default(),
            last: Cell::new(DOORBELL),
            events: RefCell::new(Vec::with_capacity(EVENTS)),
        })
    }

    /// Waits for the first event, or until `until`; only looks when a task is
    /// ready.
    // ANCHOR: wait
    pub(super) fn wait(&self, ready: &Ready, until: Option<Instant>) -> io::Result<()> {
        let time = match (ready.may_sleep(), until) {
            (false, _) => Some(Duration::ZERO),
            (true, until) => until.map(|until| until.saturating_duration_since(Instant::now())),
        };
        let time = time.and_then(|time| Timespec::try_from(time.min(LONGEST)).ok());
        let mut events = self.events.borrow_mut();
        events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut events), time.as_ref()) {
            // A signal: the loop's next turn waits for the time that is left.
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in events.drain(..) {
            let (number, flags) = (event.data.u64(), event.flags);
            if number == DOORBELL {
                ready.silence();
                continue;
            }
            // Gone meanwhile: an event that was on its way.
            let source = self.sources.borrow().get(&number).map(Rc::clone);
            let Some(source) = source else { continue };
            let ended = EventFlags::HUP | EventFlags::ERR;
            if flags.intersects(ended | EventFlags::IN | EventFlags::RDHUP) {
                source.read.set_ready();
            }
            if flags.intersects(ended | EventFlags::OUT) {
                source.write.set_ready();
            }
        }
        Ok(())
    }
    // ANCHOR_END: wait
}

impl Side {
    fn set_ready(&self) {
        self.ready.set(true);
        let waiting = self.waiting.take();
        waiting.into_values().for_each(Waker::wake);
    }
}

/// A descriptor in the loop: a socket, a pipe, a pidfd.
///
/// It is put into non-blocking mode, which belongs to all who share it, other
/// processes included. Dropping it takes it out of the loop and closes it.
pub struct Watched<T: AsFd> {
    io: T,
    number: u64,
    source: Rc<Source>,
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
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        Self::with_flags(io, flags)
    }

    /// For a listener that several processes watch: the kernel wakes one of
    /// those that wait, or a few, and not all (`EPOLLEXCLUSIVE`).
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    ///
    /// # Panics
    ///
    /// Outside of a running loop.
    #[track_caller]
    pub fn new_exclusive(io: T) -> io::Result<Self> {
        Self::with_flags(io, EventFlags::IN | EventFlags::ET | EventFlags::EXCLUSIVE)
    }

    #[track_caller]
    fn with_flags(io: T, flags: EventFlags) -> io::Result<Self> {
        let shared = Shared::current();
        let number = shared.reactor.last.get() + 1;
        shared.reactor.last.set(number);
        rustix::io::ioctl_fionbio(&io, true)?;
        let data = EventData::new_u64(number);
        epoll::add(&shared.reactor.epoll, &io, data, flags)?;
        let source = Rc::new(Source::default());
        let mut sources = shared.reactor.sources.borrow_mut();
        sources.insert(number, Rc::clone(&source));
        drop(sources);
        Ok(Watched {
            io,
            number,
            source,
            shared,
        })
    }

    /// The thing itself.
    pub fn get_ref(&self) -> &T {
        &self.io
    }

    /// Calls `read` until it does not say [`WouldBlock`](ErrorKind::WouldBlock),
    /// and waits for the descriptor in between.
    ///
    /// Dropped while it waits, it has read nothing.
    ///
    /// # Errors
    ///
    /// Those of `read`.
    pub async fn read_with<R>(&self, read: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.when_ready(&self.source.read, read).await
    }

    /// Likewise for a call that writes.
    ///
    /// # Errors
    ///
    /// Those of `write`.
    pub async fn write_with<R>(&self, write: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.when_ready(&self.source.write, write).await
    }

    /// Waits until there is something to read, or an end of file.
    ///
    /// # Errors
    ///
    /// Those of poll(2).
    pub async fn readable(&self) -> io::Result<()> {
        self.read_with(|io| look(io, PollFlags::IN)).await
    }

    /// Waits until there is room to write, or nobody who would read.
    ///
    /// # Errors
    ///
    /// Those of poll(2).
    pub async fn writable(&self) -> io::Result<()> {
        self.write_with(|io| look(io, PollFlags::OUT)).await
    }

    // ANCHOR: when_ready
    async fn when_ready<R>(
        &self,
        side: &Side,
        mut call: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        poll_fn(|context| self.shared.may_go_on(context)).await;
        loop {
            match call(&self.io) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    // No event is lost between the call and this line: events
                    // are fetched by the loop, in this thread, later.
                    side.ready.set(false);
                    Turn::on(side).await;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
    // ANCHOR_END: when_ready
}

/// What `poll(2)` says at this moment.
fn look(io: &impl AsFd, wanted: PollFlags) -> io::Result<()> {
    let mut fds = [PollFd::new(io, wanted)];
    match poll(&mut fds, Some(&Timespec::default()))? {
        0 => Err(ErrorKind::WouldBlock.into()),
        _ => Ok(()),
    }
}

impl<T: AsFd> Drop for Watched<T> {
    fn drop(&mut self) {
        let Reactor { epoll, sources, .. } = &self.shared.reactor;
        // Before the descriptor is closed: the kernel would keep it in the set
        // as long as somebody else has it open, a forked child for one.
        let _ = epoll::delete(epoll, &self.io);
        sources.borrow_mut().remove(&self.number);
    }
}

impl<T: AsFd + fmt::Debug> fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watched").field(&self.io).finish()
    }
}

/// Waits until a side is ready.
struct Turn<'a> {
    side: &'a Side,
    number: u64,
}

impl<'a> Turn<'a> {
    fn on(side: &'a Side) -> Self {
        let number = side.last.get() + 1;
        side.last.set(number);
        Turn { side, number }
    }
}

impl Future for Turn<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.side.ready.get() {
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        self.side.waiting.borrow_mut().insert(self.number, waker);
        Poll::Pending
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.side.waiting.borrow_mut().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_loop::run;

    #[test]
    fn a_descriptor_that_is_dropped_leaves_nothing() {
        run(async {
            let (reader, _writer) = io::pipe().expect("a pipe");
            let watched = Watched::new(reader).expect("room");
            let count = || Shared::current().reactor.sources.borrow().len();
            assert_eq!(count(), 1);
            drop(watched);
            assert_eq!(count(), 0);
        })
        .expect("a loop");
    }
}
