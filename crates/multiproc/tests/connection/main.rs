//! Connections: messages, limits, ends of file, time-outs.
//!
//! Both ends are in this process; a raw end plays the peer that is Python, or
//! hostile.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod messages;
mod values;
mod waits;

use std::os::unix::net::UnixStream;
use std::time::Duration;

use multiproc::connection::{Connection, pipe};

/// So short that it may pass before anything happens, which is legal.
pub(crate) const SHORT: Duration = Duration::from_millis(20);
pub(crate) const NOW: Duration = Duration::ZERO;

/// A connection and the bare descriptor at its other end.
pub(crate) fn with_raw_peer() -> (Connection, UnixStream) {
    let (ours, raw) = UnixStream::pair().unwrap();
    (Connection::from_fd(ours).unwrap(), raw)
}

/// All kinds of pairs: (receiver, sender).
pub(crate) fn pairs() -> Vec<(Connection, Connection)> {
    let exact = |(a, b): (Connection, Connection)| (a.without_read_ahead(), b);
    vec![
        pipe(true).unwrap(),
        pipe(false).unwrap(),
        exact(pipe(true).unwrap()),
        exact(pipe(false).unwrap()),
    ]
}

/// Bytes that differ from one place to the next.
pub(crate) fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|n| (n.wrapping_mul(31) >> 3) as u8).collect()
}
