//! How Python shows values: `repr`.

use std::collections::HashSet;
use std::fmt::Write;

use super::arena::{Arena, Id, NOTHING, Node};
use super::fast_hash::FastHash;
use super::value::Repr;
use super::{Value, long, names, wtf8};

/// Ints of more bytes than this, some 4,300 digits, Python does not show either.
const LONGEST_INT: usize = 1785;

impl Value {
    /// Python's `repr(value)`, cut to `limit` characters. An object is shown as the call
    /// that would make it. Takes time for what is shown, not for what the value holds.
    pub fn repr(&self, limit: usize) -> String {
        let mut out = Cut {
            text: String::new(),
            left: limit,
        };
        match &self.0 {
            Repr::Scalar(node) => out.scalar(*node),
            Repr::InArena(arena, id) => nested(&mut out, arena, *id),
        }
        out.text
    }
}

/// A container that is being shown.
struct Frame<'a> {
    id: Id,
    parts: &'a [Id],
    done: usize,
    is_dict: bool,
    close: &'static str,
}

fn nested(out: &mut Cut, arena: &Arena, root: Id) {
    let mut open: Vec<Frame<'_>> = Vec::new();
    let mut within = HashSet::default();
    open.extend(show(out, arena, root, &mut within));
    while let Some(frame) = open.last_mut() {
        if out.left == 0 {
            return;
        }
        let Some(&part) = frame.parts.get(frame.done) else {
            out.push(frame.close);
            within.remove(&frame.id);
            open.pop();
            continue;
        };
        if frame.done > 0 {
            out.push(if frame.is_dict && frame.done % 2 == 1 {
                ": "
            } else {
                ", "
            });
        }
        frame.done += 1;
        let inner = show(out, arena, part, &mut within);
        open.extend(inner);
    }
}

/// Shows a node, or what comes before its first part.
fn show<'a>(
    out: &mut Cut,
    arena: &'a Arena,
    id: Id,
    within: &mut HashSet<Id, FastHash>,
) -> Option<Frame<'a>> {
    let node = arena.node(id);
    let within_itself = within.contains(&id);
    let (before, seq, close) = match node {
        Node::Long(span) => {
            if span.len as usize > LONGEST_INT {
                out.push("<int of ");
                out.push(&span.len.to_string());
                out.push(" bytes>");
            } else {
                out.push(&long::decimal(arena.bytes(span)));
            }
            return None;
        }
        Node::Str(span) => {
            out.str(arena.bytes(span));
            return None;
        }
        Node::Native(span) => {
            out.bytes("", arena.bytes(span));
            return None;
        }
        Node::Bytes(span) => {
            out.bytes("b", arena.bytes(span));
            return None;
        }
        Node::ByteArray(span) => {
            out.push("bytearray(");
            out.bytes("b", arena.bytes(span));
            out.push(")");
            return None;
        }
        Node::Global { old, module, name } => {
            out.push("<class '");
            out.name(arena, old, module, name);
            out.push("'>");
            return None;
        }
        Node::Tuple(seq) if within_itself => ("(...)", seq, ""),
        Node::List(seq) if within_itself => ("[...]", seq, ""),
        Node::Dict(seq) if within_itself => ("{...}", seq, ""),
        Node::Set(seq) | Node::FrozenSet(seq) if within_itself => ("set(...)", seq, ""),
        Node::Object(_, seq) if within_itself => ("...", seq, ""),
        Node::Tuple(seq) => ("(", seq, if seq.len == 1 { ",)" } else { ")" }),
        Node::List(seq) => ("[", seq, "]"),
        Node::Dict(seq) => ("{", seq, "}"),
        Node::Set(seq) if seq.len == 0 => ("set(", seq, ")"),
        Node::Set(seq) => ("{", seq, "}"),
        Node::FrozenSet(seq) if seq.len == 0 => ("frozenset(", seq, ")"),
        Node::FrozenSet(seq) => ("frozenset({", seq, "})"),
        Node::Object(_, seq) => {
            let frame = call(out, arena, id, arena.links(seq));
            within.extend(frame.as_ref().map(|_| id));
            return frame;
        }
        node => {
            out.scalar(node);
            return None;
        }
    };
    out.push(before);
    if within_itself {
        return None;
    }
    within.insert(id);
    let is_dict = matches!(node, Node::Dict(_));
    Some(Frame {
        id,
        parts: arena.links(seq),
        done: 0,
        is_dict,
        close,
    })
}

fn call<'a>(out: &mut Cut, arena: &'a Arena, id: Id, links: &'a [Id]) -> Option<Frame<'a>> {
    let (&[callable, args, kwargs], _) = links.split_first_chunk()?;
    if proxy(out, arena, callable, args).is_some() {
        return None;
    }
    match arena.node(callable) {
        Node::Global { old, module, name } => out.name(arena, old, module, name),
        _ => out.push("<object>"),
    }
    out.push("(");
    let Node::Tuple(args) = arena.node(args) else {
        return None;
    };
    let close = if kwargs == NOTHING {
        ")"
    } else {
        ", **kwargs)"
    };
    Some(Frame {
        id,
        parts: arena.links(args),
        done: 0,
        is_dict: false,
        close,
    })
}

/// Shows a proxy of Python's `multiprocessing.managers` as itself, if this call would
/// make one: `RebuildProxy(class, token, …)`.
fn proxy(out: &mut Cut, arena: &Arena, callable: Id, args: Id) -> Option<()> {
    let global = |id| match arena.node(id) {
        Node::Global { module, name, .. } => Some((arena.plain_str(module), arena.plain_str(name))),
        _ => None,
    };
    let tuple = |id| match arena.node(id) {
        Node::Tuple(seq) => Some(arena.links(seq)),
        _ => None,
    };
    let text = |id| match arena.node(id) {
        Node::Str(span) => str::from_utf8(arena.bytes(span)).ok(),
        _ => None,
    };
    if global(callable)? != ("multiprocessing.managers", "RebuildProxy") {
        return None;
    }
    let &[class, token, ..] = tuple(args)? else {
        return None;
    };
    let (_, class) = global(class)?;
    let Node::Object(_, token) = arena.node(token) else {
        return None;
    };
    // What it is called with, and its state.
    let &[_, _, _, state, ..] = arena.links(token) else {
        return None;
    };
    let &[typeid, _, ident] = tuple(state)? else {
        return None;
    };
    let (typeid, ident) = (text(typeid)?, text(ident)?);
    for part in ["<", class] {
        out.push(part);
    }
    if class == "AutoProxy" {
        for part in ["[", typeid, "]"] {
            out.push(part);
        }
    }
    for part in [" object, typeid '", typeid, "' at 0x", ident, ">"] {
        out.push(part);
    }
    Some(())
}

/// Text that stops growing at its limit.
struct Cut {
    text: String,
    /// Characters.
    left: usize,
}

impl Cut {
    fn push(&mut self, text: &str) {
        for character in text.chars().take(self.left) {
            self.text.push(character);
            self.left -= 1;
        }
    }

    fn scalar(&mut self, node: Node) {
        match node {
            Node::Bool(true) => self.push("True"),
            Node::Bool(false) => self.push("False"),
            Node::Int(value) => self.push(&value.to_string()),
            Node::Float(value) => self.push(&float(value)),
            _ => self.push("None"),
        }
    }

    fn name(&mut self, arena: &Arena, old: bool, module: Id, name: Id) {
        let (module, name) = (arena.plain_str(module), arena.plain_str(name));
        let (module, name) = if old {
            names::to_python_3(module, name)
        } else {
            (module, name)
        };
        if module != "builtins" {
            self.push(module);
            self.push(".");
        }
        self.push(name);
    }

    fn str(&mut self, mut text: &[u8]) {
        let quote = quote(text);
        self.push(quote);
        while let Some((point, rest)) = wtf8::split_first(text) {
            if self.left == 0 {
                return;
            }
            self.point(point, quote);
            text = rest;
        }
        self.push(quote);
    }

    fn bytes(&mut self, prefix: &str, bytes: &[u8]) {
        let quote = quote(bytes);
        self.push(prefix);
        self.push(quote);
        for &byte in bytes {
            if self.left == 0 {
                return;
            }
            if byte.is_ascii() {
                self.point(u32::from(byte), quote);
            } else {
                self.push(&format!("\\x{byte:02x}"));
            }
        }
        self.push(quote);
    }

    fn point(&mut self, point: u32, quote: &str) {
        let mut shown = String::new();
        let written = match char::from_u32(point) {
            Some('\t') => write!(shown, "\\t"),
            Some('\n') => write!(shown, "\\n"),
            Some('\r') => write!(shown, "\\r"),
            Some('\\') => write!(shown, "\\\\"),
            Some(character) if quote.starts_with(character) => write!(shown, "\\{character}"),
            Some(character) if is_printable(character) => write!(shown, "{character}"),
            _ if point < 0x100 => write!(shown, "\\x{point:02x}"),
            _ if point < 0x10000 => write!(shown, "\\u{point:04x}"),
            _ => write!(shown, "\\U{point:08x}"),
        };
        if written.is_ok() {
            self.push(&shown);
        }
    }
}

/// Single quotes, unless the text has these and no double ones.
fn quote(text: &[u8]) -> &'static str {
    if text.contains(&b'\'') && !text.contains(&b'"') {
        "\""
    } else {
        "'"
    }
}

fn is_printable(character: char) -> bool {
    match character {
        ' '..='~' => true,
        _ if character.is_control() || character.is_whitespace() => false,
        // What Rust escapes in the middle of a text, which is what Python does but for
        // the age of their Unicode tables.
        _ => !format!("a{character}")
            .escape_debug()
            .any(|shown| shown == '\\'),
    }
}

/// As short as reads back the same; an exponent from 1e16 up and below 1e-4.
fn float(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..16).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
        _ => format!("{value:?}"),
    }
}
