//! A server that does nothing but answer: the limit of what any server can do
//! for the same clients on the same machine.
//!
//! A client comes to terms with our server, through us, and makes its two first
//! calls, whose replies are kept. From then on each request is read, not looked
//! at, and answered with the one or the other: one `read` and one `write` in a
//! thread that blocks, as many bytes as ever.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};

/// What a client asks for when its connection is to be one for calls.
const CALLS_FOLLOW: &[u8] = b"accept_connection";

/// Answers for the server at `address`, and gives its own.
pub(crate) fn answer_for(address: String) -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let own = listener.local_addr()?.to_string();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let address = address.clone();
            thread::spawn(move || serve(client, &address));
        }
    });
    Ok(own)
}

fn serve(mut client: TcpStream, address: &str) -> io::Result<()> {
    let mut server = TcpStream::connect(address)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let Some(replies) = introduce(&mut client, &mut server)? else {
        return Ok(());
    };
    let mut request = [0; 4096];
    for reply in replies.iter().cycle() {
        if client.read(&mut request)? == 0 {
            break;
        }
        client.write_all(reply)?;
    }
    Ok(())
}

/// Passes on what both say, until one of them has no more to say, or until two
/// calls have been answered: gives the replies.
fn introduce(client: &mut TcpStream, server: &mut TcpStream) -> io::Result<Option<[Vec<u8>; 2]>> {
    let mut message = [0; 4096];
    let mut is_for_calls = false;
    let mut replies = Vec::new();
    loop {
        let mut both = [&*client, &*server].map(|stream| PollFd::new(stream, PollFlags::IN));
        poll(&mut both, None)?;
        let from_client = !both[0].revents().is_empty();
        let (from, to) = match from_client {
            true => (&mut *client, &mut *server),
            false => (&mut *server, &mut *client),
        };
        let count = match from.read(&mut message) {
            Ok(0) => return Ok(None),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            count => count?,
        };
        let message = &message[..count];
        if from_client {
            let mut parts = message.windows(CALLS_FOLLOW.len());
            is_for_calls |= parts.any(|part| part == CALLS_FOLLOW);
        } else if is_for_calls {
            replies.push(message.to_vec());
        }
        to.write_all(message)?;
        // The first is the answer to that request.
        if let [_, first, second] = &mut replies[..] {
            return Ok(Some([first, second].map(std::mem::take)));
        }
    }
}
