//! Two values side by side: where they first differ.
//!
//! The order of two sequences is that of their first elements that differ, and so on down:
//! one walk answers both `==` and `<`. What is shared is walked once: two nodes that were
//! met side by side are taken to be equal from then on, since the walk ends where they
//! turn out not to be. So cycles end, too.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::calendar::Zone;
use super::digest::{Ask, Known, digest};
use super::meaning::{Meaning, meaning};
use super::number::Number;
use super::{Borrowed, CompareError, Work};
use crate::arena::{Node, Seq};
use crate::fast_hash::FastHash;

/// What is asked of two values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Whether they differ: sequences of two lengths do.
    Equality,
    /// Where they differ first.
    Order,
}

/// Two values that differ: sequences of which one is the beginning of the other, or what
/// has no elements.
#[derive(Clone, Copy)]
pub(super) struct Difference<'a> {
    pub(super) left: Borrowed<'a>,
    pub(super) right: Borrowed<'a>,
    /// A tuple that meets a named tuple, which is of a subclass, is asked second: whether
    /// the other is greater. Only the text of an error tells.
    pub(super) reversed: bool,
}

/// Two sequences that are being walked.
struct Pair<'a> {
    at: Difference<'a>,
    parts: (Seq, Seq),
    done: usize,
}

pub(super) fn first_difference<'a>(
    left: Borrowed<'a>,
    right: Borrowed<'a>,
    wanted: Wanted,
    work: &mut Work,
) -> Result<Option<Difference<'a>>, CompareError> {
    let mut walk = Walk {
        wanted,
        one_arena: std::ptr::eq(left.arena, right.arena),
        classes: HashMap::default(),
        known: [Known::default(), Known::default()],
        work,
    };
    let mut open: Vec<Pair<'a>> = Vec::new();
    let mut next = Some(Difference {
        left,
        right,
        reversed: false,
    });
    loop {
        if let Some(at) = next.take() {
            match walk.alike(at.left, at.right)? {
                Alike::Yes => {}
                Alike::No => return Ok(Some(at)),
                Alike::Parts(a, b) => {
                    let reversed = match (at.left.node, at.right.node) {
                        (Node::Tuple(_), Node::Object(..)) => true,
                        (Node::Object(..), Node::Tuple(_)) => false,
                        _ => at.reversed,
                    };
                    open.push(Pair {
                        at: Difference { reversed, ..at },
                        parts: (a, b),
                        done: 0,
                    });
                }
            }
        }
        let Some(pair) = open.last_mut() else {
            return Ok(None);
        };
        let (left, right) = (pair.at.left, pair.at.right);
        match (
            left.at(pair.parts.0, pair.done),
            right.at(pair.parts.1, pair.done),
        ) {
            (Some(one), Some(two)) => {
                pair.done += 1;
                next = Some(Difference {
                    left: one,
                    right: two,
                    reversed: pair.at.reversed,
                });
            }
            (None, None) => {
                open.pop();
            }
            _ => return Ok(Some(pair.at)),
        }
    }
}

/// Whether two values are equal, so far as can be told without their parts.
enum Alike {
    Yes,
    No,
    /// If these are.
    Parts(Seq, Seq),
}

struct Walk<'w> {
    wanted: Wanted,
    one_arena: bool,
    /// Nodes that are taken to be equal: each points to another of its class.
    classes: HashMap<u64, u64, FastHash>,
    known: [Known; 2],
    work: &'w mut Work,
}

impl Walk<'_> {
    fn alike(&mut self, left: Borrowed<'_>, right: Borrowed<'_>) -> Result<Alike, CompareError> {
        if left.is(&right) || self.met(left, right) {
            return Ok(Alike::Yes);
        }
        let (one, two) = (
            meaning(left.arena, left.node),
            meaning(right.arena, right.node),
        );
        let equal = match (&one, &two) {
            (Meaning::None, Meaning::None) => true,
            (Meaning::Number(a), Meaning::Number(b)) => {
                self.work.spend(a.cost() + b.cost())?;
                a.order(b) == Some(Ordering::Equal)
            }
            (Meaning::Complex(a, b), Meaning::Complex(c, d)) => a == c && b == d,
            (Meaning::Complex(re, 0.0), Meaning::Number(number))
            | (Meaning::Number(number), Meaning::Complex(re, 0.0)) => {
                self.work.spend(number.cost())?;
                number.order(&Number::Float(*re)) == Some(Ordering::Equal)
            }
            (Meaning::Str(a), Meaning::Str(b)) => self.same_bytes(a, b)?,
            (Meaning::Bytes(a, _), Meaning::Bytes(b, _)) => self.same_bytes(a, b)?,
            (Meaning::Uuid(a), Meaning::Uuid(b)) => a == b,
            (Meaning::Range(a), Meaning::Range(b)) => a == b,
            (Meaning::Global(a, b), Meaning::Global(c, d)) => {
                self.same_bytes(a.as_bytes(), c.as_bytes())?
                    && self.same_bytes(b.as_bytes(), d.as_bytes())?
            }
            (Meaning::Moment(a), Meaning::Moment(b)) => match (a.zone, b.zone) {
                (Zone::Unknown(_), Zone::Unknown(_)) => self.same_digest(left, right)?,
                _ => a == b,
            },
            (Meaning::Tuple(a), Meaning::Tuple(b)) | (Meaning::List(a), Meaning::List(b)) => {
                self.work.spend(16 * a.len.min(b.len) as usize + 16)?;
                if a.len == b.len || self.wanted == Wanted::Order {
                    return Ok(Alike::Parts(*a, *b));
                }
                false
            }
            // What has no order, and what only its class could compare.
            (Meaning::Set(..), Meaning::Set(..))
            | (Meaning::Dict(_), Meaning::Dict(_))
            | (Meaning::Object(..), Meaning::Object(..)) => self.same_digest(left, right)?,
            _ => false,
        };
        Ok(if equal { Alike::Yes } else { Alike::No })
    }

    fn same_bytes(&mut self, left: &[u8], right: &[u8]) -> Result<bool, CompareError> {
        if left.len() != right.len() {
            return Ok(false);
        }
        self.work.spend(left.len())?;
        Ok(left == right)
    }

    fn same_digest(
        &mut self,
        left: Borrowed<'_>,
        right: Borrowed<'_>,
    ) -> Result<bool, CompareError> {
        let [known, other] = &mut self.known;
        let other = if self.one_arena { &mut *known } else { other };
        let two = digest(right, Ask::Meaning, other, self.work)?;
        Ok(two == digest(left, Ask::Meaning, known, self.work)?)
    }

    /// Whether the two were met before, directly or by way of others. If not, they are
    /// from now on.
    fn met(&mut self, left: Borrowed<'_>, right: Borrowed<'_>) -> bool {
        // Only what is reached in several ways is met again; and numbers are not worth it.
        let (Some(a), Some(b)) = (left.shared_id(), right.shared_id()) else {
            return false;
        };
        let side = u64::from(!self.one_arena) << 32;
        let (a, b) = (self.class(u64::from(a)), self.class(u64::from(b) | side));
        if a != b {
            self.classes.insert(a, b);
        }
        a == b
    }

    /// The one that stands for a node's class. On the way each is led closer to it.
    fn class(&mut self, mut node: u64) -> u64 {
        while let Some(&next) = self.classes.get(&node) {
            let Some(&after) = self.classes.get(&next) else {
                return next;
            };
            self.classes.insert(node, after);
            node = after;
        }
        node
    }
}
