//! The server against clients that do what no well-behaved one does, spoken
//! byte by byte.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use multiproc::connection::auth::{self, AuthError, Rules};
use multiproc::deadline::Deadline;

use super::*;
use crate::SharedQueue;
use crate::message::{Reply, write_request};
use crate::wire::{Channel, FrameError};
use crate::{Client, Error};
use inert_pickle::{self as pickle, Value, read};

mod dict;
mod differences;
mod ends;
mod hostile;
mod lent;
mod limits;
mod pool;
mod recordings;
mod set;
mod status;
mod types;
mod unix;

const LONG: Duration = Duration::from_secs(60);

fn key() -> AuthKey {
    AuthKey::new("abc")
}

/// A server of one queue, called `tasks`.
fn serve(limits: Limits) -> (Server, SharedQueue<i64>) {
    let tasks = SharedQueue::new();
    let server = Manager::new(key())
        .register("tasks", &tasks)
        .limits(limits)
        .start(Listener::bind("127.0.0.1:0").unwrap())
        .unwrap();
    (server, tasks)
}

fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + LONG;
    while !condition() {
        assert!(Instant::now() < until, "in vain: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// A client, message by message.
struct Raw {
    channel: Channel,
}

impl Raw {
    /// Connected, and not a word said.
    fn silent(server: &Server) -> Raw {
        let stream = TcpStream::connect(server.address()).unwrap();
        let channel = Channel::new(Arc::new(stream), LONG, LONG).unwrap();
        Raw { channel }
    }

    /// Connected from another address of this machine.
    fn silent_from(from: [u8; 4], server: &Server) -> Raw {
        use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&socket, &SocketAddr::from((from, 0))).unwrap();
        connect(&socket, &server.address()).unwrap();
        let channel = Channel::new(Arc::new(socket.into()), LONG, LONG).unwrap();
        Raw { channel }
    }

    fn greet(&mut self, key: &str) -> Result<auth::Peer, AuthError> {
        let rules = Rules {
            key: AuthKey::new(key),
            refuse_md5: false,
            deadline: Deadline::after(LONG),
        };
        auth::as_client(&mut self.channel, &rules)
    }

    /// The key proven on both sides.
    fn greeted(server: &Server) -> Raw {
        let mut raw = Raw::silent(server);
        raw.greet("abc").unwrap();
        raw
    }

    /// The same, as Python up to 3.11 does it.
    fn greeted_as_old(server: &Server) -> Raw {
        let mut raw = Raw::silent(server);
        let challenge = raw.hear();
        let message = challenge.strip_prefix(b"#CHALLENGE#").unwrap();
        let proof = auth::Digest::Md5.mac(b"abc", message);
        raw.channel.send(&proof).unwrap();
        assert_eq!(raw.hear(), b"#WELCOME#");
        let challenge = [&b"#CHALLENGE#"[..], &[7; 20]].concat();
        raw.channel.send(&challenge).unwrap();
        assert_eq!(raw.hear(), auth::Digest::Md5.mac(b"abc", &[7; 20]));
        raw.channel.send(b"#WELCOME#").unwrap();
        raw
    }

    fn hear(&mut self) -> Vec<u8> {
        let message = self.channel.receive(256, Deadline::after(LONG)).unwrap();
        message.unwrap().to_vec()
    }

    /// Ready for method calls, with a reference to the queue.
    fn with_tasks(server: &Server) -> (Raw, String) {
        let created = Raw::greeted(server).ask(None, "create", &["tasks".into()]);
        let ident = created.as_sequence().unwrap().get(0).unwrap();
        let mut raw = Raw::greeted(server);
        raw.ask(None, "accept_connection", &["raw".into()]);
        (raw, ident.as_str().unwrap().to_string())
    }

    fn send(&mut self, ident: Option<&str>, method: &str, args: &[Value]) {
        self.channel
            .compose(|out| write_request(out, ident, method, args, &[], 4))
            .unwrap();
        self.channel.flush().unwrap();
    }

    fn receive(&mut self) -> Result<Option<Value>, FrameError> {
        let limits = pickle::Limits::default();
        let message = self
            .channel
            .receive(limits.message, Deadline::after(LONG))?;
        Ok(message.map(|message| read(message, &limits).unwrap()))
    }

    /// The kind of the next reply and what it holds, in Python's words.
    fn reply(&mut self) -> (String, String) {
        let value = self.receive().unwrap().unwrap();
        let reply = Reply::of(&value).unwrap();
        let text = reply.value.as_str().map(str::to_string);
        let text = text.unwrap_or_else(|| reply.value.repr(1_000));
        (reply.kind.to_string(), text)
    }

    /// Asks for something that has to work.
    fn ask(&mut self, ident: Option<&str>, method: &str, args: &[Value]) -> Value {
        self.send(ident, method, args);
        let value = self.receive().unwrap().unwrap();
        let reply = Reply::of(&value).unwrap();
        assert_eq!(reply.kind, "#RETURN", "{}", reply.value.repr(1_000));
        reply.value
    }

    fn ends(&mut self) -> bool {
        let deadline = Deadline::after(LONG);
        matches!(
            self.channel.receive(usize::MAX >> 1, deadline),
            Ok(None) | Err(FrameError::CutShort { .. } | FrameError::System(_))
        )
    }

    /// Reads the challenge, and after it nothing but an end.
    fn is_shown_out(&mut self) {
        let deadline = Deadline::after(LONG);
        let challenge = self.channel.receive(256, deadline).unwrap();
        assert!(challenge.is_some());
        assert!(matches!(self.channel.receive(256, deadline), Ok(None)));
    }

    fn stream(&self) -> &TcpStream {
        self.channel.stream()
    }

    /// Sends bytes as they are.
    fn write(&self, bytes: &[u8]) {
        let mut stream = self.stream();
        stream.write_all(bytes).unwrap();
    }
}

/// That the server still serves.
fn is_well(server: &Server, tasks: &SharedQueue<i64>) {
    let client = Client::connect(server.address(), &key()).unwrap();
    let proxy = client.queue::<i64>("tasks").unwrap();
    proxy.put(&-1).unwrap();
    assert_eq!(tasks.get_timeout(LONG).unwrap(), -1);
}
