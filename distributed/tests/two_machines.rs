//! Data shared by two machines: two network namespaces with a cable between.
#![forbid(unsafe_code)]

#[path = "support/away.rs"]
mod away;

use std::fs::File;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::thread;

use away::Away;
use common::testing::Program;
use pymanager::{
    AuthKey, Client, Listener, Manager, RemoteDict, RemoteEvent, RemoteLock, SharedDict,
    SharedEvent, SharedLock,
};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

const ROUNDS: i64 = 200;

/// A program in Rust there, one in Python there, and this one here count
/// together.
#[test]
#[ignore = "needs root, ip and python3"]
fn programs_on_two_machines_count_together() {
    let away = Away::new();
    let (go, lock) = (SharedEvent::new(), SharedLock::new());
    let counts = SharedDict::<String, i64>::new();
    counts.insert("all", &0).unwrap();
    let server = Manager::new(AuthKey::new("a key of its own"))
        .register("go", &go)
        .register("lock", &lock)
        .register("counts", &counts)
        .start(Listener::bind((away.here.as_str(), 0)).unwrap())
        .unwrap();
    let address = server.address();
    let python = Program::new("ip")
        .args(["netns", "exec", &away.name, "python3"])
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/python/counter.py"
        ))
        .args([&away.here, &address.port().to_string(), &ROUNDS.to_string()])
        .start();
    let namespace = File::open(format!("/run/netns/{}", away.name)).unwrap();
    thread::scope(|scope| {
        let rust = scope.spawn(|| {
            // From here on this thread is there.
            let network = Some(LinkNameSpaceType::Network);
            move_into_link_name_space(namespace.as_fd(), network).unwrap();
            count(address)
        });
        go.set().unwrap();
        for _ in 0..ROUNDS {
            let guard = lock.acquire().unwrap();
            let so_far = counts.get("all").unwrap().unwrap();
            counts.insert("all", &(so_far + 1)).unwrap();
            guard.release().unwrap();
        }
        rust.join().unwrap().unwrap();
    });
    python.finish().success();
    assert_eq!(counts.get("all").unwrap(), Some(3 * ROUNDS));
}

fn count(address: SocketAddr) -> Result<(), pymanager::Error> {
    let client = Client::connect(address, &AuthKey::new("a key of its own"))?;
    let go: RemoteEvent = client.remote("go", &[])?;
    let lock: RemoteLock = client.remote("lock", &[])?;
    let counts: RemoteDict<String, i64> = client.remote("counts", &[])?;
    go.wait()?;
    for _ in 0..ROUNDS {
        let guard = lock.acquire()?;
        let so_far = counts.get("all")?.unwrap_or(0);
        counts.insert("all", &(so_far + 1))?;
        guard.release()?;
    }
    Ok(())
}
