//! Where the nodes of a pickle live: one arena a message, nodes that name each other by
//! number. Shared and cyclic structures are then ordinary, and dropping one, however
//! deep, frees four vectors.

use super::Error;

/// The number of a node in its arena.
pub(super) type Id = u32;

/// Link values from here up are not nodes but marks in an object's links.
const RESERVED: Id = u32::MAX - 15;
/// In an object's links: no keyword arguments.
pub(super) const NOTHING: Id = RESERVED;
/// In an object's links, after a node: it is appended to the object.
pub(super) const APPENDED: Id = RESERVED + 1;
/// In an object's links, after a node: it is given to the object as its state.
pub(super) const BUILT: Id = RESERVED + 2;
/// In an object's links, after a node: a call made for its effect on the object.
pub(super) const CALLED: Id = RESERVED + 3;

/// Whether a link is a node, and not a mark.
pub(super) fn is_node(link: Id) -> bool {
    link < RESERVED
}

/// A run of bytes in the arena's text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) len: u32,
}

/// A run of links, with room to grow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seq {
    start: u32,
    pub(super) len: u32,
    room: u32,
}

impl Seq {
    pub(super) const EMPTY: Seq = Seq {
        start: 0,
        len: 0,
        room: 0,
    };

    /// The same elements, as a sequence that will grow on its own.
    pub(super) fn snapshot(self) -> Seq {
        Seq {
            room: self.len,
            ..self
        }
    }
}

/// How an object is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// `callable(*args)`
    Reduce,
    /// `class.__new__(class, *args)`
    New,
    /// `class.__new__(class, *args, **kwargs)`
    NewEx,
}

/// One value. What is of any length lies in the arena's text or links.
#[derive(Clone, Copy, Debug)]
pub(super) enum Node {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Long(Span),
    Str(Span),
    Native(Span),
    Bytes(Span),
    ByteArray(Span),
    Tuple(Seq),
    List(Seq),
    /// Keys and values in turn.
    Dict(Seq),
    Set(Seq),
    FrozenSet(Seq),
    /// `old`: the names are Python 2's where the two differ.
    Global {
        old: bool,
        module: Id,
        name: Id,
    },
    /// Callable, args, kwargs or [`NOTHING`]; then two links for each change: key and
    /// value of an entry, or a node and a mark.
    Object(How, Seq),
}

// A hostile message makes one node a byte: their size is the memory it can take.
const _: () = assert!(size_of::<Node>() == 16);

/// The nodes of one message.
#[derive(Debug, Default)]
pub(super) struct Arena {
    pub(super) nodes: Vec<Node>,
    links: Vec<Id>,
    pub(super) text: Vec<u8>,
    /// Which nodes are reached in more than one way. As long as the last such node.
    shared: Vec<bool>,
}

impl Arena {
    /// An arena over this text, with room for so many nodes.
    pub(super) fn over(text: &[u8], nodes: usize) -> Arena {
        Arena {
            nodes: Vec::with_capacity(nodes),
            links: Vec::with_capacity(nodes),
            text: text.to_vec(),
            shared: Vec::new(),
        }
    }

    /// Bytes that it takes.
    pub(super) fn memory(&self) -> usize {
        size_of::<Arena>()
            + self.nodes.capacity() * size_of::<Node>()
            + self.links.capacity() * size_of::<Id>()
            + self.text.capacity()
            + self.shared.capacity()
    }

    pub(super) fn node(&self, id: Id) -> Node {
        #[cfg(test)]
        super::meter::add(1);
        self.nodes[id as usize]
    }

    pub(super) fn add(&mut self, node: Node) -> Result<Id, Error> {
        let id = number(self.nodes.len())?;
        self.nodes.push(node);
        Ok(id)
    }

    pub(super) fn bytes(&self, span: Span) -> &[u8] {
        #[cfg(test)]
        super::meter::add(span.len as usize);
        &self.text[span.start as usize..][..span.len as usize]
    }

    pub(super) fn add_text(&mut self, bytes: &[u8]) -> Result<Span, Error> {
        let start = number(self.text.len())?;
        number(self.text.len() + bytes.len())?;
        self.text.extend_from_slice(bytes);
        Ok(Span {
            start,
            len: number(bytes.len())?,
        })
    }

    pub(super) fn links(&self, seq: Seq) -> &[Id] {
        &self.links[seq.start as usize..][..seq.len as usize]
    }

    pub(super) fn add_links(&mut self, ids: &[Id]) -> Result<Seq, Error> {
        let start = number(self.links.len())?;
        number(self.links.len() + ids.len())?;
        self.links.extend_from_slice(ids);
        let len = number(ids.len())?;
        Ok(Seq {
            start,
            len,
            room: len,
        })
    }

    /// Appends to a sequence: in its room, or at the end of all links when it lies there,
    /// or else by moving it there with twice the room, so that it costs little on average.
    pub(super) fn extend(&mut self, mut seq: Seq, ids: &[Id]) -> Result<Seq, Error> {
        let (start, len, room) = (seq.start as usize, seq.len as usize, seq.room as usize);
        let needed = len + ids.len();
        if needed > room {
            if start + room == self.links.len() {
                number(start + needed)?;
                self.links.resize(start + needed, NOTHING);
                seq.room = number(needed)?;
            } else {
                let room = needed.max(2 * len);
                let moved = self.links.len();
                number(moved + room)?;
                self.links.extend_from_within(start..start + len);
                self.links.resize(moved + room, NOTHING);
                seq.start = number(moved)?;
                seq.room = number(room)?;
            }
        }
        self.links[seq.start as usize + len..][..ids.len()].copy_from_slice(ids);
        seq.len = number(needed)?;
        Ok(seq)
    }

    /// Notes that a node is reached in one more way.
    pub(super) fn share(&mut self, id: Id) {
        let index = id as usize;
        if self.shared.len() <= index {
            self.shared.resize(index + 1, false);
        }
        self.shared[index] = true;
    }

    /// Whether a node may be reached in more than one way.
    pub(super) fn is_shared(&self, id: Id) -> bool {
        self.shared.get(id as usize).copied().unwrap_or(false)
    }

    /// All nodes that a node refers to, in order; the links may hold marks as well.
    pub(super) fn children(&self, node: Node) -> Children<'_> {
        let (pair, links): ([Id; 2], &[Id]) = match node {
            Node::Global { module, name, .. } => ([module, name], &[]),
            Node::Tuple(seq)
            | Node::List(seq)
            | Node::Dict(seq)
            | Node::Set(seq)
            | Node::FrozenSet(seq)
            | Node::Object(_, seq) => ([NOTHING; 2], self.links(seq)),
            _ => ([NOTHING; 2], &[]),
        };
        Children { pair, links }
    }

    /// The marks among an object's links, and where they stand.
    pub(super) fn marks(links: &[Id]) -> impl Iterator<Item = (usize, Id)> + '_ {
        links
            .iter()
            .copied()
            .enumerate()
            .filter(|&(_, link)| link >= RESERVED)
    }

    /// A measure of all that is in it, in bytes: what may be made of a value is bounded by
    /// a multiple of this. Less than 35 times the message it was read from, and mostly two
    /// or three times.
    pub(super) fn weight(&self) -> usize {
        self.text.len() + 8 * (self.nodes.len() + self.links.len())
    }

    /// How deep the values under `root` are nested, on the path by which a writer that
    /// writes each node once comes to them; or none, when deeper than `limit`.
    pub(super) fn depth(&self, root: Id, limit: usize) -> Option<usize> {
        let mut seen = vec![false; self.nodes.len()];
        let mut open = vec![(root, 1)];
        let mut deepest = 0;
        while let Some((id, depth)) = open.pop() {
            if std::mem::replace(&mut seen[id as usize], true) {
                continue;
            }
            deepest = deepest.max(depth);
            if depth > limit {
                return None;
            }
            let children = self.children(self.node(id));
            open.extend(children.iter().rev().map(|child| (child, depth + 1)));
        }
        Some(deepest)
    }
}

/// What a node refers to.
pub(super) struct Children<'a> {
    pair: [Id; 2],
    links: &'a [Id],
}

impl Children<'_> {
    /// In order.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = Id> + '_ {
        self.pair
            .iter()
            .chain(self.links)
            .copied()
            .filter(|&id| id < RESERVED)
    }
}

/// A length or place as the arena stores it: below 4 GiB, and below the reserved links.
pub(super) fn number(value: usize) -> Result<u32, Error> {
    match u32::try_from(value) {
        Ok(number) if number < RESERVED => Ok(number),
        _ => Err(Error::Size {
            size: value,
            limit: RESERVED as usize - 1,
        }),
    }
}
