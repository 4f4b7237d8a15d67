//! Python's pickle format, protocols 2 to 5, as data: read and written, never executed.

mod arena;
mod atoms;
mod bridge;
mod build;
mod compare;
mod cursor;
mod error;
mod frames;
mod items;
mod limits;
mod long;
mod machine;
mod message;
mod names;
mod opcode;
mod reader;
mod repr;
mod same;
mod symbolic;
mod value;
mod writer;
mod wtf8;

pub use bridge::{from_value, to_value};
pub use error::{Error, TypeError};
pub use items::{Change, Items, Object, Pairs};
pub use limits::Limits;
pub use message::{Reply, Request, write_reply, write_request};
pub use reader::{Reader, protocol_of, read};
pub use value::{Kind, Value};
pub use writer::{write, write_into};
