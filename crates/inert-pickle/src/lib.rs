//! Python's pickle format as data: read and written, never executed.
//!
//! A pickle is a program for a small stack machine, and Python runs it: it imports names
//! and calls functions. Here the program is read into a graph of nodes. Plain data become
//! plain nodes. What Python would import or call stays a description, and is written back
//! as it came, at whichever protocol the next reader speaks:
//!
//! ```
//! use inert_pickle::{Limits, Value, read, write};
//!
//! # fn main() -> Result<(), inert_pickle::Error> {
//! // os.system('reboot'), should anyone execute it.
//! let message = b"\x80\x03cos\nsystem\nX\x06\0\0\0reboot\x85R.";
//! let value = read(message, &Limits::default())?;
//! assert_eq!(value.repr(75), "os.system('reboot')");
//! assert_eq!(write(&value, 3)?, message);
//!
//! let answer = Value::tuple([&"#RETURN".into(), &42.into()]);
//! assert_eq!(write(&answer, 4)?, b"\x80\x04\x8c\x07#RETURNK*\x86.");
//! # Ok(())
//! # }
//! ```
//!
//! **Shape.** The nodes of one message lie in one arena and refer to each other by number.
//! So what is shared stays shared, and a list that contains itself is nothing special. A
//! [`Value`] is a pointer and a number, and dropping even the deepest nesting frees four
//! vectors. Nothing in this crate recurses except the serde bridge, which counts its
//! levels. A value taken out of a message keeps the whole message in memory until it is
//! [detached](Value::detach).
//!
//! **Bounds.** [`Limits`] are checked before anything is built: a message's size, its
//! parts, its depth. A length is checked against what is left of the message, a memo index
//! against what was stored. A part makes at most one node of 16 bytes and three links of
//! four; messages of nothing but such parts took 15 to 32 bytes of memory for each of their
//! bytes. Shared values may stand for far more than there is (a list of the same list, a
//! hundred times over), so everything is charged by its bytes:
//!
//! - Reading, writing and comparing look at each shared part once, so twice as much takes
//!   twice the time.
//! - A pickle is never longer than 40 times the message that its values came in, plus
//!   4 KiB.
//! - Showing stops at its limit.
//! - Copying into Rust's own types stops with an error at a few times what there is, plus
//!   4 MiB.
//!
//! **Equality and order** are Python's in [`semantics`]: `1 == 1.0`, sorted lists, keys of
//! dicts. `==` on [`Value`]s in Rust is stricter: both must become the same in Python,
//! including types and sharing.
//!
//! **Protocols.** 0 to 5 are read, 2 to 5 written. What a protocol has no opcode for is
//! spelt out as CPython does: bytes at 2, sets below 4, bytearray below 5, and the names of
//! Python 2 at 2. What is spelt out like this is read as the plain data that it means.
//! Python 2 departs from protocol 2 in two ways: it writes ints of 33 to 64 bits as text,
//! and its `str` as bytes of no stated encoding. See [`Kind::NativeStr`].
//!
//! **New messages** are put together with a [`Composer`] from parts of any number of
//! messages, without copying them.
//!
//! **Why not serde-pickle.** It maps pickles to serde's data model, which has no place for
//! much of a manager's messages. Version 1.2 cannot keep a class, so a `datetime` or a
//! user's task object cannot pass through. It refuses as recursive what is only referred to
//! twice. And it recurses, so two thousand nested lists from any peer overflow the stack of
//! a server's thread. It would do for plain data, but a message must be read before one
//! knows what is in it. For plain data there is a serde bridge here (`to_value`,
//! `from_value`; the feature `serde`, on by default).

#![forbid(unsafe_code)]

#[cfg(all(doctest, feature = "serde"))]
#[doc = include_str!("../README.md")]
struct Readme;

mod arena;
mod atoms;
#[cfg(feature = "serde")]
mod bridge;
mod build;
mod compose;
mod cursor;
#[cfg(feature = "serde")]
mod data;
mod error;
mod fast_hash;
mod frames;
mod identical;
mod items;
mod kind;
mod limits;
#[cfg(all(test, feature = "serde"))]
mod linear_tests;
mod long;
mod machine;
#[cfg(test)]
mod meter;
mod names;
mod opcode;
mod reader;
mod repr;
pub mod semantics;
mod symbolic;
mod text_opcodes;
mod value;
mod writer;
mod wtf8;

#[cfg(feature = "serde")]
pub use bridge::{from_value, to_value};
pub use compose::Composer;
#[cfg(feature = "serde")]
pub use data::Data;
pub use error::Error;
pub use items::{Change, Items, Object, Pairs};
pub use kind::Kind;
pub use limits::Limits;
pub use reader::{Reader, protocol_of, read};
pub use value::Value;
pub use writer::{write, write_into};
