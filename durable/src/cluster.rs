//! Three servers on this machine that replicate to each other.

use std::net::TcpListener;

use crate::Server;

/// Starts three servers; the first of each pair is the server's name. It takes
/// them a moment to find each other.
///
/// # Errors
///
/// As [`Server::start`].
pub fn cluster() -> anyhow::Result<Vec<(String, Server)>> {
    // Free a moment ago: they have to know each other's ports beforehand.
    let listeners: Vec<_> = (0..3)
        .map(|_| TcpListener::bind("127.0.0.1:0"))
        .collect::<Result<_, _>>()?;
    let ports: Vec<_> = listeners
        .iter()
        .map(|listener| Ok(listener.local_addr()?.port()))
        .collect::<Result<_, std::io::Error>>()?;
    drop(listeners);
    let routes: Vec<_> = ports
        .iter()
        .map(|port| format!("\"nats://127.0.0.1:{port}\""))
        .collect();
    let routes = routes.join(", ");
    ports
        .iter()
        .map(|port| {
            let name = format!("node-{port}");
            let server = Server::with_config(&format!(
                "server_name: {name}\n\
                 cluster {{ name: three, listen: \"127.0.0.1:{port}\", routes: [{routes}] }}"
            ))?;
            Ok((name, server))
        })
        .collect()
}
