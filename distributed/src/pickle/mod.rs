//! Python's pickle format, protocols 2 to 5, as data: read and written, never executed.

mod arena;
mod bridge;
mod compare;
mod error;
mod limits;
mod message;
mod reader;
mod repr;
mod value;
mod writer;

pub use bridge::{from_value, to_value};
pub use error::{Error, TypeError};
pub use limits::Limits;
pub use message::{Reply, Request, write_reply, write_request};
pub use reader::{Reader, protocol_of, read};
pub use value::{Items, Kind, Object, Pairs, Value};
pub use writer::{write, write_into};
