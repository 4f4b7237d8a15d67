//! The mutual proof of a shared key with which Python's connections begin
//! (`authkey`).
//!
//! It keeps strangers out of an address that everybody can reach, before any byte
//! of theirs is taken for a message. It encrypts nothing: once the connection is
//! made, its messages are not protected, and somebody in the middle of the
//! network can pass the proofs on. It is meant for one machine, or for a network
//! that you trust.
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
