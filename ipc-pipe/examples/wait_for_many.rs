//! Waits for whichever of several children speaks or ends first.
//!
//! ```console
//! $ cargo run -p ipc-pipe --example wait_for_many
//! Within 50 ms: nobody
//! Ready: the connection of carol, who says: I am carol
//! Ready: the connection of alice, who says: I am alice
//! Ready: the connection of bob, who says: I am bob
//! Ready: the end of bob, who exited with status 0
//! ```
//!
//! Python: `multiprocessing.connection.wait([a, b, c, process.sentinel])`.
//!
//! What to notice: one call waits for connections and processes, and a process's
//! pidfd shows when it has ended; there is no need to guess from its silence.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use common::{program, say};
use multiproc::connection::{Connection, Waitable, wait};
use multiproc::process::{Builder, Process};

const NAMES: [&str; 3] = ["alice", "bob", "carol"];

fn main() -> ExitCode {
    program::example(
        "Shows waiting for several connections and processes.",
        || {
            let mut children = Vec::new();
            let mut connections = Vec::new();
            for name in NAMES {
                let speaks = move |end| speak(name, end);
                let (child, connection) = Builder::new(name).spawn_with_connection(speaks)?;
                children.push(child);
                connections.push(connection);
            }

            let all = |connections: &[Connection], timeout| {
                wait(&things(connections, &children), timeout)
            };
            let ready = all(&connections, Some(Duration::from_millis(50)))?;
            ensure!(ready.is_empty(), "somebody was not told to speak and did");
            say!("Within 50 ms: nobody");
            for index in [2, 0, 1] {
                connections[index].send_bytes(b"speak")?;
                for ready in all(&connections, None)? {
                    // A process that is ready has ended before its time.
                    let Some(connection) = connections.get_mut(ready) else {
                        let child = &children[ready - NAMES.len()];
                        child.join_success()?;
                        bail!("{} has nothing to say", child.name());
                    };
                    let words: String = connection.recv().context(NAMES[ready])?;
                    let name = NAMES[ready];
                    say!("Ready: the connection of {name}, who says: {words}");
                }
            }
            connections[1].send_bytes(b"go")?;
            // Bob's connection is not among them: its end of file would be ready
            // at about the same time.
            for ready in wait(&things(&[], &children), None)? {
                let status = children[ready].join()?;
                say!("Ready: the end of {}, who {status}", NAMES[ready]);
            }
            for index in [0, 2] {
                connections[index].send_bytes(b"go")?;
                children[index].join_success()?;
            }
            Ok(())
        },
    )
}

fn things<'a>(connections: &'a [Connection], children: &'a [Process]) -> Vec<&'a dyn Waitable> {
    let connections = connections.iter().map(|one| one as &dyn Waitable);
    connections
        .chain(children.iter().map(|one| one as _))
        .collect()
}

/// Speaks when told to, ends when told to.
fn speak(name: &str, mut end: Connection) -> anyhow::Result<()> {
    end.recv_bytes()?;
    end.send(&format!("I am {name}"))?;
    end.recv_bytes()?;
    Ok(())
}
