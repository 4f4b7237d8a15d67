//! The servers, each a process of its own.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use crate::bare;
use pymanager::pickle::Value;
use pymanager::{AuthKey, Listener, Manager, SharedDict, SharedQueue, raise_descriptor_limit};

/// Python's server of the same two objects.
const PYTHON: &str = r"
import queue, resource
from multiprocessing.managers import BaseManager, DictProxy
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
class Server(BaseManager): pass
tasks, scores = queue.Queue(), {}
Server.register('tasks', callable=lambda: tasks)
Server.register('scores', callable=lambda: scores, proxytype=DictProxy)
server = Server(('127.0.0.1', 0), b'abc').get_server()
print('%s:%d' % server.address, flush=True)
server.serve_forever()
";

/// A server, ended when dropped.
pub(crate) struct Server {
    child: Child,
    address: String,
}

impl Server {
    pub(crate) fn ours() -> Result<Self, Box<dyn Error>> {
        Self::start(Command::new(std::env::current_exe()?).arg("serve"))
    }

    /// One that only answers: see [`bare`].
    pub(crate) fn bare() -> Result<Self, Box<dyn Error>> {
        Self::start(Command::new(std::env::current_exe()?).arg("answer"))
    }

    pub(crate) fn pythons() -> Result<Self, Box<dyn Error>> {
        Self::start(Command::new("python3").args(["-c", PYTHON]))
    }

    fn start(command: &mut Command) -> Result<Self, Box<dyn Error>> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut server = Server {
            child,
            address: String::new(),
        };
        BufReader::new(stdout).read_line(&mut server.address)?;
        server.address = server.address.trim().to_string();
        match server.address.is_empty() {
            true => Err("the server did not start".into()),
            false => Ok(server),
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The most that it has taken, in bytes; see proc(5).
    pub(crate) fn memory(&self) -> Option<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib * 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may not listen to anything else any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Our server, until its input ends.
pub(crate) fn serve() -> Result<(), Box<dyn Error>> {
    let server = start()?;
    println!("{}", server.address());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    server.shutdown();
    Ok(())
}

/// A server that only answers, until its input ends: see [`bare`].
pub(crate) fn answer() -> Result<(), Box<dyn Error>> {
    let server = start()?;
    println!("{}", bare::answer_for(server.address().to_string())?);
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn start() -> Result<pymanager::Server, Box<dyn Error>> {
    raise_descriptor_limit()?;
    Ok(Manager::new(AuthKey::new("abc"))
        .register("tasks", &SharedQueue::<Value>::new())
        .register("scores", &SharedDict::<Value, Value>::new())
        .start(Listener::bind("127.0.0.1:0")?)?)
}
