//! Making values: plain data, and the few symbolic objects that a server sends.

use std::collections::HashMap;
use std::sync::Arc;

use super::arena::{Arena, BUILT, How, Id, NOTHING, Node, Seq, Span};
use super::fast_hash::FastHash;
use super::long::minimal;
use super::value::Repr;
use super::{Error, Value};

/// Why making a value out of parts may panic: 4 GiB is what an arena holds.
const FULL: &str = "a value of less than 4 GiB";

/// An arena being filled from values of other arenas.
#[derive(Default)]
pub(super) struct NewArena {
    pub(super) arena: Arena,
    /// Copies made, by the place of their arena and their number there. The arenas must
    /// outlive the builder's use.
    copies: HashMap<(usize, Id), Id, FastHash>,
}

impl NewArena {
    /// Copies a value and all that it refers to, each node once. No recursion.
    pub(super) fn embed(&mut self, value: &Value) -> Result<Id, Error> {
        let (from, root) = match &value.0 {
            Repr::Scalar(node) => return self.arena.add(*node),
            Repr::InArena(arena, id) => (arena, *id),
        };
        let place = Arc::as_ptr(from) as usize;
        if let Some(&copy) = self.copies.get(&(place, root)) {
            self.arena.share(copy);
            return Ok(copy);
        }
        // First every node gets its number, then each is copied with the new numbers.
        let mut found = Vec::new();
        let mut open = vec![root];
        while let Some(id) = open.pop() {
            if self.copies.contains_key(&(place, id)) {
                continue;
            }
            self.copies.insert((place, id), self.arena.add(Node::None)?);
            found.push(id);
            open.extend(from.children(from.node(id)).iter());
        }
        for id in found {
            let copy = self.copies[&(place, id)];
            self.arena.nodes[copy as usize] = self.translate(from, place, from.node(id))?;
            if from.is_shared(id) {
                self.arena.share(copy);
            }
        }
        Ok(self.copies[&(place, root)])
    }

    fn translate(&mut self, from: &Arena, place: usize, node: Node) -> Result<Node, Error> {
        Ok(match node {
            Node::None | Node::Bool(_) | Node::Int(_) | Node::Float(_) => node,
            Node::Long(span) => Node::Long(self.arena.add_text(from.bytes(span))?),
            Node::Str(span) => Node::Str(self.arena.add_text(from.bytes(span))?),
            Node::Native(span) => Node::Native(self.arena.add_text(from.bytes(span))?),
            Node::Bytes(span) => Node::Bytes(self.arena.add_text(from.bytes(span))?),
            Node::ByteArray(span) => Node::ByteArray(self.arena.add_text(from.bytes(span))?),
            Node::Tuple(seq) => Node::Tuple(self.links(from, place, seq)?),
            Node::List(seq) => Node::List(self.links(from, place, seq)?),
            Node::Dict(seq) => Node::Dict(self.links(from, place, seq)?),
            Node::Set(seq) => Node::Set(self.links(from, place, seq)?),
            Node::FrozenSet(seq) => Node::FrozenSet(self.links(from, place, seq)?),
            Node::Object(how, seq) => Node::Object(how, self.links(from, place, seq)?),
            Node::Global { old, module, name } => Node::Global {
                old,
                module: self.copies[&(place, module)],
                name: self.copies[&(place, name)],
            },
        })
    }

    fn links(&mut self, from: &Arena, place: usize, seq: Seq) -> Result<Seq, Error> {
        // A link that is not among the copies is a mark.
        let copy = |id: &Id| self.copies.get(&(place, *id)).copied().unwrap_or(*id);
        let links: Vec<Id> = from.links(seq).iter().map(copy).collect();
        self.arena.add_links(&links)
    }

    pub(super) fn embed_all<'v>(
        &mut self,
        values: impl IntoIterator<Item = &'v Value>,
    ) -> Result<Seq, Error> {
        let ids: Vec<Id> = values
            .into_iter()
            .map(|value| self.embed(value))
            .collect::<Result<_, Error>>()?;
        self.arena.add_links(&ids)
    }

    pub(super) fn text(&mut self, text: &str) -> Result<Id, Error> {
        let span = self.arena.add_text(text.as_bytes())?;
        self.arena.add(Node::Str(span))
    }

    /// The value at `root`.
    pub(super) fn finish(self, root: Id) -> Value {
        Value::at(&Arc::new(self.arena), root)
    }
}

/// A value of one node, made by `node`.
fn build(make: impl FnOnce(&mut NewArena) -> Result<Node, Error>) -> Value {
    let mut builder = NewArena::default();
    let root = make(&mut builder)
        .and_then(|node| builder.arena.add(node))
        .expect(FULL);
    builder.finish(root)
}

/// A value of text alone, in no more memory than that takes: servers keep millions.
fn text(bytes: &[u8], node: impl FnOnce(Span) -> Node) -> Value {
    let mut arena = Arena::default();
    arena.text.reserve_exact(bytes.len());
    arena.nodes.reserve_exact(1);
    let span = arena.add_text(bytes).expect(FULL);
    let root = arena.add(node(span)).expect(FULL);
    Value::at(&Arc::new(arena), root)
}

/// # Panics
/// Making a value panics when its parts do not fit in 4 GiB.
impl Value {
    /// `None`.
    pub const fn none() -> Value {
        Value(Repr::Scalar(Node::None))
    }

    /// An `int` of any size, from two's complement little-endian bytes.
    pub fn long(bytes: &[u8]) -> Value {
        match minimal(bytes) {
            Ok(value) => value.into(),
            Err(bytes) => text(bytes, Node::Long),
        }
    }

    /// `bytes`.
    pub fn bytes(bytes: &[u8]) -> Value {
        text(bytes, Node::Bytes)
    }

    /// `bytearray`.
    pub fn bytearray(bytes: &[u8]) -> Value {
        text(bytes, Node::ByteArray)
    }

    /// `tuple`.
    pub fn tuple<'v>(items: impl IntoIterator<Item = &'v Value>) -> Value {
        build(|to| Ok(Node::Tuple(to.embed_all(items)?)))
    }

    /// `list`.
    pub fn list<'v>(items: impl IntoIterator<Item = &'v Value>) -> Value {
        build(|to| Ok(Node::List(to.embed_all(items)?)))
    }

    /// `set`; the items are taken to be distinct.
    pub fn set<'v>(items: impl IntoIterator<Item = &'v Value>) -> Value {
        build(|to| Ok(Node::Set(to.embed_all(items)?)))
    }

    /// `frozenset`; the items are taken to be distinct.
    pub fn frozenset<'v>(items: impl IntoIterator<Item = &'v Value>) -> Value {
        build(|to| Ok(Node::FrozenSet(to.embed_all(items)?)))
    }

    /// `dict`; the keys are taken to be distinct.
    pub fn dict<'v>(pairs: impl IntoIterator<Item = (&'v Value, &'v Value)>) -> Value {
        let pairs = pairs.into_iter().flat_map(|(key, value)| [key, value]);
        build(|to| Ok(Node::Dict(to.embed_all(pairs)?)))
    }

    /// A class or function, by Python 3's names.
    pub fn global(module: &str, name: &str) -> Value {
        build(|to| {
            let (module, name) = (to.text(module)?, to.text(name)?);
            Ok(Node::Global {
                old: false,
                module,
                name,
            })
        })
    }

    /// What calling `callable` with these arguments gives: an exception is
    /// `Value::call(&Value::global("queue", "Empty"), &[])`.
    pub fn call(callable: &Value, args: &[Value]) -> Value {
        object(How::Reduce, callable, args, None)
    }

    /// A new instance of `class` with this state (NEWOBJ, then BUILD).
    pub fn instance(class: &Value, args: &[Value], state: Option<&Value>) -> Value {
        object(How::New, class, args, state)
    }

    /// The same value in memory of its own, which keeps nothing else of the message it
    /// came in. Worth it for a small part of a large message.
    pub fn detach(&self) -> Value {
        if let Repr::InArena(arena, id) = &self.0 {
            match arena.node(*id) {
                Node::Str(span) => return text(arena.bytes(span), Node::Str),
                Node::Native(span) => return text(arena.bytes(span), Node::Native),
                Node::Bytes(span) => return text(arena.bytes(span), Node::Bytes),
                _ => {}
            }
        }
        let mut builder = NewArena::default();
        let root = builder.embed(self).expect(FULL);
        builder.finish(root)
    }
}

fn object(how: How, callable: &Value, args: &[Value], state: Option<&Value>) -> Value {
    build(|to| {
        let callable = to.embed(callable)?;
        let args = to.embed_all(args)?;
        let mut links = vec![callable, to.arena.add(Node::Tuple(args))?, NOTHING];
        if let Some(state) = state {
            links.extend([to.embed(state)?, BUILT]);
        }
        Ok(Node::Object(how, to.arena.add_links(&links)?))
    })
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value(Repr::Scalar(Node::Bool(value)))
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Value(Repr::Scalar(Node::Int(value)))
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Value {
        Value(Repr::Scalar(Node::Float(value)))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        self::text(text.as_bytes(), Node::Str)
    }
}
