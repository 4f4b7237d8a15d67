//! The line of those who wait for room.
//!
//! Room is given in the order of asking: nobody takes room that somebody who
//! asked before him waits for. Who comes later may put at once if there is room
//! for his item *beside* all that the line waits for; so a large item is not
//! starved by small ones, and where there is room enough for everybody, nobody
//! waits for a sleeper to wake up.
//!
//! Each in line has a ticket, and stands at the spot `ticket % SPOTS`. He holds
//! the lock `present` of his spot, which the kernel takes from him when he
//! dies; so who is in line is whoever's lock is held, and a death, at whatever
//! instruction, leaves nothing to repair. The numbers are guarded by the
//! tail's lock. One who is stopped holds up the others once, for
//! [`PATIENCE`]: if he does not take room that is there for him, the next one
//! goes before him.

use std::sync::atomic::{Ordering, fence};
use std::time::Duration;

use super::layout::{Header, SPOTS, Spot};
use super::put::{Need, Turn};
use super::{Error, Ring};
use crate::deadline::Deadline;

/// How long the one in front may leave room unused that is there for him. It
/// takes less to wake up, unless the machine has far too much to do.
const PATIENCE: Duration = Duration::from_millis(500);

/// Somebody's place in the line, until it is dropped.
pub(super) struct Ticket<'a> {
    ring: &'a Ring,
    number: u32,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let Header { tail, rest, .. } = &*self.ring.header;
        self.ring.spot(self.number).present.unlock();
        // Without waiting: time may be up. If the lock is not free, the next
        // one to have it sees that we are gone.
        if tail.lock.try_lock().is_some() {
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
    /// Waits in the line, and puts.
    pub(super) fn put_in_line(
        &self,
        bytes: &[u8],
        need: Need,
        deadline: Deadline,
    ) -> Result<(), Error> {
        loop {
            let Some(ticket) = self.enter_line(need, deadline) else {
                return Err(Error::Full);
            };
            let number = ticket.number;
            let likely = || self.is_closed() || self.served() == number && self.has_room(need);
            let attempt = || match self.put_once(bytes, need, Turn::Of(number), || deadline) {
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
                // It was stopped, and the line went on without it.
                Some(None) => {}
                None => return Err(Error::Full),
            }
        }
    }

    /// Goes to the end of the line; `None` when that was not possible until
    /// `deadline`.
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

    /// The caller holds the tail's lock.
    fn take_ticket(&self, need: Need) -> Option<Ticket<'_>> {
        let rest = &self.header.rest;
        let mut number = rest.asked.load(Ordering::Relaxed);
        // Makes the line as short as it is.
        self.asked_before(Turn::Last);
        while number.wrapping_sub(self.served()) < SPOTS {
            let spot = self.spot(number);
            // Somebody who was stopped may still hold it. That number is
            // nobody's then.
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

    /// What all those wait for whose turn comes before `turn`. Those in front
    /// who are gone leave the line by the way. The caller holds the tail's lock.
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

    /// Whether the one in front leaves room unused for too long.
    fn misses_its_turn(&self, number: u32) -> bool {
        let spot = self.spot(number);
        if !self.has_room(self.need_at(spot)) {
            spot.idle_since.store(0, Ordering::Relaxed);
            return false;
        }
        // Exact to some milliseconds, and cheap.
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

    /// Whether somebody waits for room, or died waiting.
    pub(super) fn has_line(&self) -> bool {
        self.header.rest.asked.load(Ordering::Relaxed) != self.served()
    }

    /// Wakes the one in front if there is room for him now. Call it after a
    /// change.
    #[inline]
    pub(super) fn wake_front(&self) {
        // As in `WaitWord`: either the waiter sees the change, or we see him.
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

    /// Wakes everybody.
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

    /// Whether `ticket` is not in line any more.
    pub(super) fn is_served(&self, ticket: u32) -> bool {
        ticket.wrapping_sub(self.served()) >= SPOTS
    }

    fn spot(&self, ticket: u32) -> &Spot {
        &self.header.spots[(ticket % SPOTS) as usize]
    }
}
