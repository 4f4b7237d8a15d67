//! A network that can be cut.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Forwards connections to a server, as long as the network is up.
pub(crate) struct Proxy {
    pub(crate) address: String,
    network: Arc<Mutex<Network>>,
}

#[derive(Default)]
struct Network {
    /// Nothing gets through, and nobody is told.
    silent: bool,
    /// Connections are closed, and new ones too.
    down: bool,
    streams: Vec<TcpStream>,
}

impl Proxy {
    pub(crate) fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let network = Arc::new(Mutex::new(Network::default()));
        let (server, shared) = (server.to_string(), Arc::clone(&network));
        // Ends with the test's process.
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let mut network = shared.lock().unwrap();
                let Ok(server) = TcpStream::connect(&server) else {
                    continue;
                };
                if network.down {
                    continue;
                }
                network
                    .streams
                    .extend([&client, &server].map(|s| s.try_clone().unwrap()));
                let pair = |stream: &TcpStream| stream.try_clone().unwrap();
                let (from_client, to_server) = (pair(&client), pair(&server));
                let (one, two) = (Arc::clone(&shared), Arc::clone(&shared));
                thread::spawn(move || forward(from_client, to_server, &one));
                thread::spawn(move || forward(server, client, &two));
            }
        });
        Proxy { address, network }
    }

    /// Bytes are held back, and nobody is told.
    pub(crate) fn silence(&self, silent: bool) {
        self.network.lock().unwrap().silent = silent;
    }

    /// All connections break, and no new ones are made.
    pub(crate) fn cut(&self) {
        let mut network = self.network.lock().unwrap();
        network.down = true;
        for stream in network.streams.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub(crate) fn mend(&self) {
        self.network.lock().unwrap().down = false;
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, network: &Mutex<Network>) {
    let mut bytes = [0; 1 << 16];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        while network.lock().unwrap().silent {
            thread::sleep(Duration::from_millis(5));
        }
        if to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
