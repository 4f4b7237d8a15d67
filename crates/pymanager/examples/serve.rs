//! A manager for programs in any language that speaks CPython's protocol.
//!
//! <!-- not run: it serves until it is ended -->
//! ```text
//! $ cargo run -p pymanager --example serve -- 127.0.0.1:5000
//! Serve on 127.0.0.1:5000
//! ```
//!
//! In Python: `BaseManager(('127.0.0.1', 5000), b'abc')`, with `register` for
//! `get_task_queue`, `get_result_queue`, or any class of `SyncManager`.
#![forbid(unsafe_code)]

use std::error::Error;

use pymanager::{AuthKey, Listener, Manager, SharedQueue, raise_descriptor_limit};

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1);
    let listener = Listener::bind(address.unwrap_or("127.0.0.1:5000".to_string()))?;
    // A connection needs a descriptor, and the usual limit is 1,024.
    raise_descriptor_limit()?;
    // All the world knows this key: it is for this machine alone.
    let server = Manager::new(AuthKey::new("abc"))
        .register("get_task_queue", &<SharedQueue>::new())
        .register("get_result_queue", &<SharedQueue>::new())
        .start(listener)?;
    println!("Serve on {}", server.address());
    server.wait();
    Ok(())
}
