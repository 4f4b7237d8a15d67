//! The keyed digests that a proof may use.

use hmac::{Hmac, KeyInit, Mac, SimpleHmac};
use md5::Md5;
use sha2::{Sha256, Sha384};
use sha3::{Sha3_256, Sha3_384};

/// A digest by the name that it has on the wire.
///
/// ```
/// use multiproc::connection::auth::Digest;
///
/// let proof = Digest::Sha256.mac(b"a secret", b"the challenge");
/// assert!(Digest::Sha256.verify(b"a secret", b"the challenge", &proof));
/// assert!(!Digest::Sha256.verify(b"a guess", b"the challenge", &proof));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Digest {
    /// The only one before Python 3.12.
    Md5,
    /// The one that this crate asks for, as Python does since 3.12.
    Sha256,
    /// `{sha384}`.
    Sha384,
    /// `{sha3_256}`.
    Sha3_256,
    /// `{sha3_384}`.
    Sha3_384,
}

impl Digest {
    const ALL: [Digest; 5] = [
        Digest::Md5,
        Digest::Sha256,
        Digest::Sha384,
        Digest::Sha3_256,
        Digest::Sha3_384,
    ];

    /// The beginning of a message or proof that uses this digest.
    pub(super) fn prefix(self) -> &'static [u8] {
        match self {
            Digest::Md5 => b"{md5}",
            Digest::Sha256 => b"{sha256}",
            Digest::Sha384 => b"{sha384}",
            Digest::Sha3_256 => b"{sha3_256}",
            Digest::Sha3_384 => b"{sha3_384}",
        }
    }

    /// The digest that `message` names at its start, and what follows the name.
    pub(super) fn named_by(message: &[u8]) -> Option<(Digest, &[u8])> {
        Self::ALL
            .into_iter()
            .find_map(|digest| Some((digest, message.strip_prefix(digest.prefix())?)))
    }

    /// The keyed digest of `message`.
    pub fn mac(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        match self {
            Digest::Md5 => keyed::<Hmac<Md5>>(key, message).finalize_bytes(),
            Digest::Sha256 => keyed::<Hmac<Sha256>>(key, message).finalize_bytes(),
            Digest::Sha384 => keyed::<Hmac<Sha384>>(key, message).finalize_bytes(),
            Digest::Sha3_256 => keyed::<SimpleHmac<Sha3_256>>(key, message).finalize_bytes(),
            Digest::Sha3_384 => keyed::<SimpleHmac<Sha3_384>>(key, message).finalize_bytes(),
        }
    }

    /// Whether `mac` is the keyed digest of `message`. Compares in constant time,
    /// so that a peer learns nothing from how long it takes.
    pub fn verify(self, key: &[u8], message: &[u8], mac: &[u8]) -> bool {
        match self {
            Digest::Md5 => keyed::<Hmac<Md5>>(key, message).verify_slice(mac),
            Digest::Sha256 => keyed::<Hmac<Sha256>>(key, message).verify_slice(mac),
            Digest::Sha384 => keyed::<Hmac<Sha384>>(key, message).verify_slice(mac),
            Digest::Sha3_256 => keyed::<SimpleHmac<Sha3_256>>(key, message).verify_slice(mac),
            Digest::Sha3_384 => keyed::<SimpleHmac<Sha3_384>>(key, message).verify_slice(mac),
        }
        .is_ok()
    }
}

fn keyed<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> M {
    // HMAC takes a key of any length (RFC 2104), so this cannot fail.
    let mac = <M as KeyInit>::new_from_slice(key)
        .unwrap_or_else(|_| unreachable!("HMAC takes a key of any length"));
    mac.chain_update(message)
}

trait FinalizeBytes {
    fn finalize_bytes(self) -> Vec<u8>;
}

impl<M: Mac> FinalizeBytes for M {
    fn finalize_bytes(self) -> Vec<u8> {
        self.finalize().into_bytes().to_vec()
    }
}
