//! A value's digest: 128 bits of SipHash over what it means, the same for all that Python
//! holds equal.
//!
//! Each node is looked at once, however often it is shared.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use super::calendar::{Moment, Zone};
use super::meaning::{Meaning, Mutable, meaning};
use super::number::Number;
use super::sip::{Digest, Tag, of_moment, of_number};
use super::{Borrowed, CompareError, Work, type_name};
use crate::arena::{Arena, How, Id, Node, is_node};
use crate::fast_hash::FastHash;

/// What of a value is asked: whether it can be a key as well, or only what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Ask {
    Key,
    Meaning,
}

/// The digests of an arena's shared nodes.
pub(super) type Known = HashMap<(Id, Ask), u128, FastHash>;

pub(super) fn digest(
    root: Borrowed<'_>,
    ask: Ask,
    known: &mut Known,
    work: &mut Work,
) -> Result<u128, CompareError> {
    let arena = root.arena;
    let mut digester = Digester {
        arena,
        frames: Vec::new(),
        known,
        depths: HashMap::default(),
        work,
    };
    let mut done = digester.begin(root.node, root.id, ask)?;
    loop {
        let Some(frame) = digester.frames.last_mut() else {
            return Ok(done.unwrap_or_default());
        };
        if let Some(digest) = done.take() {
            frame.parts.push(digest);
        }
        let next = frame.links.get(frame.parts.len());
        done = match next {
            None => Some(digester.finish()),
            Some(mark) if !is_node(mark) => Some(u128::from(mark)),
            Some(id) => {
                let ask = frame.ask[1];
                digester.begin(arena.node(id), Some(id), ask)?
            }
        };
    }
}

struct Digester<'a, 'w> {
    arena: &'a Arena,
    frames: Vec<Frame<'a>>,
    known: &'w mut Known,
    /// The containers that are open, and how deep.
    depths: HashMap<Id, usize, FastHash>,
    work: &'w mut Work,
}

struct Frame<'a> {
    id: Option<Id>,
    of: Container,
    links: Links<'a>,
    parts: Vec<u128>,
    /// What is asked of it, and of its parts.
    ask: [Ask; 2],
    /// The outermost container that something in here refers back to.
    back_to: usize,
}

#[derive(Clone, Copy, Debug)]
enum Links<'a> {
    Many(&'a [Id]),
    One(Id),
}

impl Links<'_> {
    fn get(self, index: usize) -> Option<Id> {
        match self {
            Links::Many(ids) => ids.get(index).copied(),
            Links::One(id) => (index == 0).then_some(id),
        }
    }
}

#[derive(Clone, Copy)]
enum Container {
    Tuple,
    List,
    Dict,
    Set,
    Object(How),
    /// What is in a time zone that only its own code knows.
    Moment(Moment),
}

impl<'a> Digester<'a, '_> {
    /// The digest of what has no parts, or is known already; else opens a frame.
    fn begin(
        &mut self,
        node: Node,
        id: Option<Id>,
        ask: Ask,
    ) -> Result<Option<u128>, CompareError> {
        self.work.spend(16)?;
        if let Some(id) = id {
            if let Some(&known) = self.known.get(&(id, ask)) {
                return Ok(Some(known));
            }
            if let Some(&depth) = self.depths.get(&id) {
                return Ok(Some(self.refer_back(depth)));
            }
        }
        let arena = self.arena;
        let (of, links) = match meaning(arena, node) {
            Meaning::List(_)
            | Meaning::Dict(_)
            | Meaning::Set(_, Mutable::Yes)
            | Meaning::Bytes(_, Mutable::Yes)
                if ask == Ask::Key =>
            {
                return Err(unhashable(arena, node));
            }
            Meaning::Object(..) if ask == Ask::Key && is_unhashable(&type_name(arena, node)) => {
                return Err(unhashable(arena, node));
            }
            Meaning::Tuple(seq) => (Container::Tuple, Links::Many(arena.links(seq))),
            Meaning::List(seq) => (Container::List, Links::Many(arena.links(seq))),
            Meaning::Dict(seq) => (Container::Dict, Links::Many(arena.links(seq))),
            Meaning::Set(seq, _) => (Container::Set, Links::Many(arena.links(seq))),
            Meaning::Object(how, seq) => (Container::Object(how), Links::Many(arena.links(seq))),
            Meaning::Moment(moment) => match moment.zone {
                Zone::Unknown(zone) => (Container::Moment(moment), Links::One(zone)),
                _ => return Ok(Some(of_moment(moment).finish())),
            },
            leaf => {
                let digest = self.leaf(&leaf)?;
                if let Some(id) = id.filter(|&id| arena.is_shared(id)) {
                    self.known.insert((id, ask), digest);
                }
                return Ok(Some(digest));
            }
        };
        if let Some(id) = id {
            self.depths.insert(id, self.frames.len());
        }
        self.frames.push(Frame {
            id,
            of,
            links,
            parts: Vec::new(),
            // Which of its parts an object's own `__hash__` uses, nobody knows here.
            ask: match of {
                Container::Tuple | Container::Set => [ask, ask],
                _ => [ask, Ask::Meaning],
            },
            back_to: usize::MAX,
        });
        Ok(None)
    }

    /// A part that is one of the containers around it: known by how far out that is.
    fn refer_back(&mut self, depth: usize) -> u128 {
        if let Some(inner) = self.frames.last_mut() {
            inner.back_to = inner.back_to.min(depth);
        }
        let mut digest = Digest::of(Tag::Back);
        digest.number((self.frames.len() - depth) as u64);
        digest.finish()
    }

    fn finish(&mut self) -> u128 {
        let Some(mut frame) = self.frames.pop() else {
            return 0;
        };
        let depth = self.frames.len();
        let digest = frame.digest();
        if let Some(id) = frame.id {
            self.depths.remove(&id);
            // What refers to something around it means that only there.
            if frame.back_to >= depth && self.arena.is_shared(id) {
                self.known.insert((id, frame.ask[0]), digest);
            }
        }
        if frame.back_to < depth
            && let Some(outer) = self.frames.last_mut()
        {
            outer.back_to = outer.back_to.min(frame.back_to);
        }
        digest
    }

    fn leaf(&mut self, leaf: &Meaning<'_>) -> Result<u128, CompareError> {
        let digest = match leaf {
            Meaning::None => Digest::of(Tag::None),
            Meaning::Nan => {
                static NEXT: AtomicU64 = AtomicU64::new(0);
                let mut digest = Digest::of(Tag::Nan);
                digest.number(NEXT.fetch_add(1, Ordering::Relaxed));
                digest
            }
            Meaning::Number(number) => {
                self.work.spend(number.cost())?;
                of_number(&number.canonical())
            }
            Meaning::Complex(re, 0.0) => of_number(&Number::Float(*re).canonical()),
            Meaning::Complex(re, im) => {
                let mut digest = Digest::of(Tag::Complex);
                digest.number(re.to_bits());
                digest.number(im.to_bits());
                digest
            }
            Meaning::Str(text) => {
                self.work.spend(text.len())?;
                Digest::of(Tag::Str).with(text)
            }
            Meaning::Bytes(bytes, _) => {
                self.work.spend(bytes.len())?;
                Digest::of(Tag::Bytes).with(bytes)
            }
            Meaning::Uuid(bytes) => {
                self.work.spend(bytes.len())?;
                Digest::of(Tag::Uuid).with(bytes)
            }
            Meaning::Global(module, name) => {
                self.work.spend(module.len() + name.len())?;
                let mut digest = Digest::of(Tag::Global);
                digest.number(module.len() as u64);
                digest.with(module.as_bytes()).with(name.as_bytes())
            }
            Meaning::Range(parts) => {
                let mut digest = Digest::of(Tag::Range);
                parts.iter().for_each(|&part| digest.number(part as u64));
                digest
            }
            Meaning::Moment(moment) => of_moment(*moment),
            // These have frames.
            Meaning::Tuple(_)
            | Meaning::List(_)
            | Meaning::Dict(_)
            | Meaning::Set(..)
            | Meaning::Object(..) => Digest::of(Tag::None),
        };
        Ok(digest.finish())
    }
}

impl Frame<'_> {
    fn digest(&mut self) -> u128 {
        let mut digest = match self.of {
            Container::Tuple => Digest::of(Tag::Tuple),
            Container::List => Digest::of(Tag::List),
            Container::Dict => {
                // As Python builds it: of equal keys the last value counts.
                let mut entries: Vec<[u128; 2]> = Vec::with_capacity(self.parts.len() / 2);
                entries.extend(self.parts.chunks_exact(2).map(|entry| [entry[0], entry[1]]));
                entries.reverse();
                entries.sort_by_key(|entry| entry[0]);
                entries.dedup_by_key(|entry| entry[0]);
                self.parts = entries.concat();
                Digest::of(Tag::Dict)
            }
            Container::Set => {
                self.parts.sort_unstable();
                self.parts.dedup();
                Digest::of(Tag::Set)
            }
            Container::Object(how) => {
                let mut digest = Digest::of(Tag::Object);
                digest.number(how as u64);
                digest
            }
            Container::Moment(moment) => of_moment(moment),
        };
        digest.number(self.parts.len() as u64);
        for part in &self.parts {
            digest.part(*part);
        }
        digest.finish()
    }
}

fn unhashable(arena: &Arena, node: Node) -> CompareError {
    CompareError::Type(format!("unhashable type: '{}'", type_name(arena, node)))
}

/// Of the classes that are made by calls. (A `slice` can be hashed since Python 3.12.)
fn is_unhashable(class: &str) -> bool {
    [
        "collections.deque",
        "collections.OrderedDict",
        "collections.defaultdict",
        "Counter",
        "array.array",
        "numpy.ndarray",
    ]
    .contains(&class)
}
