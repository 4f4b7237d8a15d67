//! The head: getting and claiming.

#![expect(unsafe_code, reason = "it reads raw bytes out of the ring")]

use std::mem::MaybeUninit;
use std::sync::atomic::Ordering;

use super::layout::{Claim, Header, Position};
use super::{Error, Ring, briefly};
use crate::deadline::Deadline;
use crate::shared::Acquired;

/// Where to note which item is claimed, and which items are left where they are.
type How<'a> = (Option<&'a Claim>, Leave);

/// Those of this length or more.
#[derive(Clone, Copy)]
pub(crate) struct Leave {
    pub(crate) from: usize,
    /// Also one that wraps around the ring's end.
    pub(crate) cut: bool,
}

const NONE: Leave = Leave {
    from: usize::MAX,
    cut: false,
};

impl Ring {
    /// Gets the oldest byte string into `bytes`, waiting until `deadline`.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] if the deadline comes first, [`Error::Closed`] if the ring
    /// is closed and empty.
    pub fn get(&self, bytes: &mut Vec<u8>, deadline: Deadline) -> Result<(), Error> {
        self.wait_get(bytes, (None, NONE), deadline).map(drop)
    }

    /// Like [`get`](Self::get), but leaves a long item where it is and returns false. The
    /// only consumer then reads it in place, see [`front`](Self::front); one of several
    /// may find another item there.
    pub(crate) fn get_unless_long(
        &self,
        leave: Leave,
        bytes: &mut Vec<u8>,
        deadline: Deadline,
    ) -> Result<bool, Error> {
        self.wait_get(bytes, (None, leave), deadline)
    }

    /// Like [`get_unless_long`](Self::get_unless_long), without waiting.
    pub(crate) fn try_get_unless_long(
        &self,
        leave: Leave,
        bytes: &mut Vec<u8>,
    ) -> Result<bool, Error> {
        self.get_once(bytes, (None, leave), || briefly(self.may_get()))
    }

    /// Gets the oldest byte string if there is one.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get); [`Error::Empty`] at once.
    pub fn try_get(&self, bytes: &mut Vec<u8>) -> Result<(), Error> {
        self.get_once(bytes, (None, NONE), || briefly(self.may_get()))
            .map(drop)
    }

    /// Like [`get`](Self::get), but first *claims* the item in slot `claim`. If
    /// this process dies before it calls [`release`](Self::release),
    /// [`claimed`](Self::claimed) tells which item it had, even if allocating
    /// memory for the item is what killed it. A slot belongs to one process at a
    /// time.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn claim(
        &self,
        claim: usize,
        bytes: &mut Vec<u8>,
        deadline: Deadline,
    ) -> Result<(), Error> {
        let how = (Some(&self.claims[claim]), NONE);
        self.wait_get(bytes, how, deadline).map(drop)
    }

    /// Gives up the claim in slot `claim`: its item has been dealt with.
    pub fn release(&self, claim: usize) {
        self.claims[claim].item.store(0, Ordering::Release);
    }

    /// Returns the first eight bytes of the item that the owner of slot `claim`
    /// died with, and empties the slot. Call it when that process has ended.
    ///
    /// That item is no longer in the ring, and nobody else has got it.
    pub fn claimed(&self, claim: usize) -> Option<[u8; 8]> {
        let claim = &self.claims[claim];
        let item = claim.item.load(Ordering::Acquire);
        let head = &self.header.head;
        if item == Position::load(&head.position, Ordering::Acquire).claimed() {
            // The owner died between claiming the item and moving the head. The
            // lock's next owner moves it: be that now, unless it happened before.
            self.lock_head(|| Deadline::NEVER);
            head.lock.unlock();
        }
        claim.item.store(0, Ordering::Release);
        (item != 0).then(|| claim.tag.load(Ordering::Relaxed).to_ne_bytes())
    }

    fn wait_get(
        &self,
        bytes: &mut Vec<u8>,
        how: How<'_>,
        deadline: Deadline,
    ) -> Result<bool, Error> {
        self.get_later_if_empty(deadline, || self.get_once(bytes, how, || deadline))
    }

    #[inline]
    pub(super) fn get_later_if_empty(
        &self,
        deadline: Deadline,
        mut once: impl FnMut() -> Result<bool, Error>,
    ) -> Result<bool, Error> {
        match once() {
            Err(Error::Empty) => self.get_later(deadline, &mut once),
            done => done,
        }
    }

    #[cold]
    fn get_later(
        &self,
        deadline: Deadline,
        once: &mut dyn FnMut() -> Result<bool, Error>,
    ) -> Result<bool, Error> {
        let attempt = || match once() {
            Err(Error::Empty) => None,
            done => Some((done, self.may_get())),
        };
        let getters = &self.header.rest.getters;
        getters
            .wait_until(deadline, || self.may_get(), attempt)
            .unwrap_or(Err(Error::Empty))
    }

    /// Waits until there is something to get or the ring is closed, without
    /// taking anything; false if the deadline comes first.
    #[cfg(feature = "tokio")]
    pub fn wait_for_item(&self, deadline: Deadline) -> bool {
        // It takes nothing, so it passes the wake-up on.
        let attempt = || self.may_get().then_some(((), true));
        let getters = &self.header.rest.getters;
        let wait = || getters.wait_until(deadline, || self.may_get(), attempt);
        self.may_get() || wait().is_some()
    }

    pub(super) fn may_get(&self) -> bool {
        !self.is_empty() || self.is_sealed()
    }

    fn get_once(
        &self,
        bytes: &mut Vec<u8>,
        how: How<'_>,
        deadline: impl FnOnce() -> Deadline,
    ) -> Result<bool, Error> {
        if !self.lock_head(deadline) {
            return Err(Error::Empty);
        }
        let result = self.get_locked(bytes, how);
        self.header.head.lock.unlock();
        if matches!(result, Ok(true)) {
            self.wake_front();
        }
        result
    }

    /// The oldest item: its place, the room that it takes, and its length. The
    /// caller holds the head's lock.
    pub(super) fn first(&self) -> Result<(Position, u32, usize), Error> {
        let Header { tail, head, .. } = &*self.header;
        let at = Position::load(&head.position, Ordering::Relaxed);
        if at == Position::load(&head.other, Ordering::Relaxed) {
            // Ask before reading the tail, which then stays put.
            let sealed = self.is_sealed();
            let now = Position::load(&tail.position, Ordering::Acquire);
            now.store(&head.other);
            if at == now {
                return Err(if sealed { Error::Closed } else { Error::Empty });
            }
        }
        let len = self.length_at(at.units);
        // This fails only after a stray write into the ring, which must not make
        // this process allocate whatever length it left.
        Ok((at, self.units(len)?, len))
    }

    fn get_locked(&self, bytes: &mut Vec<u8>, (claim, leave): How<'_>) -> Result<bool, Error> {
        let (at, units, len) = self.first()?;
        if len >= leave.from && (leave.cut || len <= self.address(at.units.wrapping_add(1)).1) {
            return Ok(false);
        }
        if let Some(claim) = claim {
            // Before anything else: this process may die of allocating memory
            // for the item.
            let mut tag = [MaybeUninit::new(0); 8];
            let known = len.min(tag.len());
            self.copy_out(at.units.wrapping_add(1), 0, &mut tag[..known]);
            // SAFETY: zeros, and bytes that `copy_out` has written.
            let tag = tag.map(|byte| unsafe { byte.assume_init() });
            claim.tag.store(u64::from_ne_bytes(tag), Ordering::Relaxed);
            claim.item.store(at.claimed(), Ordering::Release);
        }
        self.copy_first(bytes, (at, units, len));
        Ok(true)
    }

    /// Gets the [first](Self::first) item. The caller holds the head's lock.
    #[inline]
    pub(super) fn copy_first(&self, bytes: &mut Vec<u8>, (at, units, len): (Position, u32, usize)) {
        bytes.clear();
        bytes.reserve(len);
        self.copy_out(
            at.units.wrapping_add(1),
            0,
            &mut bytes.spare_capacity_mut()[..len],
        );
        // SAFETY: `copy_out` has written the first `len` bytes.
        unsafe { bytes.set_len(len) };
        at.after(units).store(&self.header.head.position);
    }

    /// Takes the head's lock; false if the deadline comes first.
    pub(super) fn lock_head(&self, deadline: impl FnOnce() -> Deadline) -> bool {
        let head = &self.header.head;
        let acquired = head.lock.lock_until(deadline);
        if acquired == Some(Acquired::OwnerDied) {
            // A claim takes the item. If its owner died before it moved the head,
            // move the head here. Otherwise nobody has claimed the first item.
            let at = Position::load(&head.position, Ordering::Relaxed);
            let taken = |claim: &Claim| claim.item.load(Ordering::Acquire) == at.claimed();
            if self.claims.iter().any(taken)
                && let Ok(units) = self.units(self.length_at(at.units))
            {
                at.after(units).store(&head.position);
            }
        }
        acquired.is_some()
    }
}
