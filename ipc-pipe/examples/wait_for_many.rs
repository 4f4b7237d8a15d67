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
//! What to notice: connections and processes are waited for in one call, and
//! the end of a process is told by its pidfd, not by its silence.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Duration;

use common::{program, say};
use multiproc::connection::{Connection, Waitable, pipe, wait};
use multiproc::process::Process;

const NAMES: [&str; 3] = ["alice", "bob", "carol"];

fn main() -> ExitCode {
    program::example(
        "Shows waiting for several connections and processes.",
        || {
            let mut connections = Vec::new();
            let mut children = Vec::new();
            for name in NAMES {
                let (parent_end, mut child_end) = pipe(true)?;
                connections.push(parent_end);
                // Each child has copies of the parent's ends made so far; it ends
                // when told to, not at end of file, so they do no harm.
                children.push(Process::spawn(name, move || speak(name, &mut child_end))?);
            }

            let ready = wait(
                &all(&connections, &children),
                Some(Duration::from_millis(50)),
            )?;
            assert!(ready.is_empty(), "nobody was told to speak");
            say!("Within 50 ms: nobody");
            for index in [2, 0, 1] {
                connections[index].send_bytes(b"speak")?;
                for ready in wait(&all(&connections, &children), None)? {
                    let words: String = connections[ready].recv()?;
                    let name = NAMES[ready];
                    say!("Ready: the connection of {name}, who says: {words}");
                }
            }
            connections[1].send_bytes(b"go")?;
            // Bob's connection is not among them: its end of file would be ready
            // at about the same time.
            let sentinels: Vec<&dyn Waitable> = children.iter().map(|child| child as _).collect();
            for ready in wait(&sentinels, None)? {
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

fn all<'a>(connections: &'a [Connection], children: &'a [Process]) -> Vec<&'a dyn Waitable> {
    let connections = connections.iter().map(|one| one as &dyn Waitable);
    connections
        .chain(children.iter().map(|one| one as _))
        .collect()
}

/// Speaks when told to, ends when told to.
fn speak(name: &str, end: &mut Connection) -> anyhow::Result<()> {
    end.recv_bytes()?;
    end.send(&format!("I am {name}"))?;
    end.recv_bytes()?;
    Ok(())
}
