//! Connections that begin with the proof of a key.

use std::time::Duration;

use super::{AuthError, AuthKey, Messages, Rules, as_client, as_server};
use crate::connection::{Address, Connection, Error, Listener};
use crate::deadline::Deadline;

/// How long a peer has for the whole proof. CPython waits for ever for a silent
/// one.
const PROOF: Duration = Duration::from_secs(10);

impl Listener {
    /// Waits for the next peer and returns its connection, once both sides have
    /// proven the key to each other. Python's
    /// `Listener(address, authkey=key).accept()`.
    ///
    /// The peer has 10 s for the proof, and this call accepts nobody else
    /// meanwhile. Where that matters, [`accept`](Self::accept) and prove the key
    /// in a thread, with [`as_server`].
    ///
    /// # Errors
    ///
    /// [`AuthError`]: this peer is dropped, and the next one can be accepted.
    pub fn accept_with_key(&self, key: &AuthKey) -> Result<Connection, AuthError> {
        let mut connection = self.accept()?;
        as_server(&mut connection, &Rules::new(key))?;
        Ok(connection)
    }
}

impl Connection {
    /// Connects to a listener, this one or Python's, and both prove the key.
    /// Python's `Client(address, authkey=key)`.
    ///
    /// # Errors
    ///
    /// [`AuthError`]: nobody listens there, or one side does not have the key.
    pub fn connect_with_key(address: &Address, key: &AuthKey) -> Result<Connection, AuthError> {
        let connection = Connection::connect_timeout(address, PROOF);
        let mut connection = connection.map_err(Error::System)?;
        as_client(&mut connection, &Rules::new(key))?;
        Ok(connection)
    }
}

impl Rules {
    /// This key, any digest that Python uses, and 10 seconds.
    pub fn new(key: &AuthKey) -> Self {
        Rules {
            key: key.clone(),
            refuse_md5: false,
            deadline: Deadline::after(PROOF),
        }
    }
}

impl Messages for Connection {
    fn send_message(&mut self, message: &[u8], deadline: Deadline) -> Result<(), Error> {
        self.transmit([message, &[]], None, deadline)
    }

    fn receive_message(&mut self, limit: usize, deadline: Deadline) -> Result<Vec<u8>, Error> {
        let message = self.receive(limit, deadline)?;
        if let Some(stream) = &self.stream {
            stream.acknowledge();
        }
        Ok(message)
    }
}
