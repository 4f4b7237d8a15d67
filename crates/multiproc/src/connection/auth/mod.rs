//! The mutual proof of a shared key that Python's connections begin with
//! (`authkey`).
//!
//! It keeps strangers out of an address that everybody can reach, before a
//! byte of theirs is taken for a message. It hides nothing: neither the
//! messages nor their order are protected once the connection stands, and
//! whoever can listen in on the network or stand in the middle of it can pass
//! proofs on. It is made for one machine, and for networks of one's own.
//!
//! ```
//! use multiproc::connection::auth::{AuthError, AuthKey};
//! use multiproc::connection::{Connection, Listener};
//!
//! let key = AuthKey::new("a secret");
//! let listener = Listener::bind("127.0.0.1:0".parse::<std::net::SocketAddr>()?)?;
//! let address = listener.address().clone();
//! std::thread::scope(|scope| {
//!     scope.spawn(|| -> Result<(), AuthError> {
//!         Ok(Connection::connect_with_key(&address, &key)?.send("hello")?)
//!     });
//!     let mut connection = listener.accept_with_key(&key)?;
//!     assert_eq!(connection.recv::<String>()?, "hello");
//!     Ok::<(), Box<dyn std::error::Error>>(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod connect;
mod digest;
mod handshake;
mod key;

pub use digest::Digest;
pub use handshake::{AuthError, Messages, Peer, Rules, as_client, as_server};
pub use key::AuthKey;
