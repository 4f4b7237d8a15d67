//! Three servers that replicate to each other.

use common::testing::Port;

use super::{Server, until};
use jetstream_tasks::{Queue, Settings};

pub(crate) struct Cluster {
    pub(crate) servers: Vec<Server>,
    /// For what they say to each other.
    _ports: Vec<Port>,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        // The servers have to know each other's ports before they start.
        let kept: Vec<_> = (0..3).map(|_| Port::keep()).collect();
        let ports: Vec<u16> = kept.iter().map(|port| port.address().port()).collect();
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
        let cluster = Cluster {
            servers,
            _ports: kept,
        };
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
