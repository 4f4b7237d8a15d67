//! One database connection for each thread, opened when the thread first needs
//! it: the notes' own use of thread-local variables.
//!
//! <!-- numbers vary; repeats vary -->
//! ```text
//! $ cargo run -q -p threadlocal --example connection_per_thread
//! 12 requests are in the database, stored over 3 connections
//! Thread-1 stored 5
//! Thread-2 stored 4
//! Thread-3 stored 3
//! ```
//!
//! Python's `sqlite3` refuses at run time to use a connection in another thread.
//! What to notice: here it does not compile, since a `Connection` is not `Sync`.
//! And none of the functions between a request and the database passes one on.
//! SQLite is compiled in: nothing to install.
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context;
use common::{program, say};
use multiproc::queue::thread::Queue;
use multiproc::thread::{Builder, current_name};
use rusqlite::Connection;
use thread_local::ThreadLocal;

const THREADS: u32 = 3;
const REQUESTS: u32 = 12;

// ANCHOR: database
/// A database file, and each thread's own connection to it.
struct Database {
    path: PathBuf,
    connections: ThreadLocal<Connection>,
    opened: AtomicU32,
}

impl Database {
    /// The connection of the calling thread.
    fn connection(&self) -> rusqlite::Result<&Connection> {
        self.connections.get_or_try(|| {
            let connection = Connection::open(&self.path)?;
            // Writers wait for each other in SQLite, for ten seconds here.
            connection.busy_timeout(Duration::from_secs(10))?;
            self.opened.fetch_add(1, Ordering::Relaxed);
            Ok(connection)
        })
    }
}
// ANCHOR_END: database

fn main() -> ExitCode {
    program::example("Opens one database connection for each thread", || {
        // Removed with all that is in it when this ends.
        let folder = tempfile::tempdir().context("cannot make a folder")?;
        let database = Database {
            path: folder.path().join("requests.sqlite"),
            connections: ThreadLocal::new(),
            opened: AtomicU32::new(0),
        };
        let setup = Connection::open(&database.path)?;
        setup.execute_batch("CREATE TABLE request (thread TEXT, number INTEGER)")?;
        serve(&database)?;

        let count = "SELECT count(*) FROM request";
        let stored: u32 = setup.query_row(count, [], |row| row.get(0))?;
        let opened = database.opened.load(Ordering::Relaxed);
        say!("{stored} requests are in the database, stored over {opened} connections");
        let mut rows = setup
            .prepare("SELECT thread, count(*) FROM request GROUP BY thread ORDER BY thread")?;
        let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for row in rows {
            let (thread, count): (String, u32) = row?;
            say!("{thread} stored {count}");
        }
        Ok(())
    })
}

fn serve(database: &Database) -> anyhow::Result<()> {
    let requests = Queue::new(0);
    std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for _ in 0..THREADS {
            match Builder::new().spawn_scoped(scope, || work(database, &requests)) {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    requests.close();
                    return Err(error.into());
                }
            }
        }
        (1..=REQUESTS).try_for_each(|number| requests.put(number))?;
        requests.join();
        requests.close();
        let outcomes = threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"));
        outcomes.fold(Ok(()), Result::and)
    })
}

/// A connection outlives its thread, and the next thread may get it. Here all
/// threads live until the queue is closed, so each has its own.
fn work(database: &Database, requests: &Queue<u32>) -> anyhow::Result<()> {
    let mut outcome = Ok(());
    while let Ok(number) = requests.get() {
        outcome = outcome.and(handle(database, number));
        requests.task_done()?;
    }
    outcome
}

fn handle(database: &Database, number: u32) -> anyhow::Result<()> {
    // However deep in the calls, a function can store something.
    store(database, number).with_context(|| format!("cannot store request {number}"))
}

fn store(database: &Database, number: u32) -> rusqlite::Result<()> {
    let insert = "INSERT INTO request (thread, number) VALUES (?1, ?2)";
    let values = (current_name(), number);
    database.connection()?.execute(insert, values).map(drop)
}
