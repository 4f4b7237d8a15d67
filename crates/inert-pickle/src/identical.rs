//! Equality of pickles: not Python's `==`, but whether the two would become the same.

use std::collections::{HashMap, HashSet};

use super::Value;
use super::arena::{Arena, Id, Node};
use super::names;
use super::value::Repr;

impl PartialEq for Value {
    /// Whether Python would build the same from both: the same values of the same types
    /// in the same order, containers shared and cyclic in the same places. Linear in
    /// their size, and no recursion.
    fn eq(&self, other: &Value) -> bool {
        match (&self.0, &other.0) {
            (Repr::InArena(left, first), Repr::InArena(right, second)) => {
                same(left, *first, right, *second)
            }
            _ => same_number(self.node(), other.node()),
        }
    }
}

fn same(left: &Arena, first: Id, right: &Arena, second: Id) -> bool {
    // Which container goes with which, both ways.
    let mut pairs = [HashMap::new(), HashMap::new()];
    // Long texts that were found to be the same, which need not be read again.
    let mut texts = HashSet::new();
    let mut open = vec![(first, second)];
    while let Some((a, b)) = open.pop() {
        let (one, two) = (left.node(a), right.node(b));
        if is_text(one) && left.is_shared(a) && !texts.insert((a, b)) {
            continue;
        }
        if !same_kind(left, one, right, two) {
            return false;
        }
        let (left_children, right_children) = (left.children(one), right.children(two));
        let has_parts = left_children.iter().next().is_some();
        let is_container = !matches!(one, Node::Global { .. });
        if !has_parts || !is_container {
            if has_parts != right_children.iter().next().is_some() {
                return false;
            }
            continue;
        }
        let known = [pairs[0].insert(a, b), pairs[1].insert(b, a)];
        match known {
            [None, None] => {}
            [Some(twin), Some(back)] if twin == b && back == a => continue,
            _ => return false,
        }
        if left_children.iter().count() != right_children.iter().count() {
            return false;
        }
        open.extend(left_children.iter().zip(right_children.iter()));
    }
    true
}

fn is_text(node: Node) -> bool {
    matches!(
        node,
        Node::Long(_)
            | Node::Str(_)
            | Node::Native(_)
            | Node::Bytes(_)
            | Node::ByteArray(_)
            | Node::Global { .. }
    )
}

/// Whether two nodes are alike, but for what they refer to.
fn same_kind(left: &Arena, one: Node, right: &Arena, two: Node) -> bool {
    match (one, two) {
        (Node::Long(a), Node::Long(b))
        | (Node::Str(a), Node::Str(b))
        | (Node::Native(a), Node::Native(b))
        | (Node::Bytes(a), Node::Bytes(b))
        | (Node::ByteArray(a), Node::ByteArray(b)) => left.bytes(a) == right.bytes(b),
        (Node::Tuple(_), Node::Tuple(_))
        | (Node::List(_), Node::List(_))
        | (Node::Dict(_), Node::Dict(_))
        | (Node::Set(_), Node::Set(_))
        | (Node::FrozenSet(_), Node::FrozenSet(_)) => true,
        (Node::Global { .. }, Node::Global { .. }) => name(left, one) == name(right, two),
        (Node::Object(how, a), Node::Object(other, b)) => {
            // Node numbers differ, marks do not: they must stand in the same places.
            let marks = |arena: &Arena, links| {
                Arena::marks(arena.links(links)).collect::<Vec<(usize, Id)>>()
            };
            how == other && marks(left, a) == marks(right, b)
        }
        _ => same_number(one, two),
    }
}

fn same_number(one: Node, two: Node) -> bool {
    match (one, two) {
        (Node::None, Node::None) => true,
        (Node::Bool(a), Node::Bool(b)) => a == b,
        (Node::Int(a), Node::Int(b)) => a == b,
        (Node::Float(a), Node::Float(b)) => a.to_bits() == b.to_bits(),
        _ => false,
    }
}

fn name(arena: &Arena, node: Node) -> Option<(&str, &str)> {
    let Node::Global { old, module, name } = node else {
        return None;
    };
    let (module, name) = (arena.plain_str(module), arena.plain_str(name));
    Some(if old {
        names::to_python_3(module, name)
    } else {
        (module, name)
    })
}
