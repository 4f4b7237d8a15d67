//! Learns from the kernel which clients have hung up.
//!
//! A thread that waits for an item sleeps on the queue, not on its socket. So
//! one thread watches all sockets (epoll(7)) and calls off the waits of those
//! who go. Nobody polls: a thousand clients that wait cost no time.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{EventfdFlags, eventfd};

use super::connections::{Connection, Connections};

/// The number under which the wake-up call is watched; connections are
/// numbered from 1.
const WAKE: u64 = 0;

#[derive(Debug)]
pub(crate) struct Watcher {
    epoll: OwnedFd,
    wake: OwnedFd,
}

impl Watcher {
    pub(crate) fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        epoll::add(&epoll, &wake, EventData::new_u64(WAKE), EventFlags::IN)?;
        Ok(Watcher { epoll, wake })
    }

    /// Watches a connection until its socket is closed, which takes it off
    /// the list.
    pub(crate) fn add(&self, connection: &Connection) -> io::Result<()> {
        let data = EventData::new_u64(connection.id);
        // Errors and hang-ups are told unasked. Once is enough: it stays gone.
        let flags = EventFlags::RDHUP | EventFlags::ONESHOT;
        Ok(epoll::add(
            &self.epoll,
            connection.stream.as_fd(),
            data,
            flags,
        )?)
    }

    /// Serves until [`stop`](Self::stop).
    pub(crate) fn run(&self, connections: &Connections) {
        let mut events = Vec::<Event>::with_capacity(64);
        loop {
            events.clear();
            match epoll::wait(
                &self.epoll,
                rustix::buffer::spare_capacity(&mut events),
                None,
            ) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                // Only a programming error remains; the last look before an
                // item is handed over serves without us.
                Err(_) => return,
            }
            for event in &events {
                // The structure is packed: copy before use.
                match event.data.u64() {
                    WAKE => return,
                    id => {
                        if let Some(connection) = connections.get(id) {
                            connection.leave();
                        }
                    }
                }
            }
        }
    }

    pub(crate) fn stop(&self) {
        // It fails when the counter is at its highest: then it is awake.
        let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
    }
}
