//! Three servers that replicate to each other.

use std::net::TcpListener;

use super::{Server, until};
use jetstream_tasks::{Queue, Settings};

pub(crate) struct Cluster {
    pub(crate) servers: Vec<Server>,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        // Free a moment ago; the servers have to know each other's ports before
        // they start.
        let listeners: Vec<_> = (0..3)
            .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let ports: Vec<u16> = listeners
            .iter()
            .map(|listener| listener.local_addr().unwrap().port())
            .collect();
        drop(listeners);
        let routes: Vec<_> = ports
            .iter()
            .map(|port| format!("\"nats://127.0.0.1:{port}\""))
            .collect();
        let servers: Vec<_> = ports
            .iter()
            .map(|port| {
                Server::with_config(&format!(
                    "server_name: s{port}\ncluster {{ name: three, listen: \"127.0.0.1:{port}\", \
                     routes: [{}] }}",
                    routes.join(", ")
                ))
            })
            .collect();
        let cluster = Cluster { servers };
        until("the cluster has a leader", || {
            let settings = Settings::new().replicas(3);
            Queue::<u64>::open(&cluster.address(), "warm-up", &settings).is_ok()
        });
        cluster
    }

    /// The server of that name.
    pub(crate) fn of(&mut self, name: &str) -> &mut Server {
        let named = format!("server_name: {name}\n");
        let found = self.servers.iter_mut().find(|s| s.config.contains(&named));
        found.expect("a server of the cluster")
    }

    /// Of all of them.
    pub(crate) fn address(&self) -> String {
        let addresses: Vec<_> = self.servers.iter().map(|s| s.address.as_str()).collect();
        addresses.join(",")
    }
}
