//! What a manager allows its peers.

use std::thread;
use std::time::Duration;

use crate::pickle;

/// What a manager allows its peers. Whoever goes beyond is told which limit it
/// was, by an exception.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// The largest message, 512 MiB, and how many parts may be in it,
    /// 134 million: what Python's own managers let through on an ordinary
    /// machine. A message's memory is taken as it arrives, not as it is
    /// announced.
    pub pickle: pickle::Limits,
    /// How much all objects may hold: no limit. In bytes, roughly.
    pub memory: usize,
    /// How much one queue may hold: no limit. In bytes, roughly.
    pub queue_memory: usize,
    /// How many objects clients may make: 1,000,000.
    pub objects: usize,
    /// How long a peer may take to prove the key, and then to send its first
    /// request: 10 s.
    pub handshake: Duration,
    /// How long a peer may take to accept a reply: 30 s, and as long again for
    /// each 32 MiB of it.
    pub stalled: Duration,
    /// How long a peer's host may give no sign of life: 15 s. A host that
    /// loses its power or its network says no good-bye.
    pub vanished: Duration,
    /// How many connections may be under way that have not proven the key:
    /// 1,024. When all places are taken, the oldest one gives way, of the
    /// address that has most of them.
    pub unproven: usize,
    /// How many connections there may be in all: 10,000. Each has a thread
    /// and a descriptor.
    pub connections: usize,
    /// How many connections' threads may spin at once: half of the processors
    /// that the program may use. Such a thread looks for its client's next
    /// request for up to 50 µs before it sleeps, if the client has been as
    /// quick lately: a client that makes one call after the other has two to
    /// three times as many done where processors are idle, and one of them is
    /// as good as taken meanwhile. A client that makes no calls costs nothing.
    /// 0 keeps all threads from it, which is the better choice where other
    /// programs keep every processor busy.
    pub spinning: usize,
    /// How long a task of a pool waits while there is no worker at all: 10 s.
    pub pool_patience: Duration,
    /// How often a task is done anew whose worker has died: never.
    pub pool_retries: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            pickle: pickle::Limits::default(),
            memory: usize::MAX,
            queue_memory: usize::MAX,
            objects: 1_000_000,
            handshake: Duration::from_secs(10),
            stalled: Duration::from_secs(30),
            vanished: Duration::from_secs(15),
            unproven: 1_024,
            connections: 10_000,
            spinning: thread::available_parallelism().map_or(1, usize::from) / 2,
            pool_patience: Duration::from_secs(10),
            pool_retries: 0,
        }
    }
}
