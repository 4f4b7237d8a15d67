//! One connection, from its acceptance to its end.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use multiproc::connection::auth::{self, Peer, Rules};
use multiproc::deadline::Deadline;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::accept::State;
use super::exception::Exception;
use super::links::Link;
use super::methods::Call;
use super::one_shot::{self, Then};
use super::reply::{Handed, Reply};
use crate::message::Request;
use crate::queue::{Caller, Wait};
use crate::wire::{Channel, FrameError};
use inert_pickle::{Reader, Value, protocol_of};

/// How long to wait, after a client's good-bye, for the news that it did not
/// get the last reply. The news needs one trip over the network and back.
const NEWS: Duration = Duration::from_secs(1);

/// Serves a connection. Whatever goes wrong on it ends it alone.
pub(crate) fn serve(state: &State, link: &Link) {
    let caller = link.caller.get_or_init(Caller::here);
    // Who came on the list while it was being read was perhaps not called off.
    if state.is_stopping() {
        return;
    }
    let stream = Arc::clone(&link.stream);
    let Ok(channel) = Channel::new(stream, state.limits.stalled) else {
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
    state.gate.leave(link.id);
    match session.serve_one_shot() {
        Some(Then::CallMethods) => {}
        Some(Then::Stop) => return state.stop(),
        Some(Then::Close) | None => return,
    }
    session.channel.acknowledge_at_once(false);
    if state.watcher.add(link).is_ok() {
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

    fn serve_one_shot(&mut self) -> Option<Then> {
        let deadline = Deadline::after(self.state.limits.handshake);
        let limit = self.state.limits.pickle.message;
        let message = self.channel.receive(limit, deadline).ok()??;
        let protocol = reply_protocol(message);
        let (reply, then) = match self.reader.read(message) {
            Ok(request) => match Request::of(&request) {
                Ok(request) => one_shot::serve(self.state, &request),
                Err(error) => (malformed(&error), Then::Close),
            },
            Err(error) => (malformed(&error), Then::Close),
        };
        self.channel
            .compose(|out| reply.write(out, protocol))
            .ok()?;
        self.channel.flush().ok()?;
        Some(then)
    }

    /// Requests and replies, until the client closes the connection.
    fn serve_methods(&mut self) {
        let stream = Arc::clone(self.channel.stream());
        let mut handed: Option<Handed> = None;
        loop {
            let limit = self.state.limits.pickle.message;
            let message = match self.channel.receive(limit, Deadline::NEVER) {
                Ok(Some(message)) => message,
                end => {
                    if let Some(handed) = handed
                        && !has_arrived(&end, &stream, self.state)
                    {
                        handed.put_back();
                    }
                    return;
                }
            };
            // Who asks for more has the last reply.
            drop(handed.take());
            let protocol = reply_protocol(message);
            let request = self.reader.read(message);
            let reply = match &request {
                Ok(request) => match self.call(request) {
                    Some(reply) => reply,
                    None => return,
                },
                Err(error) => malformed(error),
            };
            drop(request);
            match self.deliver(reply, protocol) {
                Some(delivered) => handed = delivered,
                None => return,
            }
        }
    }

    fn call(&self, request: &Value) -> Option<Reply> {
        let request = match Request::of(request) {
            Ok(request) => request,
            Err(error) => return Some(malformed(&error)),
        };
        let served = match self.state.objects.find(request.ident.unwrap_or_default()) {
            Ok(served) => served,
            Err(exception) => return Some(Reply::failure(&exception)),
        };
        let call = Call {
            served,
            request: &request,
            wait: Wait {
                deadline: Deadline::NEVER,
                caller: self.caller,
            },
            knows_shutdown: self.peer == Peer::New,
        };
        call.answer()
    }

    /// Sends a reply; none when the connection is at its end. An item that
    /// was in the reply comes back, to be kept until it has surely arrived.
    fn deliver(&mut self, reply: Reply, protocol: u8) -> Option<Option<Handed>> {
        if let Err(error) = self.channel.compose(|out| reply.write(out, protocol)) {
            // This client cannot be told; another may.
            if let Reply::Item(handed) = reply {
                handed.put_back();
            }
            let text = format!("Traceback (most recent call last):\nPicklingError: {error}\n");
            let reply = Reply::Unsendable(text);
            self.channel
                .compose(|out| reply.write(out, protocol))
                .ok()?;
            return self.channel.flush().ok().map(|()| None);
        }
        let Reply::Item(handed) = reply else {
            return self.channel.flush().ok().map(|()| None);
        };
        if has_hung_up(self.channel.stream()) || self.channel.flush().is_err() {
            handed.put_back();
            return None;
        }
        Some(Some(handed))
    }
}

/// The protocol to reply in: that of the request, but for the newest, which is
/// of no use here and unknown to most.
fn reply_protocol(message: &[u8]) -> u8 {
    protocol_of(message).clamp(2, 4)
}

fn malformed(error: &inert_pickle::Error) -> Reply {
    Reply::failure(&Exception::value_error(error.to_string()))
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
fn has_arrived(end: &Result<Option<&[u8]>, FrameError>, stream: &TcpStream, state: &State) -> bool {
    match end {
        Err(FrameError::System(_)) => false,
        Ok(None) if !state.is_stopping() => {
            let patience = Timespec::try_from(NEWS).ok();
            let mut fds = [PollFd::new(stream, PollFlags::empty())];
            !poll(&mut fds, patience.as_ref()).is_ok_and(|count| count > 0)
        }
        _ => true,
    }
}
