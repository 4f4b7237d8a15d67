//! Writes a value as a pickle.
//!
//! Containers that Python can fill later (list, dict, set) are stored in the memo before
//! their elements, all others after. A tuple within itself, by way of a list, is thus
//! begun again before it is done; the copy that is done first is the one that counts, and
//! the outer one is thrown off the stack, as CPython's own pickler does it.

use std::collections::{HashMap, HashSet};
use std::marker::PhantomData;
use std::sync::Arc;

use super::arena::{Arena, Id, Node, Seq};
use super::fast_hash::FastHash;
use super::value::Repr;
use super::{Error, Value, opcode as op};

/// How deep nested values are written. What a reader accepted by default, twice over.
const DEPTH: usize = 20_000;
/// Elements of a container that are set by one opcode, as in CPython.
pub(super) const BATCH: usize = 1000;
/// In the memo: begun, and not yet stored.
const BEGUN: u32 = u32::MAX;
/// How much longer than the [weight](Arena::weight) of what is written a pickle may be.
/// The worst of plain data, empty bytearrays at protocol 2, take four times theirs.
const LONGER: usize = 8;
/// Bytes that any pickle may have.
const FREE: usize = 4096;

/// The value as a pickle of this protocol, 2 to 5.
///
/// # Errors
/// [`Error::Protocol`]; [`Error::Unwritable`] and [`Error::Depth`] for values that no
/// Python could have written at that protocol.
pub fn write(value: &Value, protocol: u8) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    write_into(&mut out, value, protocol)?;
    Ok(out)
}

/// Appends the value as a pickle of this protocol; on an error `out` is as it was.
///
/// # Errors
/// As [`write`](fn@write).
pub fn write_into(out: &mut Vec<u8>, value: &Value, protocol: u8) -> Result<(), Error> {
    let mut writer = Writer::begin(out, protocol)?;
    let written = writer.value(value);
    writer.end(written)
}

/// One writing.
#[derive(Debug)]
pub(super) struct Writer<'o, 'v> {
    pub(super) out: &'o mut Vec<u8>,
    /// Where in `out` the pickle begins.
    start: usize,
    pub(super) protocol: u8,
    /// The address of the arena whose nodes are being written.
    pub(super) at: usize,
    /// How long `out` may get.
    limit: usize,
    /// The arenas that count towards the limit.
    counted: HashSet<usize, FastHash>,
    /// Where the shared nodes are stored. All arenas are borrowed for as long as the
    /// writer, so an address means one of them.
    pub(super) memo: HashMap<(usize, Id), u32, FastHash>,
    arenas: PhantomData<&'v Arena>,
    /// How many values are stored.
    stored: u32,
    pub(super) frames: Vec<Frame>,
    /// Where names are stored that protocols 2 and 3 have to spell out at each use.
    pub(super) globals: HashMap<(usize, Id, Id), u32, FastHash>,
}

/// A container that is being written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) id: Id,
    pub(super) node: Node,
    /// How many of its parts are written.
    pub(super) done: usize,
}

impl<'o, 'v> Writer<'o, 'v> {
    /// A writer that has written PROTO.
    pub(super) fn begin(out: &'o mut Vec<u8>, protocol: u8) -> Result<Self, Error> {
        if !(2..=5).contains(&protocol) {
            return Err(Error::Protocol(protocol));
        }
        let start = out.len();
        out.extend([op::PROTO, protocol]);
        Ok(Writer {
            out,
            start,
            protocol,
            at: 0,
            limit: start + FREE,
            counted: HashSet::default(),
            memo: HashMap::default(),
            arenas: PhantomData,
            stored: 0,
            frames: Vec::new(),
            globals: HashMap::default(),
        })
    }

    /// Writes STOP, or takes everything back when something could not be written.
    pub(super) fn end(self, written: Result<(), Error>) -> Result<(), Error> {
        match written {
            Ok(()) => self.out.push(op::STOP),
            Err(_) => self.out.truncate(self.start),
        }
        written
    }

    /// Writes one value. Values of one arena that follow each other share what they share.
    pub(super) fn value(&mut self, value: &'v Value) -> Result<(), Error> {
        let (arena, root) = match &value.0 {
            Repr::Scalar(node) => {
                self.scalar(*node);
                return Ok(());
            }
            Repr::InArena(arena, id) => (&**arena, *id),
        };
        let at = std::ptr::from_ref(arena) as usize;
        if self.at != at {
            self.at = at;
            if self.counted.insert(at) {
                self.limit += LONGER * arena.weight();
            }
        }
        let first = self.visit(arena, root)?;
        self.frames.extend(first);
        while let Some(frame) = self.frames.pop() {
            self.advance(arena, frame)?;
        }
        Ok(())
    }

    /// Writes one of many values. Where others of its arena are about, the same one may come
    /// again: it is then written once.
    pub(super) fn one_of_many(&mut self, value: &'v Value) -> Result<(), Error> {
        let Repr::InArena(arena, root) = &value.0 else {
            return self.value(value);
        };
        if Arc::strong_count(arena) == 1 || is_small(arena.node(*root)) {
            return self.value(value);
        }
        let key = (Arc::as_ptr(arena) as usize, *root);
        if let Some(&index) = self.memo.get(&key) {
            self.get(index);
            return Ok(());
        }
        self.value(value)?;
        if !self.memo.contains_key(&key) {
            let index = self.put();
            self.memo.insert(key, index);
        }
        Ok(())
    }

    /// Writes a node, or begins to: then gives the frame in which to go on.
    pub(super) fn visit(&mut self, arena: &Arena, id: Id) -> Result<Option<Frame>, Error> {
        if self.out.len() > self.limit {
            return Err(Error::Unwritable {
                protocol: self.protocol,
                what: "values that are far longer written than read",
            });
        }
        let node = arena.node(id);
        if arena.is_shared(id) && !is_small(node) {
            match self.memo.get(&(self.at, id)) {
                // Inside itself, and not stored yet: it is begun again, which ends, as each
                // time round at least one list is new.
                None | Some(&BEGUN) => {}
                Some(&index) => {
                    self.get(index);
                    return Ok(None);
                }
            }
        }
        match node {
            Node::None | Node::Bool(_) | Node::Int(_) | Node::Float(_) => self.scalar(node),
            Node::Long(span) => self.long(arena.bytes(span)),
            Node::Str(span) => self.str(arena.bytes(span)),
            Node::Native(span) => self.native(arena.bytes(span)),
            Node::Bytes(span) => self.bytes(arena.bytes(span)),
            Node::ByteArray(span) => self.bytearray(arena.bytes(span)),
            Node::Tuple(seq) if seq.len == 0 => self.out.push(op::EMPTY_TUPLE),
            Node::Global { old, module, name } => {
                return self.global(arena, id, old, [module, name]).map(|()| None);
            }
            Node::List(seq) => return Ok(self.fill(arena, id, node, seq, op::EMPTY_LIST)),
            Node::Dict(seq) => return Ok(self.fill(arena, id, node, seq, op::EMPTY_DICT)),
            Node::Set(seq) if self.protocol >= 4 => {
                return Ok(self.fill(arena, id, node, seq, op::EMPTY_SET));
            }
            Node::Tuple(_) | Node::Set(_) | Node::FrozenSet(_) | Node::Object(..) => {
                if arena.is_shared(id) {
                    self.memo.insert((self.at, id), BEGUN);
                }
                return Ok(Some(Frame { id, node, done: 0 }));
            }
        }
        self.store(arena, id);
        Ok(None)
    }

    /// Writes a container as an empty one, to be filled.
    fn fill(&mut self, arena: &Arena, id: Id, node: Node, seq: Seq, empty: u8) -> Option<Frame> {
        self.out.push(empty);
        self.store(arena, id);
        (seq.len > 0).then_some(Frame { id, node, done: 0 })
    }

    /// Puts a frame aside until the part of it that `inner` is about is written.
    pub(super) fn wait(&mut self, outer: Frame, inner: Frame) -> Result<(), Error> {
        if self.frames.len() >= DEPTH {
            return Err(Error::Depth { limit: DEPTH });
        }
        self.frames.extend([outer, inner]);
        Ok(())
    }

    /// Stores what was just written, if it is referred to again.
    pub(super) fn store(&mut self, arena: &Arena, id: Id) {
        if arena.is_shared(id) && !is_small(arena.node(id)) {
            let index = self.put();
            self.memo.insert((self.at, id), index);
        }
    }

    /// Stores what was just written; where.
    pub(super) fn put(&mut self) -> u32 {
        let index = self.stored;
        if self.protocol >= 4 {
            self.out.push(op::MEMOIZE);
        } else if let Ok(index) = u8::try_from(index) {
            self.out.extend([op::BINPUT, index]);
        } else {
            self.out.push(op::LONG_BINPUT);
            self.out.extend_from_slice(&index.to_le_bytes());
        }
        self.stored += 1;
        index
    }

    pub(super) fn get(&mut self, index: u32) {
        if let Ok(index) = u8::try_from(index) {
            self.out.extend([op::BINGET, index]);
        } else {
            self.out.push(op::LONG_BINGET);
            self.out.extend_from_slice(&index.to_le_bytes());
        }
    }

    /// After the last part of something that is stored last: whether the same was
    /// completed within itself, so that this one is to be thrown away.
    pub(super) fn completed_within(&self, arena: &Arena, id: Id) -> Option<u32> {
        if !arena.is_shared(id) {
            return None;
        }
        self.memo
            .get(&(self.at, id))
            .copied()
            .filter(|&index| index != BEGUN)
    }
}

/// Whether writing it twice is as short as referring to it.
fn is_small(node: Node) -> bool {
    match node {
        Node::None | Node::Bool(_) | Node::Int(_) | Node::Float(_) => true,
        Node::Tuple(seq) => seq.len == 0,
        _ => false,
    }
}
