//! The proof itself (`deliver_challenge` and `answer_challenge` in CPython).
//!
//! The listening side asks first, then the connecting side. A challenge is a
//! random message, the proof is its keyed digest. Up to Python 3.11 the message
//! has 20 bytes and the digest is MD5; since 3.12 both message and proof begin
//! with the name of a digest. There is no version number: each side goes by
//! lengths and prefixes. This side asks in the new form and answers in either,
//! which works with every Python from 2.7 on.
//!
//! CPython waits for ever for a silent peer. Here the whole exchange has one
//! deadline, so a peer gains nothing by sending a byte now and then.

use rustix::rand::{GetRandomFlags, getrandom};
use thiserror::Error;

use super::{AuthKey, Digest};
use crate::connection::Error;
use crate::deadline::Deadline;

const CHALLENGE: &[u8] = b"#CHALLENGE#";
const WELCOME: &[u8] = b"#WELCOME#";
const FAILURE: &[u8] = b"#FAILURE#";

/// The longest message of a handshake: CPython's `MESSAGE_LENGTH` is 40, and
/// it reads at most 256 bytes.
const LONGEST: usize = 256;

/// Random bytes in a challenge, CPython's `MESSAGE_LENGTH`.
const RANDOM: usize = 40;

/// A message or proof of one of these lengths is in the old form.
const OLD_LENGTHS: [usize; 2] = [16, 20];

/// The shortest message to answer. If a peer could choose a shorter one, it could
/// ask until it has collected the proofs of them all.
const SHORTEST: usize = 20;

/// What carries a proof: framed messages, one at a time. A [`Connection`] does;
/// so can a transport of your own:
///
/// ```
/// use std::sync::mpsc::{Receiver, Sender, channel};
///
/// use multiproc::connection::Error;
/// use multiproc::connection::auth::{AuthError, AuthKey, Messages, Rules, as_client, as_server};
/// use multiproc::deadline::Deadline;
///
/// struct Channel(Sender<Vec<u8>>, Receiver<Vec<u8>>);
///
/// impl Messages for Channel {
///     fn send_message(&mut self, message: &[u8], _: Deadline) -> Result<(), Error> {
///         self.0.send(message.to_vec()).map_err(|_| Error::BrokenPipe)
///     }
///
///     fn receive_message(&mut self, _: usize, deadline: Deadline) -> Result<Vec<u8>, Error> {
///         let left = deadline.remaining().unwrap_or(std::time::Duration::MAX);
///         self.1.recv_timeout(left).map_err(|_| Error::TimedOut)
///     }
/// }
///
/// let ((to_server, from_client), (to_client, from_server)) = (channel(), channel());
/// let client = std::thread::spawn(move || {
///     let rules = Rules::new(&AuthKey::new("a guess"));
///     as_client(&mut Channel(to_server, from_server), &rules)
/// });
/// let rules = Rules::new(&AuthKey::new("a secret"));
/// let refused = as_server(&mut Channel(to_client, from_client), &rules);
/// assert!(matches!(refused, Err(AuthError::Wrong)));
/// assert!(client.join().expect("it ran").is_err());
/// ```
///
/// [`Connection`]: crate::connection::Connection
pub trait Messages {
    /// Sends one message.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] or [`Error::Cut`] if it could not be sent by
    /// `deadline`, and whatever breaks a connection.
    fn send_message(&mut self, message: &[u8], deadline: Deadline) -> Result<(), Error>;

    /// Receives the next message, of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] if it did not come by `deadline`,
    /// [`Error::TooLarge`], [`Error::EndOfFile`], and whatever breaks a
    /// connection.
    fn receive_message(&mut self, limit: usize, deadline: Deadline) -> Result<Vec<u8>, Error>;
}

/// Why the proof failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AuthError {
    /// The peer does not have the key. Python's `AuthenticationError`
    /// ("digest received was wrong").
    #[error("the peer's proof of the key is wrong")]
    Wrong,
    /// The peer says that this side does not have the key. Python's
    /// `AuthenticationError` ("digest sent was rejected").
    #[error("the peer rejected our proof of the key")]
    Rejected,
    /// The peer does not follow the protocol, or uses a form that is not accepted
    /// here.
    #[error("{0}")]
    Protocol(&'static str),
    /// The connection failed, or the deadline passed.
    #[error(transparent)]
    Connection(#[from] Error),
}

/// What a completed proof reveals about the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// It asked in the old form: Python 3.11 or older.
    Old,
    /// It asked in the new form.
    New,
}

/// What one side asks for and accepts.
///
/// ```
/// use std::time::Duration;
///
/// use multiproc::connection::auth::{AuthKey, Rules, as_client, as_server};
/// use multiproc::connection::pipe;
/// use multiproc::deadline::Deadline;
///
/// let mut rules = Rules::new(&AuthKey::new("a secret"));
/// rules.refuse_md5 = true;
/// rules.deadline = Deadline::after(Duration::from_secs(60));
///
/// let (mut server, mut client) = pipe(true)?;
/// std::thread::scope(|scope| {
///     scope.spawn(|| as_client(&mut client, &rules));
///     as_server(&mut server, &rules)
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Rules {
    /// The key that both sides have.
    pub key: AuthKey,
    /// Whether to refuse proofs by MD5, in both directions. Python 3.11 and older
    /// know nothing else.
    pub refuse_md5: bool,
    /// When the whole exchange must be over.
    pub deadline: Deadline,
}

/// The listening side: asks, then answers.
///
/// # Errors
///
/// See [`AuthError`]. The connection is of no use then.
pub fn as_server(peer: &mut impl Messages, rules: &Rules) -> Result<Peer, AuthError> {
    ask(peer, rules)?;
    answer(peer, rules)
}

/// The connecting side: answers, then asks.
///
/// # Errors
///
/// See [`AuthError`]. The connection is of no use then.
pub fn as_client(peer: &mut impl Messages, rules: &Rules) -> Result<Peer, AuthError> {
    let kind = answer(peer, rules)?;
    ask(peer, rules)?;
    Ok(kind)
}

fn ask(peer: &mut impl Messages, rules: &Rules) -> Result<(), AuthError> {
    let mut challenge = [CHALLENGE, Digest::Sha256.prefix(), &[0; RANDOM]].concat();
    let random = challenge.len() - RANDOM;
    fill_random(&mut challenge[random..])?;
    peer.send_message(&challenge, rules.deadline)?;
    let message = &challenge[CHALLENGE.len()..];
    let proof = peer.receive_message(LONGEST, rules.deadline)?;
    if !is_proof(rules, message, &proof) {
        peer.send_message(FAILURE, rules.deadline)?;
        return Err(AuthError::Wrong);
    }
    peer.send_message(WELCOME, rules.deadline)?;
    Ok(())
}

fn answer(peer: &mut impl Messages, rules: &Rules) -> Result<Peer, AuthError> {
    let challenge = peer.receive_message(LONGEST, rules.deadline)?;
    let message = challenge
        .strip_prefix(CHALLENGE)
        .ok_or(AuthError::Protocol(
            "the peer does not ask for the key: it speaks another protocol",
        ))?;
    let (kind, proof) = prove(rules, message)?;
    peer.send_message(&proof, rules.deadline)?;
    match &peer.receive_message(LONGEST, rules.deadline)?[..] {
        WELCOME => Ok(kind),
        FAILURE => Err(AuthError::Rejected),
        _ => Err(AuthError::Protocol(
            "the peer answers neither yes nor no to our proof",
        )),
    }
}

/// This side's proof for the peer's `message`.
fn prove(rules: &Rules, message: &[u8]) -> Result<(Peer, Vec<u8>), AuthError> {
    const REFUSED: AuthError =
        AuthError::Protocol("the peer asks for a proof in a form that is not accepted");
    if message.len() < SHORTEST {
        return Err(REFUSED);
    }
    let key = rules.key.bytes();
    let (peer, digest, prefix) = if OLD_LENGTHS.contains(&message.len()) {
        (Peer::Old, Digest::Md5, &b""[..])
    } else {
        let (digest, _) = Digest::named_by(message).ok_or(REFUSED)?;
        (Peer::New, digest, digest.prefix())
    };
    if rules.refuse_md5 && digest == Digest::Md5 {
        return Err(AuthError::Protocol(
            "the peer asks for a proof by MD5, which is refused here",
        ));
    }
    // The digest covers the whole message, including the name at its start.
    Ok((peer, [prefix, &digest.mac(key, message)].concat()))
}

/// Whether `proof` proves that the peer has the key. The peer chooses the
/// digest.
fn is_proof(rules: &Rules, message: &[u8], proof: &[u8]) -> bool {
    let (digest, mac) = if OLD_LENGTHS.contains(&proof.len()) {
        (Digest::Md5, proof)
    } else {
        match Digest::named_by(proof) {
            Some(named) => named,
            None => return false,
        }
    };
    let refused = rules.refuse_md5 && digest == Digest::Md5;
    !refused && digest.verify(rules.key.bytes(), message, mac)
}

fn fill_random(mut bytes: &mut [u8]) -> Result<(), Error> {
    while !bytes.is_empty() {
        match getrandom(&mut *bytes, GetRandomFlags::empty()) {
            Ok(count) => bytes = &mut bytes[count..],
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CPython's answers to fixed challenges, recorded from its connections.
    const VECTORS: &str = include_str!("../../../tests/data/handshake.txt");

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len() / 2)
            .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
            .collect()
    }

    fn rules(key: &[u8], refuse_md5: bool) -> Rules {
        Rules {
            key: AuthKey::new(key),
            refuse_md5,
            deadline: Deadline::NEVER,
        }
    }

    /// A line of the file.
    struct Vector {
        kind: &'static str,
        key: Vec<u8>,
        message: Vec<u8>,
        proof: Vec<u8>,
    }

    fn vectors() -> impl Iterator<Item = Vector> {
        let lines = VECTORS.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            let [kind, key, message, proof] = fields[..] else {
                panic!("{line}");
            };
            Vector {
                kind,
                key: bytes(if key == "-" { "" } else { key }),
                message: bytes(message),
                proof: bytes(proof),
            }
        })
    }

    #[test]
    fn answers_are_those_of_cpython() {
        let mut seen = 0;
        for vector in vectors().filter(|vector| vector.kind == "answer") {
            let (peer, ours) = prove(&rules(&vector.key, false), &vector.message).unwrap();
            assert_eq!(ours, vector.proof);
            assert_eq!(peer == Peer::Old, vector.message.len() == 20);
            seen += 1;
        }
        assert_eq!(seen, 8);
    }

    #[test]
    fn cpythons_answers_are_accepted_and_changed_ones_are_not() {
        for vector in vectors() {
            let Vector {
                key,
                message,
                proof,
                ..
            } = vector;
            let rules = rules(&key, false);
            assert!(is_proof(&rules, &message, &proof));
            for bit in 0..proof.len() * 8 {
                let mut changed = proof.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                assert!(!is_proof(&rules, &message, &changed), "bit {bit}");
            }
            assert!(!is_proof(&rules, &message, &proof[1..]));
            assert!(!is_proof(&rules, &message, b""));
            let mut other = rules.clone();
            other.key = AuthKey::new("another");
            assert!(!is_proof(&other, &message, &proof));
        }
    }

    #[test]
    fn md5_can_be_refused() {
        for vector in vectors() {
            let Vector {
                key,
                message,
                proof,
                ..
            } = vector;
            let rules = rules(&key, true);
            let md5 = proof.len() == 16 || proof.starts_with(b"{md5}");
            assert_eq!(is_proof(&rules, &message, &proof), !md5);
            if message.len() == 20 || message.starts_with(b"{md5}") {
                assert!(prove(&rules, &message).is_err());
            }
        }
    }

    #[test]
    fn a_message_that_is_short_or_names_no_digest_is_refused() {
        let rules = rules(b"abc", false);
        for message in [
            &b""[..],
            b"0123456789abcdef",
            &[7; 21],
            &[7; 48],
            b"{sha1}0123456789012345678901234567890123456789",
            b"{sha2560123456789012345678901234567890123456789}",
        ] {
            assert!(prove(&rules, message).is_err(), "{message:?}");
        }
    }
}
