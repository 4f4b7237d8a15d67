//! A manager with two queues, for the tests of this library and of the recipe
//! that is built on it.

use std::net::SocketAddr;

use pymanager::{AuthKey, Client, Limits, Listener, Manager, Server, SharedQueue};

pub(crate) fn key() -> AuthKey {
    AuthKey::new("abc")
}

/// Tasks and results, served from the test itself.
pub(crate) struct Master {
    pub(crate) server: Server,
    pub(crate) task: SharedQueue<i64>,
    pub(crate) result: SharedQueue<String>,
}

impl Master {
    pub(crate) fn start() -> Self {
        Self::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        let task = SharedQueue::new();
        let result = SharedQueue::new();
        let server = Manager::new(key())
            .register("get_task_queue", &task)
            .register("get_result_queue", &result)
            .limits(limits)
            .start(Listener::bind("127.0.0.1:0").unwrap())
            .unwrap();
        Master {
            server,
            task,
            result,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address(), &key()).unwrap()
    }
}
