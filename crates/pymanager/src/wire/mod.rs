//! What goes over a connection before any pickle: framed messages and the
//! mutual proof of the key, as CPython's `multiprocessing/connection.py` does
//! them.

mod digest;
mod frame;
pub(crate) mod handshake;
mod listener;

pub(crate) use frame::{Channel, FrameError};
pub use listener::Listener;

/// The proof that Python 3.11 and older give.
#[cfg(test)]
pub(crate) fn md5_proof(key: &[u8], message: &[u8]) -> Vec<u8> {
    digest::Digest::Md5.mac(key, message)
}
