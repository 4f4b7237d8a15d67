//! Accepting connections, each into a thread of its own, until it is over.

use std::io;
use std::net::{IpAddr, Shutdown};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::io::Errno;

use super::connections::Connection;
use super::session;
use super::state::State;

/// A thread's stack. Values are read, written and dropped without recursion,
/// so depth in a message needs none of it; only what is touched is memory.
const STACK: usize = 128 << 10;

/// Starts the two threads that a server has besides those of its connections.
pub(crate) fn start(state: &Arc<State>) -> io::Result<Vec<JoinHandle<()>>> {
    let watching = Arc::clone(state);
    let watcher = spawn("watcher", move || {
        watching.watcher.run(&watching.connections)
    })?;
    let accepting = Arc::clone(state);
    match spawn("acceptor", move || accept_all(&accepting)) {
        Ok(acceptor) => Ok(vec![watcher, acceptor]),
        Err(error) => {
            state.stop();
            Err(error)
        }
    }
}

fn accept_all(state: &Arc<State>) {
    while !state.is_stopping() {
        match state.listener.accept() {
            Ok(stream) => {
                let from = stream.peer_addr().map(|address| address.ip());
                let connection = state.connections.add(stream);
                // `stop` may have gone through the list before this one was on
                // it; then it is up to this thread.
                if state.is_stopping() || state.connections.len() > state.limits.connections {
                    state.connections.remove(connection.id);
                    continue;
                }
                let from = from.unwrap_or(IpAddr::from([0; 4]));
                let evicted = state.admission.enter(connection.id, from);
                if let Some(evicted) = evicted.and_then(|id| state.connections.get(id)) {
                    // It is told nothing; one that is closed cannot be closed.
                    let _ = evicted.stream.shutdown(Shutdown::Both);
                }
                serve(state, connection);
            }
            Err(error) => rest_after(state, &error),
        }
    }
}

fn serve(state: &Arc<State>, connection: Arc<Connection>) {
    let guard = Leave {
        state: Arc::clone(state),
        connection,
    };
    // Without a thread to be had, the guard is dropped with the closure: this
    // client is turned away, the others stay.
    let _ = spawn("connection", move || {
        session::serve(&guard.state, &guard.connection);
    });
}

/// After a failure to accept: some concern one connection, some end when
/// another connection does.
fn rest_after(state: &State, error: &io::Error) {
    match Errno::from_io_error(error) {
        Some(Errno::INTR | Errno::CONNABORTED | Errno::PROTO) => {}
        // Out of descriptors or memory. The connection stays in the kernel's
        // line.
        _ if !state.is_stopping() => state.connections.wait_for_one(Duration::from_millis(100)),
        _ => {}
    }
}

/// Takes a connection off all lists when its thread ends, in whatever way.
struct Leave {
    state: Arc<State>,
    connection: Arc<Connection>,
}

impl Drop for Leave {
    fn drop(&mut self) {
        if let Some(caller) = self.connection.caller.get() {
            caller.tell_the_end();
        }
        self.state.admission.leave(self.connection.id);
        self.state.connections.remove(self.connection.id);
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    let builder = thread::Builder::new().name(name.to_string());
    builder.stack_size(STACK).spawn(body)
}
