//! The line of producers that wait for room.
//!
//! Room is given in the order of asking: no producer takes room that an earlier
//! one waits for. A latecomer may still put at once if there is room for its item
//! *in addition to* everything that the line waits for. So small items do not
//! starve a large one; and while there is room for everybody, nobody has to wait
//! for a sleeper to wake up.
//!
//! Each producer in line has a ticket and stands at the spot `ticket % SPOTS`,
//! whose lock `present` it holds. When it dies, the kernel releases that lock. So
//! a producer is in line exactly as long as its lock is held, and a death, at
//! whatever instruction, leaves nothing to repair. The ticket numbers are guarded
//! by the tail's lock.
//!
//! A producer that is stopped (`SIGSTOP`) holds up the others once, for
//! [`PATIENCE`]: if it does not take the room that is there for it, the next one
//! goes first.

use std::sync::atomic::{Ordering, fence};
use std::time::Duration;

use super::layout::{Header, SPOTS, Spot};
use super::put::{Need, Turn};
use super::{Error, Ring};
use crate::deadline::Deadline;
use crate::shared::Holder;

/// How long the producer in front may leave its room unused. Waking up takes less,
/// unless the machine is badly overloaded.
const PATIENCE: Duration = Duration::from_millis(500);

/// A place in the line, left when this is dropped.
pub(super) struct Ticket<'a> {
    ring: &'a Ring,
    number: u32,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let Header { tail, rest, .. } = &*self.ring.header;
        self.ring.spot(self.number).present.unlock();
        // Do not wait for the lock: time may be up. Whoever takes it next sees
        // that this producer is gone. This thread has it if it reserves room.
        if tail.lock.holder() == Holder::ThisThread {
            self.ring.asked_before(Turn::Last);
        } else if tail.lock.try_lock().is_some() {
            self.ring.asked_before(Turn::Last);
            tail.lock.unlock();
        }
        self.ring.wake_front();
        let next = self.number.wrapping_add(1);
        if next != rest.asked.load(Ordering::Relaxed) {
            self.ring.spot(next).waiting.wake_one();
        }
        rest.crowd.wake_one();
    }
}

impl Ring {
    /// Waits in line, and calls `once` when it may be this producer's turn.
    pub(super) fn in_line<R>(
        &self,
        need: Need,
        deadline: Deadline,
        once: impl Fn(Turn) -> Result<R, Error>,
    ) -> Result<R, Error> {
        loop {
            let Some(ticket) = self.enter_line(need, deadline) else {
                return Err(Error::Full);
            };
            let number = ticket.number;
            let likely = || self.is_closed() || self.served() == number && self.has_room(need);
            let attempt = || match once(Turn::Of(number)) {
                Err(Error::Full) if self.is_served(number) => Some((None, false)),
                Err(Error::Full) => None,
                done => Some((Some(done), false)),
            };
            match self
                .spot(number)
                .waiting
                .wait_until(deadline, likely, attempt)
            {
                Some(Some(done)) => return done,
                // This producer was stopped, and the line went on without it:
                // line up again.
                Some(None) => {}
                None => return Err(Error::Full),
            }
        }
    }

    /// Joins the end of the line; `None` if there is no spot by the deadline.
    fn enter_line(&self, need: Need, deadline: Deadline) -> Option<Ticket<'_>> {
        let rest = &self.header.rest;
        let enter = || {
            self.header.tail.lock.lock_until(|| deadline)?;
            let ticket = self.take_ticket(need);
            self.header.tail.lock.unlock();
            ticket.map(|ticket| (ticket, true))
        };
        let likely = || {
            rest.asked
                .load(Ordering::Relaxed)
                .wrapping_sub(self.served())
                < SPOTS
        };
        rest.crowd.wait_until(deadline, likely, enter)
    }

    /// Takes the next ticket whose spot is free; `None` if the line is full. The
    /// caller holds the tail's lock.
    fn take_ticket(&self, need: Need) -> Option<Ticket<'_>> {
        let rest = &self.header.rest;
        let mut number = rest.asked.load(Ordering::Relaxed);
        // Drops those at the front who have left.
        self.asked_before(Turn::Last);
        while number.wrapping_sub(self.served()) < SPOTS {
            let spot = self.spot(number);
            // A stopped producer, passed over, may still hold this spot. Then
            // nobody gets this number.
            if spot.present.try_lock().is_some() {
                spot.units.store(need.units as u32, Ordering::Relaxed);
                spot.idle_since.store(0, Ordering::Relaxed);
                spot.ticket.store(number, Ordering::Relaxed);
                rest.asked.store(number.wrapping_add(1), Ordering::Release);
                return Some(Ticket { ring: self, number });
            }
            number = number.wrapping_add(1);
            rest.asked.store(number, Ordering::Release);
        }
        None
    }

    /// The room that all those before `turn` wait for. On the way, removes those
    /// at the front who are gone. The caller holds the tail's lock.
    pub(super) fn asked_before(&self, turn: Turn) -> Need {
        let end = match turn {
            Turn::First => self.served(),
            Turn::Of(ticket) if !self.is_served(ticket) => ticket,
            Turn::Of(_) | Turn::Last => self.header.rest.asked.load(Ordering::Relaxed),
        };
        let mut need = Need::NOTHING;
        let mut number = self.served();
        while number != end {
            let in_front = need.items == 0;
            if self.is_present(number) && !(in_front && self.misses_its_turn(number)) {
                need = need.and(self.need_at(self.spot(number)));
            } else if in_front {
                let served = &self.header.rest.served;
                served.store(number.wrapping_add(1), Ordering::Release);
            }
            number = number.wrapping_add(1);
        }
        need
    }

    fn is_present(&self, number: u32) -> bool {
        let spot = self.spot(number);
        if spot.ticket.load(Ordering::Relaxed) != number {
            return false;
        }
        let left = spot.present.try_lock().is_some();
        if left {
            spot.present.unlock();
        }
        !left
    }

    /// Whether the producer in front has left its room unused for too long.
    fn misses_its_turn(&self, number: u32) -> bool {
        let spot = self.spot(number);
        if !self.has_room(self.need_at(spot)) {
            spot.idle_since.store(0, Ordering::Relaxed);
            return false;
        }
        // The coarse clock is cheap, and precise to a few milliseconds.
        let now = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
        let now = (now.tv_sec * 1000 + now.tv_nsec / 1_000_000).cast_unsigned();
        match spot.idle_since.load(Ordering::Relaxed) {
            0 => {
                spot.idle_since.store(now, Ordering::Relaxed);
                false
            }
            since => u128::from(now.saturating_sub(since)) > PATIENCE.as_millis(),
        }
    }

    /// Whether somebody is in line, or died there.
    pub(super) fn has_line(&self) -> bool {
        self.header.rest.asked.load(Ordering::Relaxed) != self.served()
    }

    /// Wakes the producer in front if there is room for it now. Call it after a
    /// change.
    #[inline]
    pub(super) fn wake_front(&self) {
        // As in `WaitWord`: either the waiter sees the change, or is seen here.
        fence(Ordering::SeqCst);
        if self.has_line() {
            self.wake_spot(self.spot(self.served()));
        }
    }

    #[cold]
    fn wake_spot(&self, spot: &Spot) {
        if self.has_room(self.need_at(spot)) {
            spot.waiting.wake_one();
        }
    }

    /// Wakes everybody who waits for room.
    pub(super) fn wake_line(&self) {
        for spot in &self.header.spots {
            spot.waiting.wake_all();
        }
        self.header.rest.crowd.wake_all();
    }

    fn need_at(&self, spot: &Spot) -> Need {
        Need::of(spot.units.load(Ordering::Relaxed))
    }

    fn served(&self) -> u32 {
        self.header.rest.served.load(Ordering::Acquire)
    }

    /// Whether the line has moved past `ticket`.
    pub(super) fn is_served(&self, ticket: u32) -> bool {
        ticket.wrapping_sub(self.served()) >= SPOTS
    }

    fn spot(&self, ticket: u32) -> &Spot {
        &self.header.spots[(ticket % SPOTS) as usize]
    }
}
