//! Children that were still running when their handle was dropped, and that
//! could not be ended: their parent has given up privileges that they still
//! have. Once they have ended by themselves, the next spawn or drop reaps them.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::process::{WaitId, WaitIdOptions, waitid};

static CHILDREN: Mutex<Vec<OwnedFd>> = Mutex::new(Vec::new());
/// Whether there are any; there hardly ever are.
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
        // An error: this is a child, and they are its parent's children.
        matches!(waitid(WaitId::PidFd(pidfd.as_fd()), options), Ok(None))
    });
    ANY.store(!children.is_empty(), Ordering::Relaxed);
}
