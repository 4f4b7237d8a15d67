//! The proof of the key, against a peer that says anything at any time.

use std::time::Duration;

use multiproc::connection::Error;
use multiproc::connection::auth::{AuthKey, Digest, Messages, Rules, as_client, as_server};
use multiproc::deadline::Deadline;

const KEY: &[u8] = b"fuzzed";

/// Both sides of the proof; the messages that come are in the bytes.
pub fn handshake(data: &[u8]) {
    let Some((&how, script)) = data.split_first() else {
        return;
    };
    let rules = Rules {
        key: AuthKey::new(KEY),
        refuse_md5: how & 2 != 0,
        deadline: Deadline::after(Duration::from_secs(3600)),
    };
    let mut peer = Scripted {
        script,
        challenge: Vec::new(),
        knows: false,
    };
    let proven = match how & 1 {
        0 => as_server(&mut peer, &rules),
        _ => as_client(&mut peer, &rules),
    };
    assert!(proven.is_err() || peer.knows, "proven without the key");
}

/// Each message begins with a byte: 255 is the right proof of the last challenge, others
/// the length of what follows.
struct Scripted<'a> {
    script: &'a [u8],
    challenge: Vec<u8>,
    /// Whether it used the key.
    knows: bool,
}

impl Messages for Scripted<'_> {
    fn send_message(&mut self, message: &[u8], _: Deadline) -> Result<(), Error> {
        if let Some(challenge) = message.strip_prefix(b"#CHALLENGE#") {
            self.challenge = challenge.to_vec();
        }
        Ok(())
    }

    fn receive_message(&mut self, limit: usize, _: Deadline) -> Result<Vec<u8>, Error> {
        let Some((&length, rest)) = self.script.split_first() else {
            return Err(Error::EndOfFile);
        };
        self.script = rest;
        if length == 255 {
            self.knows = true;
            let mac = Digest::Sha256.mac(KEY, &self.challenge);
            return Ok([b"{sha256}", &mac[..]].concat());
        }
        let length = usize::from(length).min(self.script.len()).min(limit);
        let (message, rest) = self.script.split_at(length);
        self.script = rest;
        Ok(message.to_vec())
    }
}
