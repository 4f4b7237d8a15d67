//! The mutual proof of the key that opens every connection
//! (`deliver_challenge` and `answer_challenge` in CPython).
//!
//! The server asks first, then the client. A challenge is a random message;
//! the proof is its keyed digest. Up to Python 3.11 the message has 20 bytes
//! and the digest is MD5; since 3.12 the message begins with the name of a
//! digest, and so does a proof. There is no version number: each side goes by
//! lengths and prefixes. We ask in the new form and answer whatever is asked,
//! which every Python from 2.7 on understands.
//!
//! CPython waits for ever for a silent peer; here the whole exchange has one
//! deadline, so a peer that sends a byte now and then gains nothing.

use multiproc::deadline::Deadline;
use rustix::rand::{GetRandomFlags, getrandom};
use thiserror::Error;

use super::digest::Digest;
use super::frame::{Channel, FrameError};
use crate::key::AuthKey;

const CHALLENGE: &[u8] = b"#CHALLENGE#";
const WELCOME: &[u8] = b"#WELCOME#";
const FAILURE: &[u8] = b"#FAILURE#";

/// The longest message of a handshake: CPython's `MESSAGE_LENGTH` is 40, and
/// it reads at most 256 bytes.
const LONGEST: usize = 256;

/// Random bytes in a challenge, CPython's `MESSAGE_LENGTH`.
const RANDOM: usize = 40;

/// The two lengths at which a message or a proof is in the old form.
const OLD_LENGTHS: [usize; 2] = [16, 20];

/// The shortest message that proves anything: a peer that may choose a short
/// one could ask until it has seen them all.
const SHORTEST: usize = 20;

/// Why the two sides did not come together.
#[derive(Debug, Error)]
pub(crate) enum HandshakeError {
    #[error("the peer's proof of the key is wrong")]
    Wrong,
    #[error("the peer rejected our proof of the key")]
    Rejected,
    #[error("{0}")]
    Protocol(&'static str),
    #[error(transparent)]
    Frame(#[from] FrameError),
}

/// What a completed handshake tells about the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// It asked in the old form: Python 3.11 or older.
    Old,
    /// It asked in the new form.
    New,
}

/// The rules that one side keeps to.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) key: AuthKey,
    /// Neither gives nor takes a proof by MD5, which Python 3.11 and older
    /// cannot do without.
    pub(crate) refuse_md5: bool,
    pub(crate) deadline: Deadline,
}

/// The accepting side: asks, then answers.
pub(crate) fn as_server(channel: &mut Channel, rules: &Rules) -> Result<Peer, HandshakeError> {
    ask(channel, rules)?;
    answer(channel, rules)
}

/// The connecting side: answers, then asks.
pub(crate) fn as_client(channel: &mut Channel, rules: &Rules) -> Result<Peer, HandshakeError> {
    let peer = answer(channel, rules)?;
    ask(channel, rules)?;
    Ok(peer)
}

fn ask(channel: &mut Channel, rules: &Rules) -> Result<(), HandshakeError> {
    let mut challenge = [CHALLENGE, Digest::Sha256.prefix(), &[0; RANDOM]].concat();
    let random = challenge.len() - RANDOM;
    fill_random(&mut challenge[random..])?;
    channel.send(&challenge)?;
    let message = &challenge[CHALLENGE.len()..];
    let proof = receive(channel, rules)?;
    if !is_proof(rules, message, proof) {
        channel.send(FAILURE)?;
        return Err(HandshakeError::Wrong);
    }
    channel.send(WELCOME)?;
    Ok(())
}

fn answer(channel: &mut Channel, rules: &Rules) -> Result<Peer, HandshakeError> {
    let challenge = receive(channel, rules)?;
    let message = challenge
        .strip_prefix(CHALLENGE)
        .ok_or(HandshakeError::Protocol(
            "the peer does not ask for the key: it speaks another protocol",
        ))?;
    let (peer, proof) = prove(rules, message)?;
    channel.send(&proof)?;
    match receive(channel, rules)? {
        WELCOME => Ok(peer),
        FAILURE => Err(HandshakeError::Rejected),
        _ => Err(HandshakeError::Protocol(
            "the peer answers neither yes nor no to our proof",
        )),
    }
}

/// Our proof for the peer's `message`.
fn prove(rules: &Rules, message: &[u8]) -> Result<(Peer, Vec<u8>), HandshakeError> {
    const REFUSED: HandshakeError =
        HandshakeError::Protocol("the peer asks for a proof in a form that is not accepted");
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
        return Err(HandshakeError::Protocol(
            "the peer asks for a proof by MD5, which is refused here",
        ));
    }
    // The digest covers the whole message, the name at its start included.
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

fn receive<'c>(channel: &'c mut Channel, rules: &Rules) -> Result<&'c [u8], HandshakeError> {
    let message = channel.receive(LONGEST, rules.deadline)?;
    message.ok_or(HandshakeError::Frame(FrameError::Ended))
}

fn fill_random(mut bytes: &mut [u8]) -> Result<(), FrameError> {
    while !bytes.is_empty() {
        match getrandom(&mut *bytes, GetRandomFlags::empty()) {
            Ok(count) => bytes = &mut bytes[count..],
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(FrameError::Io(error.into())),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CPython's answers to fixed challenges, as they were on its wire.
    const VECTORS: &str = include_str!("../../tests/data/handshake.txt");

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
