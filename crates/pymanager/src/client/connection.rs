//! Connections to one manager: made when needed, kept for the next call.

use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use multiproc::connection::auth::{self, AuthError, AuthKey, Peer, Rules};
use multiproc::deadline::Deadline;

use super::Patience;
use super::endpoint::Endpoint;
use super::invocation::{Invocation, manager_call, own_name};
use super::reply::{Returned, returned};
use super::token::Address;
use crate::error::Error;
use crate::message::{Reply, write_request};
use crate::wire::{Channel, FrameError};
use inert_pickle::{Limits, Reader, Value, protocol_of};

/// The protocols of our requests: one that every manager reads, Python 2.7's
/// too, and the highest that is worth using.
const OLDEST: u8 = 2;
const NEWEST: u8 = 4;

/// How long a proxy that is dropped tries to tell its manager good-bye: for a
/// connection, and for the answer.
const GOODBYE: Duration = Duration::from_secs(1);

/// How many times a connection is made again that was lost before it began.
const ATTEMPTS: u32 = 3;

/// A manager, by its address, and the connections to it.
pub(crate) struct Target {
    pub(crate) endpoint: Endpoint,
    key: AuthKey,
    pub(crate) patience: Patience,
    refuse_md5: bool,
    limits: Limits,
    /// The protocol that an old manager replied in last; what it writes, it
    /// reads.
    spoken: AtomicU8,
    /// Whether the manager was gone when it was last spoken to.
    lost: AtomicBool,
    connections: Mutex<Connections>,
}

#[derive(Default)]
struct Connections {
    /// Ready for the next method call.
    idle: Vec<Connection>,
    /// All there are, to be cut off from another thread.
    open: HashMap<u64, Arc<TcpStream>>,
    next: u64,
}

/// One connection, its handshake done.
pub(crate) struct Connection {
    id: u64,
    channel: Channel,
    reader: Reader,
    peer: Peer,
}

impl Target {
    pub(crate) fn new(
        endpoint: Endpoint,
        key: AuthKey,
        patience: Patience,
        refuse_md5: bool,
        limits: Limits,
    ) -> Self {
        Target {
            endpoint,
            key,
            patience,
            refuse_md5,
            limits,
            spoken: AtomicU8::new(OLDEST),
            lost: AtomicBool::new(false),
            connections: Mutex::default(),
        }
    }

    /// A request to the manager itself, on a connection of its own.
    pub(crate) fn request(&self, method: &str, args: &[Value]) -> Result<Value, Error> {
        let Patience {
            connect, answer, ..
        } = self.patience;
        self.request_within(method, args, connect, answer)
    }

    fn request_within(
        &self,
        method: &str,
        args: &[Value],
        connect: Duration,
        answer: Duration,
    ) -> Result<Value, Error> {
        let mut connection = self.connect(connect)?;
        let outcome = self.ask(&mut connection, &manager_call(method, args), answer);
        self.forget(&connection);
        match outcome? {
            Returned::Value(value) => Ok(value),
            Returned::Proxy { .. } => Err(Error::Protocol(format!(
                "the manager answers '{method}' with a proxy"
            ))),
        }
    }

    /// Takes a reference back. A manager that is gone keeps no count, and
    /// nobody is kept waiting for it.
    pub(crate) fn say_goodbye(&self, ident: &str) {
        if self.lost.load(Ordering::Relaxed) {
            return;
        }
        let ident = [Value::from(ident)];
        // Nobody is there to be told that it failed.
        let _ = self.request_within("decref", &ident, GOODBYE, GOODBYE);
    }

    /// A call of an object's method, on whatever connection is free.
    pub(crate) fn call(&self, call: &Invocation<'_>) -> Result<Returned, Error> {
        let mut connection = self.take()?;
        let outcome = self.ask(&mut connection, call, self.patience.answer);
        self.give_back(connection, is_broken(&outcome));
        outcome
    }

    /// A connection for calls of methods, of which nobody else has it.
    pub(super) fn take(&self) -> Result<Connection, Error> {
        let idle = self.lock().idle.pop();
        match idle {
            Some(connection) => Ok(connection),
            None => self.connect_for_methods(),
        }
    }

    /// For the next call; one that is broken is of no use.
    pub(super) fn give_back(&self, connection: Connection, broken: bool) {
        if broken {
            self.lost.store(true, Ordering::Relaxed);
            // The others lead to the same manager and are no better.
            self.forget(&connection);
            self.drop_idle();
        } else {
            self.lock().idle.push(connection);
        }
    }

    fn connect_for_methods(&self) -> Result<Connection, Error> {
        let mut connection = self.connect(self.patience.connect)?;
        let name = [Value::from(own_name().as_str())];
        let call = manager_call("accept_connection", &name);
        match self.ask(&mut connection, &call, self.patience.answer) {
            Ok(_) => Ok(connection),
            Err(error) => {
                self.forget(&connection);
                Err(error)
            }
        }
    }

    /// Sends a call and waits for its reply, for `answer` longer than the call
    /// itself may wait.
    pub(super) fn ask(
        &self,
        connection: &mut Connection,
        call: &Invocation<'_>,
        answer: Duration,
    ) -> Result<Returned, Error> {
        // Python from 3.12 on and our own managers know it; the others are
        // asked in what they last answered in.
        let protocol = match connection.peer {
            Peer::New => NEWEST,
            Peer::Old => self.spoken.load(Ordering::Relaxed),
        };
        let channel = &mut connection.channel;
        channel.compose(|out| {
            let Invocation {
                ident,
                method,
                args,
                kwargs,
                ..
            } = *call;
            write_request(out, ident, method, args, kwargs, protocol)
        })?;
        let patience = call.wait.map(|wait| wait.saturating_add(answer));
        let deadline = patience.map_or(Deadline::NEVER, Deadline::after);
        let broken = |error| self.broken(error, patience.unwrap_or_default());
        channel.flush().map_err(broken)?;
        let message = channel.receive(self.limits.message, deadline);
        let message = message.map_err(broken)?.ok_or(Error::Disconnected)?;
        let spoken = protocol_of(message).clamp(OLDEST, NEWEST);
        self.spoken.store(spoken, Ordering::Relaxed);
        let reply = connection.reader.read(message).map_err(unreadable)?;
        returned(Reply::of(&reply).map_err(unreadable)?)
    }

    /// What a broken connection means to who waited up to `patience`.
    fn broken(&self, error: FrameError, patience: Duration) -> Error {
        match error {
            FrameError::System(error) if has_vanished(&error) => Error::Vanished {
                address: self.address(),
                after: self.patience.vanished,
            },
            error => Error::of_frame(error, patience),
        }
    }

    /// The manager's address, for those that are told of its objects.
    pub(super) fn token_address(&self) -> Address {
        self.endpoint.to_address()
    }

    /// The manager's address, for messages.
    fn address(&self) -> String {
        self.endpoint.to_string()
    }

    /// A new connection with its handshake done.
    ///
    /// A listener whose queue overflows loses connections that the client
    /// believes to have (as a Python manager does when many workers start at
    /// once), so silence is answered by trying again.
    fn connect(&self, patience: Duration) -> Result<Connection, Error> {
        let connected = self.connect_within(patience);
        // Not before: who says good-bye meanwhile would believe it.
        self.lost.store(connected.is_err(), Ordering::Relaxed);
        connected
    }

    fn connect_within(&self, patience: Duration) -> Result<Connection, Error> {
        let until = Deadline::after(patience);
        let mut attempt = 1;
        loop {
            let deadline = match attempt {
                ATTEMPTS.. => until,
                _ => Deadline::after(patience / ATTEMPTS),
            };
            match self.try_connect(deadline) {
                Ok(connection) => return Ok(connection),
                Err(AuthError::Connection(error)) if attempt < ATTEMPTS && was_lost(&error) => {
                    attempt += 1;
                }
                Err(AuthError::Connection(FrameError::System(source))) => {
                    return Err(Error::Connect {
                        address: self.address(),
                        source,
                    });
                }
                Err(error) => return Err(Error::of_handshake(error, patience)),
            }
        }
    }

    fn try_connect(&self, deadline: Deadline) -> Result<Connection, AuthError> {
        let stream = self
            .endpoint
            .connect(deadline)
            .map_err(FrameError::System)?;
        let stream = Arc::new(stream);
        let Patience {
            answer, vanished, ..
        } = self.patience;
        let channel = Channel::new(Arc::clone(&stream), answer, vanished);
        let mut channel = channel.map_err(FrameError::System)?;
        let rules = Rules {
            key: self.key.clone(),
            refuse_md5: self.refuse_md5,
            deadline,
        };
        channel.look_before_reading();
        channel.acknowledge_at_once(true);
        let peer = auth::as_client(&mut channel, &rules)?;
        channel.acknowledge_at_once(false);
        let mut connections = self.lock();
        connections.next += 1;
        let id = connections.next;
        connections.open.insert(id, stream);
        Ok(Connection {
            id,
            channel,
            reader: Reader::new(self.limits),
            peer,
        })
    }

    /// Cuts all connections, those in use too.
    pub(crate) fn disconnect(&self) {
        for stream in self.lock().open.values() {
            // One that is closed already cannot be closed.
            let _ = stream.shutdown(Shutdown::Both);
        }
        self.drop_idle();
    }

    fn drop_idle(&self) {
        let idle = std::mem::take(&mut self.lock().idle);
        for connection in &idle {
            self.forget(connection);
        }
    }

    pub(super) fn forget(&self, connection: &Connection) {
        self.lock().open.remove(&connection.id);
    }

    fn lock(&self) -> MutexGuard<'_, Connections> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the connection may not be used again: it is gone, or a reply may
/// still come that belongs to this call.
pub(super) fn is_broken(outcome: &Result<Returned, Error>) -> bool {
    matches!(
        outcome,
        Err(Error::Disconnected
            | Error::Vanished { .. }
            | Error::NoAnswer(_)
            | Error::Protocol(_)
            | Error::Io(_))
    )
}

/// Whether the manager's host gave no sign of life: what the kernel says when
/// what was sent, or keepalive's questions, are not acknowledged.
fn has_vanished(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::TimedOut
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
    )
}

fn unreadable(error: inert_pickle::Error) -> Error {
    Error::Protocol(format!("the manager's reply cannot be read: {error}"))
}

/// Whether a connection ended as one does that an overflowing listener loses,
/// or that gave its place to another among too many.
fn was_lost(error: &FrameError) -> bool {
    match error {
        FrameError::TimedOut | FrameError::EndOfFile => true,
        FrameError::System(error) => error.kind() == io::ErrorKind::ConnectionReset,
        _ => false,
    }
}
