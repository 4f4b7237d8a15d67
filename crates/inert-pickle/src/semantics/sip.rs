//! SipHash under a key that is drawn at random once for each process: so nobody can prepare
//! values that collide. That two unequal values share 128 bits by accident is less likely
//! than any fault of the machine.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::OnceLock;

use siphasher::sip128::{Hasher128, SipHasher13};

use super::calendar::{Moment, Zone};
use super::number::Canonical;

pub(super) fn of_moment(moment: Moment) -> Digest {
    let mut digest = Digest::of(Tag::Moment);
    digest.number(moment.class as u64);
    digest.0.write_i128(moment.micros);
    digest.number(match moment.zone {
        Zone::None => 0,
        Zone::Utc => 1,
        Zone::Unknown(_) => 2,
    });
    digest
}

pub(super) fn of_number(number: &Canonical) -> Digest {
    let mut digest = Digest::of(Tag::Number);
    match number {
        Canonical::Infinity { negative } => {
            digest.number(0);
            digest.number(u64::from(*negative));
            digest
        }
        Canonical::Dyadic {
            negative,
            odd,
            exponent,
        } => {
            digest.number(1 + u64::from(*negative));
            digest.number(*exponent as u64);
            digest.with(odd)
        }
        Canonical::Ratio { negative, p, q } => {
            digest.number(3 + u64::from(*negative));
            digest.number(p.len() as u64);
            digest.with(p).with(q)
        }
    }
}

/// What is digested, so that no two kinds of values have the same bytes.
#[derive(Clone, Copy)]
pub(super) enum Tag {
    None,
    Nan,
    Number,
    Complex,
    Str,
    Bytes,
    Tuple,
    List,
    Dict,
    Set,
    Global,
    Object,
    Moment,
    Uuid,
    Range,
    Back,
}

/// One hash, under the process's key.
pub(super) struct Digest(SipHasher13);

impl Digest {
    pub(super) fn of(tag: Tag) -> Digest {
        static KEYED: OnceLock<SipHasher13> = OnceLock::new();
        let keyed = KEYED.get_or_init(|| {
            // The standard library's keys come from the system's random numbers.
            let random = || RandomState::new().build_hasher().finish();
            SipHasher13::new_with_keys(random(), random())
        });
        let mut hasher = *keyed;
        hasher.write_u8(tag as u8);
        Digest(hasher)
    }

    pub(super) fn part(&mut self, part: u128) {
        self.0.write_u128(part);
    }

    pub(super) fn number(&mut self, number: u64) {
        self.0.write_u64(number);
    }

    pub(super) fn with(mut self, bytes: &[u8]) -> Digest {
        self.0.write(bytes);
        self
    }

    pub(super) fn finish(&self) -> u128 {
        self.0.finish128().as_u128()
    }
}
