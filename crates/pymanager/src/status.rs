//! What a manager says of itself: what one needs to see when a program that is
//! spread over processes hangs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// From here up, what stands for a connection is somebody in the serving program
/// itself. Connections are numbered from 1.
pub(crate) const SERVING_PROGRAM: u64 = 1 << 62;

/// Who is connected to a manager, what it holds, and who waits for what.
///
/// The manager answers it to the request `status`, which is none of CPython's:
/// from Python, `managers.dispatch(connection, None, 'status')` gives the same
/// as a dict. `Display` writes it for people.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Status {
    /// For how long it has been serving, in seconds.
    pub seconds: f64,
    /// What clients have put into its objects, in bytes, roughly.
    pub memory: u64,
    /// How many objects there are.
    pub objects_in_all: u64,
    /// The connections, by their numbers.
    pub connections: Vec<ConnectionStatus>,
    /// The objects, up to a thousand of them: first those that somebody waits
    /// for or holds, then the oldest.
    pub objects: Vec<ObjectStatus>,
}

/// One connection: that is one thread of one client.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ConnectionStatus {
    /// Its number, never used again: who holds a lock is told by it.
    pub number: u64,
    /// Where it comes from, as `HOST:PORT`; empty over a Unix socket.
    pub peer: String,
    /// What the client calls itself: Python's names of its process and thread.
    pub name: String,
    /// How many calls it has made.
    pub calls: u64,
    /// The object that it is calling now.
    pub object: Option<String>,
    /// The method that it is calling now.
    pub method: Option<String>,
    /// Whether that call waits for something.
    pub waiting: bool,
}

/// One object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ObjectStatus {
    /// Its identifier, which is in every proxy for it.
    pub ident: String,
    /// The name that it is registered under, if everyone shares it.
    pub name: Option<String>,
    /// Python's name of its class.
    pub class: String,
    /// How many references clients have to it.
    pub references: u64,
    /// How many items it has; of a semaphore, permits.
    pub length: Option<u64>,
    /// The number of the connection that holds it; one beyond all connections'
    /// when the serving program does.
    pub held_by: Option<u64>,
    /// What else there is to say, in words.
    pub note: String,
    /// The numbers of the connections that wait for it.
    pub waiting: Vec<u64>,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "serving for {:.0} s: {} connections, {} objects, {} bytes of data",
            self.seconds,
            self.connections.len(),
            self.objects_in_all,
            self.memory
        )?;
        for connection in &self.connections {
            writeln!(f, "{connection}")?;
        }
        for object in &self.objects {
            writeln!(f, "{object}")?;
        }
        let left = self
            .objects_in_all
            .saturating_sub(self.objects.len() as u64);
        match left {
            0 => Ok(()),
            left => writeln!(f, "and {left} objects more"),
        }
    }
}

impl fmt::Display for ConnectionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ConnectionStatus {
            number,
            peer,
            name,
            calls,
            ..
        } = self;
        write!(f, "connection {number}")?;
        if !name.is_empty() {
            write!(f, " {name}")?;
        }
        if !peer.is_empty() {
            write!(f, " from {peer}")?;
        }
        write!(f, ", {calls} calls")?;
        if let (Some(object), Some(method)) = (&self.object, &self.method) {
            let how = if self.waiting { "waits in" } else { "is in" };
            write!(f, ", {how} {method} of {object}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ObjectStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.class, self.ident)?;
        if let Some(name) = &self.name {
            write!(f, " ({name})")?;
        }
        if let Some(length) = self.length {
            write!(f, ", length {length}")?;
        }
        match self.held_by {
            None => {}
            Some(SERVING_PROGRAM..) => f.write_str(", held by the serving program")?,
            Some(holder) => write!(f, ", held by connection {holder}")?,
        }
        if !self.note.is_empty() {
            write!(f, ", {}", self.note)?;
        }
        if !self.waiting.is_empty() {
            let numbers: Vec<_> = self.waiting.iter().map(u64::to_string).collect();
            write!(f, ", waited for by {}", numbers.join(", "))?;
        }
        Ok(())
    }
}
