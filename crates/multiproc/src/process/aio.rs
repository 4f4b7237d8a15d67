//! A child's end, awaited.

use std::io;
use std::os::fd::AsFd;

use super::{ExitStatus, Process};
use crate::aio::registered;

impl Process {
    /// Like [`join`](Self::join), without blocking the thread.
    ///
    /// Cancel-safe. Several may await one child.
    ///
    /// # Errors
    ///
    /// Those of [`join`](Self::join), and `EMFILE` without a free descriptor.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with I/O enabled.
    pub async fn join_async(&self) -> io::Result<ExitStatus> {
        // A descriptor of its own: epoll takes each descriptor only once, and
        // somebody else may be waiting for the same child.
        let pidfd = registered(self.as_fd().try_clone_to_owned()?)?;
        loop {
            if let Some(status) = self.exit_status()? {
                return Ok(status);
            }
            pidfd.readable().await?.clear_ready();
        }
    }
}
