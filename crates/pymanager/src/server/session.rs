//! One connection, from its acceptance to its end.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use multiproc::connection::auth::{self, Peer, Rules};
use multiproc::deadline::Deadline;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::connections::Connection;
use super::fallback::fallback;
use super::manager_methods::{self, Then};
use super::response::{Dialect, Response};
use super::state::State;
use crate::message::Request;
use crate::object::{Answer, Call, Caller, Era, Exception, HangUp, Lent, Served};
use crate::wire::{Channel, FrameError, Spin, is_unix};
use inert_pickle::{Reader, Value, protocol_of};

/// How long to wait, after a client's good-bye, for the news that it did not
/// get the last reply. The news needs one trip over the network and back.
const NEWS: Duration = Duration::from_secs(1);

/// Serves a connection. Whatever goes wrong on it ends it alone.
pub(crate) fn serve(state: &State, connection: &Connection) {
    let caller = connection
        .caller
        .get_or_init(|| Caller::over(connection.id, HangUp::of(&connection.stream)));
    // Who came on the list while it was being read was perhaps not called off.
    if state.is_stopping() {
        return;
    }
    let stream = Arc::clone(&connection.stream);
    let Ok(channel) = Channel::new(stream, state.limits.stalled, state.limits.vanished) else {
        return;
    };
    let mut session = Session {
        state,
        caller,
        channel,
        reader: Reader::new(state.limits.pickle),
        peer: Peer::New,
    };
    session.channel.acknowledge_at_once(true);
    if session.greet().is_none() {
        return;
    }
    state.admission.leave(connection.id);
    match session.serve_manager() {
        Some(Then::CallMethods) => {}
        Some(Then::Stop) => return state.stop(),
        Some(Then::Close) | None => return,
    }
    session.channel.acknowledge_at_once(false);
    session.channel.spin(Spin::new(&state.places));
    if state.watcher.add(connection).is_ok() {
        session.serve_methods();
    }
}

struct Session<'a> {
    state: &'a State,
    caller: &'a Caller,
    channel: Channel,
    reader: Reader,
    peer: Peer,
}

/// What came over a connection.
enum Incoming {
    /// A request, as far as it could be read, and how its sender talks.
    Request {
        request: Result<Value, inert_pickle::Error>,
        dialect: Dialect,
        /// Whether there may be a proxy in it.
        proxies: bool,
    },
    /// A request beyond the limit, which nobody has read.
    TooLarge(Exception),
}

impl Session<'_> {
    /// The handshake. A peer that fails it is told so by the protocol's own
    /// word, and nothing else.
    fn greet(&mut self) -> Option<()> {
        let rules = Rules {
            key: self.state.key.clone(),
            refuse_md5: self.state.refuse_md5,
            deadline: Deadline::after(self.state.limits.handshake),
        };
        self.peer = auth::as_server(&mut self.channel, &rules).ok()?;
        Some(())
    }

    /// The one request to the manager that a connection begins with.
    fn serve_manager(&mut self) -> Option<Then> {
        let deadline = Deadline::after(self.state.limits.handshake);
        let (response, then, dialect) = match self.receive(deadline).ok()?? {
            Incoming::TooLarge(exception) => {
                (Response::Fail(exception), Then::Close, self.dialect(2))
            }
            Incoming::Request {
                request,
                dialect,
                proxies,
            } => {
                let (response, then) = match request.as_ref().map(Request::of) {
                    Ok(Ok(request)) => {
                        manager_methods::serve(self.state, &request, self.new_call(proxies))
                    }
                    Ok(Err(error)) => (malformed(&error), Then::Close),
                    Err(error) => (malformed(error), Then::Close),
                };
                (response, then, dialect)
            }
        };
        self.channel
            .compose(|out| response.write(out, dialect))
            .ok()?;
        self.channel.flush().ok()?;
        Some(then)
    }

    /// Requests and replies, until the client closes the connection.
    fn serve_methods(&mut self) {
        let stream = Arc::clone(self.channel.stream());
        let mut lent: Option<Lent> = None;
        let mut spoken = self.dialect(2);
        loop {
            let incoming = self.receive(Deadline::NEVER);
            let (response, dialect) = match incoming {
                Ok(Some(Incoming::Request {
                    request,
                    dialect,
                    proxies,
                })) => {
                    // Who asks for more has the last reply.
                    drop(lent.take());
                    let response = match &request {
                        Ok(request) => match self.call(request, proxies, dialect.era) {
                            Some(response) => response,
                            None => return,
                        },
                        Err(error) => malformed(error),
                    };
                    (response, dialect)
                }
                Ok(Some(Incoming::TooLarge(exception))) => {
                    drop(lent.take());
                    (Response::Raise(exception), spoken)
                }
                end => {
                    if let Some(lent) = lent
                        && !has_arrived(&end, &stream, self.state)
                    {
                        lent.return_it();
                    }
                    return;
                }
            };
            spoken = dialect;
            match self.deliver(response, dialect) {
                Some(delivered) => lent = delivered,
                None => return,
            }
        }
    }

    /// The next request; none when the client has closed the connection.
    fn receive(&mut self, deadline: Deadline) -> Result<Option<Incoming>, FrameError> {
        let limit = self.state.limits.pickle.message;
        let peer = self.peer;
        match self.channel.receive(limit, deadline) {
            Ok(Some(message)) => Ok(Some(Incoming::Request {
                dialect: Dialect::new(peer, protocol_of(message)),
                proxies: has_proxies(message),
                request: self.reader.read(message),
            })),
            Ok(None) => Ok(None),
            Err(FrameError::TooLarge { length, limit }) => {
                // The client is busy sending: it hears what is wrong once all
                // of it has come.
                let patience = self.channel.patience(length);
                self.channel.skip(Deadline::after(patience))?;
                Ok(Some(Incoming::TooLarge(Exception::value_error(format!(
                    "a message of {length} bytes is beyond this manager's limit of {limit}"
                )))))
            }
            Err(error) => Err(error),
        }
    }

    /// What the peer reads, whose last message was in this protocol.
    fn dialect(&self, protocol: u8) -> Dialect {
        Dialect::new(self.peer, protocol)
    }

    fn new_call(&self, proxies: bool) -> Call<'_> {
        Call::new(
            self.caller,
            &self.state.registry,
            &self.state.memory,
            proxies,
        )
    }

    /// Calls a method; none when the client has gone meanwhile.
    fn call(&self, request: &Value, proxies: bool, era: Era) -> Option<Response> {
        let request = match Request::of(request) {
            Ok(request) => request,
            Err(error) => return Some(malformed(&error)),
        };
        let ident = request.ident.unwrap_or_default();
        let served = match self.state.registry.find(ident) {
            Ok(served) => served,
            Err(exception) => return Some(Response::Fail(exception)),
        };
        self.caller.begins(ident, request.method);
        let outcome = served.call(&request, self.new_call(proxies));
        self.caller.is_done();
        let Some(outcome) = outcome else {
            return Some(fallback(&served, ident, request.method, era));
        };
        Some(match outcome {
            Ok(Answer::Value(value)) => Response::Return(value),
            Ok(Answer::Lent(lent)) => Response::Lend(lent),
            Ok(Answer::Proxy(typeid, object)) => match self.proxy(typeid, &object) {
                Ok(proxy) => Response::Proxy(proxy),
                Err(exception) => Response::Raise(exception),
            },
            Ok(Answer::Nobody) => return None,
            Err(exception) => Response::Raise(exception),
        })
    }

    /// What a client makes a proxy of: the methods, and a token.
    fn proxy(&self, typeid: &str, object: &Served) -> Result<Value, Exception> {
        let ident = self.state.registry.add(object)?;
        // As the client knows us: we may listen on every address there is.
        let address = match self.channel.stream().local_addr() {
            Ok(address) => {
                let host = address.ip().to_canonical().to_string();
                Value::tuple(&[host.as_str().into(), i64::from(address.port()).into()])
            }
            Err(_) => match self.state.listener.path() {
                Some(path) => path.to_string_lossy().as_ref().into(),
                None => Value::none(),
            },
        };
        let token = Value::instance(
            &Value::global("multiprocessing.managers", "Token"),
            &[],
            Some(&Value::tuple(&[
                typeid.into(),
                address,
                ident.as_str().into(),
            ])),
        );
        Ok(Value::tuple(&[manager_methods::exposed(object), token]))
    }

    /// Sends a reply; none when the connection is at its end. What was lent
    /// comes back, to be kept until it has surely arrived.
    fn deliver(&mut self, response: Response, dialect: Dialect) -> Option<Option<Lent>> {
        if let Err(error) = self.channel.compose(|out| response.write(out, dialect)) {
            // This client cannot be told; another may.
            if let Response::Lend(lent) = response {
                lent.return_it();
            }
            let text = format!("Traceback (most recent call last):\nPicklingError: {error}\n");
            let response = Response::Unsendable(text);
            self.channel
                .compose(|out| response.write(out, dialect))
                .ok()?;
            return self.channel.flush().ok().map(|()| None);
        }
        let Response::Lend(lent) = response else {
            return self.channel.flush().ok().map(|()| None);
        };
        if has_hung_up(self.channel.stream()) || self.channel.flush().is_err() {
            lent.return_it();
            return None;
        }
        Some(Some(lent))
    }
}

/// Whether there may be a proxy in a message.
fn has_proxies(message: &[u8]) -> bool {
    const NAME: &[u8] = b"RebuildProxy";
    let mut rest = message;
    while let Some(at) = rest.iter().position(|byte| *byte == b'R') {
        rest = &rest[at..];
        if rest.starts_with(NAME) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

fn malformed(error: &inert_pickle::Error) -> Response {
    Response::Fail(Exception::value_error(error.to_string()))
}

/// A last look at the connection before an item leaves by it: has the client
/// closed its end, or died?
fn has_hung_up(stream: &TcpStream) -> bool {
    let gone = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR;
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let mut fds = [PollFd::new(stream, gone)];
    // When it cannot be told, the attempt to send will.
    poll(&mut fds, Some(&now)).is_ok_and(|count| count > 0)
}

/// Whether a client got the item that was the last thing it was sent, told
/// from how the connection ended.
///
/// A process that dies, or closes, with something unread makes the kernel send
/// a reset instead of a good-bye (RFC 2525, 2.17), and so does a kernel that
/// gets a message for a process that is gone. The latter comes after the
/// good-bye, so it takes a little patience to see.
fn has_arrived(
    end: &Result<Option<Incoming>, FrameError>,
    stream: &TcpStream,
    state: &State,
) -> bool {
    match end {
        Err(FrameError::System(_)) => false,
        // A Unix socket has told already: reading would have failed.
        Ok(None) if !state.is_stopping() && !is_unix(stream) => {
            let patience = Timespec::try_from(NEWS).ok();
            let mut fds = [PollFd::new(stream, PollFlags::empty())];
            !poll(&mut fds, patience.as_ref()).is_ok_and(|count| count > 0)
        }
        _ => true,
    }
}
