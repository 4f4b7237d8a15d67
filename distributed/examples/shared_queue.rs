//! One queue, two programs in Rust: a station sends its readings, an office
//! takes them.
//!
//! ```text
//! $ cargo run -p distributed --example shared_queue
//! office: 3 readings expected
//! office: roof 21.5
//! office: yard 19.0
//! office: well 8.25
//! station: all readings are dealt with
//! ```
//!
//! What to notice: the items are plain Rust data, declared once; `join` waits
//! until the other program has called `task_done` for each of them. The two
//! are processes here; on two machines only the address would differ.
#![forbid(unsafe_code)]

use std::net::SocketAddr;
use std::process::ExitCode;
use std::thread;

use anyhow::Context;
use common::{program, say};
use multiproc::process::{Builder, Process};
use pymanager::{AuthKey, Client, Error, Listener, Manager, SharedQueue};
use serde::{Deserialize, Serialize};

const EXPECTED: usize = 3;

#[derive(Serialize, Deserialize)]
struct Reading {
    place: String,
    celsius: f64,
}

fn main() -> ExitCode {
    program::example("Shares a queue between two programs in Rust.", || {
        let listener = Listener::bind("127.0.0.1:0").context("cannot listen")?;
        let address = listener.address();
        // Forked first: the manager starts threads.
        let station = Builder::new("station")
            .close_in_child(&listener)
            .spawn(|| station(address))?;
        office(listener, &station)
    })
}

/// Has the queue, and takes what comes.
fn office(listener: Listener, station: &Process) -> anyhow::Result<()> {
    let readings = SharedQueue::<Reading>::new();
    say!("office: {EXPECTED} readings expected");
    let server = Manager::new(AuthKey::new("abc"))
        .register("readings", &readings)
        .start(listener)
        .context("cannot start the manager")?;
    thread::scope(|scope| {
        // Whatever ends the station: no reading will come after it.
        scope.spawn(|| {
            let _ = station.join();
            readings.shutdown(false);
        });
        for _ in 0..EXPECTED {
            match readings.get() {
                Ok(reading) => {
                    say!("office: {} {:?}", reading.place, reading.celsius);
                    readings.task_done()?;
                }
                Err(Error::ShutDown) => break,
                Err(error) => return Err(anyhow::Error::new(error)),
            }
        }
        // It has yet to hear that all is done.
        station.join_success()?;
        anyhow::Ok(())
    })?;
    server.shutdown();
    Ok(())
}

/// Sends readings, and waits until they have been dealt with.
fn station(address: SocketAddr) -> anyhow::Result<()> {
    let client = Client::connect(address, &AuthKey::new("abc"))?;
    let readings = client.queue("readings")?;
    for (place, celsius) in [("roof", 21.5), ("yard", 19.0), ("well", 8.25)] {
        let place = place.to_string();
        readings.put(&Reading { place, celsius })?;
    }
    readings.join()?;
    say!("station: all readings are dealt with");
    Ok(())
}
