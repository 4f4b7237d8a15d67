//! Who has which parts of an array.
//!
//! A claim occupies a slot: a range of parts, and a lock that its owner holds
//! for as long as it has them. When the owner dies, the kernel takes the lock
//! from it. So a claim whose lock is free is a dead owner's and does not count.
//! Nothing else has to be undone, at whatever instruction the owner died.

use std::cell::Cell;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, getpid, pidfd_open};

use crate::deadline::Deadline;
use crate::shared::mutex::{Guard, Mutex, OwnerDied};
use crate::shared::raw_mutex::Holder;
use crate::shared::{Shared, WaitWord};
use crate::shared_struct;

/// How many claims there may be at once.
const SLOTS: usize = 512;

/// How long a call that must not wait for other claims waits for the table's lock
/// nevertheless. Others hold it for a microsecond, unless they are stopped just
/// then.
const BRIEFLY: Duration = Duration::from_millis(100);

const FREE: u32 = 0;
const READS: u32 = 1;
const WRITES: u32 = 2;

shared_struct! {
    struct Slot {
        /// Held by the owner of the claim; the kernel releases it when the owner
        /// dies.
        present: Mutex<()>,
        /// Whose claim it is, by process.
        pid: AtomicU32,
        start: AtomicUsize,
        end: AtomicUsize,
        /// `FREE`, `READS` or `WRITES`. Written last when a claim is made, and
        /// first when it is given up.
        kind: AtomicU32,
    }
}

shared_struct! {
    struct Table {
        /// How many slots have ever been used: all others are free. This lock is
        /// held while a claim is made.
        used: Mutex<usize>,
        /// How many claims were given up, roughly.
        released: AtomicU32,
        waiting: WaitWord,
        slots: [Slot; SLOTS],
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Write,
}

pub(super) struct Claims(Shared<Table>);

/// A claimed range of parts, given up when this is dropped.
pub(super) struct Claim<'a> {
    table: &'a Table,
    slot: &'a Slot,
    /// Unlocked after the slot is given up, since fields are dropped last.
    _present: Guard<'a, ()>,
}

impl Claims {
    pub(super) fn new() -> io::Result<Self> {
        let slot = || Slot {
            present: Mutex::new(()),
            pid: AtomicU32::new(0),
            start: AtomicUsize::new(0),
            end: AtomicUsize::new(0),
            kind: AtomicU32::new(FREE),
        };
        let table = Table {
            used: Mutex::new(0),
            released: AtomicU32::new(0),
            waiting: WaitWord::new(),
            slots: [(); SLOTS].map(|()| slot()),
        };
        Shared::new(table).map(Claims)
    }

    /// Claims `parts` until `deadline`.
    ///
    /// # Panics
    ///
    /// When this thread has a claim in the way itself, or has all that there may be:
    /// it would wait for ever.
    pub(super) fn claim(
        &self,
        parts: &Range<usize>,
        kind: Kind,
        deadline: Deadline,
    ) -> Option<Claim<'_>> {
        let table = &*self.0;
        let released = || table.released.load(Ordering::Relaxed);
        let seen = Cell::new(released());
        let attempt = || {
            seen.set(released());
            Some((self.claim_once(parts, kind, deadline)?, false))
        };
        if let Some((claim, _)) = attempt() {
            return Some(claim);
        }
        if deadline.remaining() == Some(Duration::ZERO) {
            return None;
        }
        let likely = || released() != seen.get();
        table.waiting.wait_until(deadline, likely, attempt)
    }

    fn claim_once(
        &self,
        parts: &Range<usize>,
        kind: Kind,
        deadline: Deadline,
    ) -> Option<Claim<'_>> {
        let table = &*self.0;
        let used = match deadline.remaining() {
            None => table.used.lock(),
            Some(left) => table.used.lock_timeout(left.max(BRIEFLY))?,
        };
        // A dead owner has changed it by one store, or not at all.
        let mut used = used.unwrap_or_else(OwnerDied::into_inner);
        let in_use = &table.slots[..*used];
        for slot in in_use {
            if !slot.is_in_the_way(parts, kind) {
                continue;
            }
            match slot.present.holder() {
                Holder::Another => return None,
                Holder::Nobody if slot.kind.load(Ordering::Relaxed) != FREE => slot.free_dead(),
                // It was given up just now.
                Holder::Nobody => {}
                Holder::ThisThread => {
                    panic!("this thread has a claim on some of the parts {parts:?} already")
                }
            }
        }
        let taken = in_use.iter().find_map(Slot::take).or_else(|| {
            // Before the table grows, free the slots whose owners have died.
            in_use
                .iter()
                .filter(|slot| slot.is_dead())
                .for_each(Slot::free_dead);
            in_use.iter().find_map(Slot::take)
        });
        let (slot, present) = match taken {
            Some(taken) => taken,
            None => {
                let next = table.slots.get(*used);
                let ours = |slot: &Slot| slot.present.holder() == Holder::ThisThread;
                let for_ever = next.is_none() && deadline.remaining().is_none();
                assert!(
                    !for_ever || !in_use.iter().all(ours),
                    "this thread has all the {SLOTS} claims that there may be at once"
                );
                let taken = next.and_then(Slot::take)?;
                *used += 1;
                taken
            }
        };
        slot.pid.store(
            getpid().as_raw_nonzero().get().cast_unsigned(),
            Ordering::Relaxed,
        );
        slot.start.store(parts.start, Ordering::Relaxed);
        slot.end.store(parts.end, Ordering::Relaxed);
        let kind = match kind {
            Kind::Read => READS,
            Kind::Write => WRITES,
        };
        slot.kind.store(kind, Ordering::Release);
        Some(Claim {
            table,
            slot,
            _present: present,
        })
    }
}

impl Slot {
    fn is_in_the_way(&self, parts: &Range<usize>, kind: Kind) -> bool {
        // Acquire: what its owner has written is seen by whoever comes after.
        let theirs = self.kind.load(Ordering::Acquire);
        let (start, end) = (
            self.start.load(Ordering::Relaxed),
            self.end.load(Ordering::Relaxed),
        );
        theirs != FREE
            && (theirs == WRITES || kind == Kind::Write)
            && start < parts.end
            && parts.start < end
    }

    /// Takes a free slot.
    fn take(&self) -> Option<(&Self, Guard<'_, ()>)> {
        if self.kind.load(Ordering::Acquire) != FREE {
            return None;
        }
        let present = self.present.try_lock()?;
        Some((self, present.unwrap_or_else(OwnerDied::into_inner)))
    }

    fn is_dead(&self) -> bool {
        // In this order: a slot that is given up is freed before it is unlocked.
        self.present.holder() == Holder::Nobody && self.kind.load(Ordering::Acquire) != FREE
    }

    /// Frees a dead owner's slot, once its whole process is dead. The kernel
    /// releases the lock when its thread ends, but another thread, to which that
    /// one has lent the slice, may run for a moment longer.
    fn free_dead(&self) {
        let pid = self.pid.load(Ordering::Relaxed).cast_signed();
        if let Some(pid) = Pid::from_raw(pid)
            && pid != getpid()
            && let Ok(process) = pidfd_open(pid, PidfdFlags::empty())
        {
            // Bounded, since this may be the wrong process: one in another PID
            // namespace has stored the pid that it has there.
            let most = Timespec::try_from(BRIEFLY).ok();
            let _ = poll(&mut [PollFd::new(&process, PollFlags::IN)], most.as_ref());
        }
        self.kind.store(FREE, Ordering::Release);
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.slot.kind.store(FREE, Ordering::Release);
        self.table.released.fetch_add(1, Ordering::Relaxed);
        self.table.waiting.wake_all();
    }
}
