//! Children that could neither be ended nor waited for when their handle was
//! dropped: their parent gave up the privileges that they still have. They are
//! reaped when they have ended by themselves, by the next call that comes by.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::process::{WaitId, WaitIdOptions, waitid};

static CHILDREN: Mutex<Vec<OwnedFd>> = Mutex::new(Vec::new());
/// Whether there are any: nearly always not.
static ANY: AtomicBool = AtomicBool::new(false);

/// Takes over the pidfd of a child.
pub(super) fn add(pidfd: OwnedFd) {
    let mut children = CHILDREN.lock().unwrap_or_else(PoisonError::into_inner);
    children.push(pidfd);
    ANY.store(true, Ordering::Relaxed);
}

/// Reaps those that have ended.
pub(super) fn reap() {
    if !ANY.load(Ordering::Relaxed) {
        return;
    }
    let mut children = CHILDREN.lock().unwrap_or_else(PoisonError::into_inner);
    children.retain(|pidfd| {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        // An error: in a child of ours, whose children they are not.
        matches!(waitid(WaitId::PidFd(pidfd.as_fd()), options), Ok(None))
    });
    ANY.store(!children.is_empty(), Ordering::Relaxed);
}
