//! A dict and a list that programs on several machines share: two stations fill
//! them, an office has them.
//!
//! <!-- any order -->
//! ```text
//! $ cargo run -p distributed --example shared_data
//! north measures roof
//! north measures yard
//! south measures well
//! south measures barn
//! barn 17.5, roof 21.5, well 8.25, yard 19.0
//! ```
//!
//! The same in Python: docs/python/shared_data.py.
//!
//! What to notice: a station knows an address and a key, nothing more, so that
//! on another machine only the address would differ. The dict and the list are
//! in the office, which reads them as its own; each call of a station goes over
//! the network, and is whole: no other comes between.
#![forbid(unsafe_code)]

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context;
use common::{program, say};
use multiproc::process::Builder;
use pymanager::{
    AuthKey, Client, Listener, Manager, RemoteDict, RemoteList, SharedDict, SharedList,
};

type Readings = [(&'static str, f64); 2];

fn main() -> ExitCode {
    program::example("Shares a dict and a list between programs.", || {
        let listener = Listener::bind("127.0.0.1:0").context("cannot listen")?;
        let address = listener.address();
        // Forked first: the manager starts threads.
        let start = |name: &'static str, readings: Readings| {
            Builder::new(name)
                .close_in_child(&listener)
                .spawn(move || station(address, name, readings))
        };
        let north = start("north", [("roof", 21.5), ("yard", 19.0)])?;
        let south = start("south", [("well", 8.25), ("barn", 17.5)])?;

        // ANCHOR: office
        let celsius = SharedDict::<String, f64>::new();
        let log = SharedList::<String>::new();
        let server = Manager::new(AuthKey::new("abc"))
            .register("get_celsius", &celsius)
            .register("get_log", &log)
            .start(listener)
            .context("cannot start the manager")?;
        // ANCHOR_END: office
        north.join_success()?;
        south.join_success()?;
        server.shutdown();

        for line in log.to_vec()? {
            say!("{line}");
        }
        let mut all = celsius.items()?;
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        let all: Vec<_> = all.iter().map(|(at, t)| format!("{at} {t:?}")).collect();
        say!("{}", all.join(", "));
        Ok(())
    })
}

// ANCHOR: station
/// On whatever machine.
fn station(address: SocketAddr, name: &str, readings: Readings) -> anyhow::Result<()> {
    let client = Client::connect(address, &AuthKey::new("abc"))?;
    let celsius: RemoteDict<String, f64> = client.remote("get_celsius", &[])?;
    let log: RemoteList<String> = client.remote("get_log", &[])?;
    for (place, reading) in readings {
        celsius.insert(place, &reading)?;
        log.push(&format!("{name} measures {place}"))?;
    }
    Ok(())
}
// ANCHOR_END: station
