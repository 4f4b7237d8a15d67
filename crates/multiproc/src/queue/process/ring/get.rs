//! The head: getting and claiming.

// Bytes are read out of the ring.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::sync::atomic::Ordering;

use super::layout::{Claim, Header, Position};
use super::{Error, Ring};
use crate::deadline::Deadline;
use crate::shared::Acquired;

impl Ring {
    /// Gets the oldest byte string into `bytes`, waiting until `deadline`.
    pub fn get(&self, bytes: &mut Vec<u8>, deadline: Deadline) -> Result<(), Error> {
        self.wait_get(deadline, || self.get_once(bytes, None))
    }

    /// Gets the oldest byte string if there is one.
    pub fn try_get(&self, bytes: &mut Vec<u8>) -> Result<(), Error> {
        self.get_once(bytes, None)
    }

    /// Gets as [`get`](Self::get) does, and *claims* the item in slot `claim`
    /// before anything else is done with it: should this process die before
    /// [`release`](Self::release), [`claimed`](Self::claimed) tells what it had
    /// in hand, even if it died of taking memory for the item. A slot belongs
    /// to one process at a time.
    pub fn claim(
        &self,
        claim: usize,
        bytes: &mut Vec<u8>,
        deadline: Deadline,
    ) -> Result<(), Error> {
        self.wait_get(deadline, || self.get_once(bytes, Some(&self.claims[claim])))
    }

    /// Says that the item claimed in slot `claim` has been dealt with.
    pub fn release(&self, claim: usize) {
        self.claims[claim].item.store(0, Ordering::Release);
    }

    /// The first eight bytes of the item that the owner of slot `claim` died
    /// with, and empties the slot. Call it when that process has ended.
    ///
    /// What is told here is out of the ring: nobody else got it or will.
    pub fn claimed(&self, claim: usize) -> Option<[u8; 8]> {
        // It may have died between claiming and moving the head: see
        // `lock_head`.
        self.lock_head();
        self.header.head.lock.unlock();
        let claim = &self.claims[claim];
        let item = claim.item.swap(0, Ordering::AcqRel);
        (item != 0).then(|| claim.tag.load(Ordering::Relaxed).to_ne_bytes())
    }

    fn wait_get(
        &self,
        deadline: Deadline,
        mut get: impl FnMut() -> Result<(), Error>,
    ) -> Result<(), Error> {
        match get() {
            Err(Error::Empty) => {}
            result => return result,
        }
        let likely = || !self.is_empty() || self.is_closed();
        self.header
            .rest
            .getters
            .wait_until(deadline, likely, || match get() {
                Err(Error::Empty) => None,
                result => Some((result, !self.is_empty() || self.is_closed())),
            })
            .unwrap_or(Err(Error::Empty))
    }

    fn get_once(&self, bytes: &mut Vec<u8>, claim: Option<&Claim>) -> Result<(), Error> {
        self.lock_head();
        let result = self.get_locked(bytes, claim);
        self.header.head.lock.unlock();
        if result.is_ok() {
            self.header.rest.putters.wake_one();
        }
        result
    }

    fn get_locked(&self, bytes: &mut Vec<u8>, claim: Option<&Claim>) -> Result<(), Error> {
        let Header { tail, head, .. } = &*self.header;
        let at = Position::load(&head.place, Ordering::Relaxed);
        if at == Position::load(&head.other, Ordering::Relaxed) {
            // Asked before the tail is read: once closed, the tail stays.
            let closed = self.is_closed();
            let now = Position::load(&tail.place, Ordering::Acquire);
            now.store(&head.other);
            if at == now {
                return Err(if closed { Error::Closed } else { Error::Empty });
            }
        }
        let len = self.length_at(at.units);
        // Only a stray write into the ring could make this fail; it must not
        // make us take memory for it.
        let units = self.units(len)?;
        if let Some(claim) = claim {
            // First of all: the memory for the item may be more than this
            // process can have, and then this is what it dies of.
            let mut tag = [MaybeUninit::new(0); 8];
            let known = len.min(tag.len());
            self.copy_out(at.units.wrapping_add(1), &mut tag[..known]);
            // SAFETY: zeros, and bytes that `copy_out` has written.
            let tag = tag.map(|byte| unsafe { byte.assume_init() });
            claim.tag.store(u64::from_ne_bytes(tag), Ordering::Relaxed);
            claim.item.store(at.claimed(), Ordering::Release);
        }
        bytes.clear();
        bytes.reserve(len);
        self.copy_out(
            at.units.wrapping_add(1),
            &mut bytes.spare_capacity_mut()[..len],
        );
        // SAFETY: `copy_out` has written the first `len` bytes.
        unsafe { bytes.set_len(len) };
        at.after(units).store(&head.place);
        Ok(())
    }

    fn lock_head(&self) {
        let head = &self.header.head;
        if head.lock.lock() == Acquired::OwnerDied {
            // The claim took the item. If its owner died before it moved the
            // head, it is moved here; else nobody claims the first item.
            let at = Position::load(&head.place, Ordering::Relaxed);
            let taken = |claim: &Claim| claim.item.load(Ordering::Acquire) == at.claimed();
            if self.claims.iter().any(taken)
                && let Ok(units) = self.units(self.length_at(at.units))
            {
                at.after(units).store(&head.place);
            }
        }
    }
}
