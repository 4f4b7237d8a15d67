//! What goes over a connection before any pickle: framed messages, as
//! CPython's `multiprocessing/connection.py` does them.

mod frame;
mod listener;
mod socket;
mod spin;

pub(crate) use frame::Channel;
pub use listener::Listener;
pub(crate) use listener::is_unix;
pub(crate) use multiproc::connection::Error as FrameError;
pub(crate) use spin::{Places, Spin};
