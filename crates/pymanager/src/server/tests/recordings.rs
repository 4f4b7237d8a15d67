//! What clients of CPython 3.6, 3.8, 3.11 and 3.13 asked their own managers,
//! asked of ours: the replies mean the same, or it is said why not.

use std::collections::HashMap;

use super::*;
use crate::message::Reply;
use crate::object::Caller;

const RECORDINGS: [(&str, &str); 4] = [
    ("3.6", include_str!("../../../tests/data/types_py36.txt")),
    ("3.8", include_str!("../../../tests/data/types_py38.txt")),
    ("3.11", include_str!("../../../tests/data/types_py311.txt")),
    ("3.13", include_str!("../../../tests/data/types_py313.txt")),
];

/// Steps whose replies differ, and why: how the difference begins, or what its
/// reply holds.
const DIFFERENT: &[(&str, &str)] = &[
    (
        "this manager runs no code",
        "a function would have to be called",
    ),
    (
        "get_methods",
        "a set, in any order, and ours has what came with 3.14",
    ),
    (
        "dict nested",
        "the dict was made where nothing was recorded",
    ),
    ("list nested", "as above"),
    ("shared_dict", "a name that only the recorded manager has"),
    ("Genr", "as above"),
    ("Iterator: ", "of that name's object, a generator"),
    (
        "Point twice",
        "equal by what they are made of, see `semantics`",
    ),
    ("unhashable: ", "as above"),
    (
        "Key([1])",
        "only the class's own code knows that it cannot be hashed",
    ),
    ("Ordered", "only the class's own code knows their order"),
    ("map(neg", "a function would have to be called"),
    ("sort: key=", "what a sort by a function would have left"),
    ("sort: stable", "as above"),
    ("after a failed sort", "ours leaves the list as it was"),
    ("sort: fail", "which pair is compared first"),
    (
        "reversed(",
        "an iterator over the reversed list, where theirs is a reversed one",
    ),
    ("l *= ", "the proxy ignores the list that theirs sends"),
    ("must assign iterable", "the texts of 3.13"),
    (
        "at least 1 arguments",
        "the texts of 3.6, which do not know a plural",
    ),
    ("at most 1 arguments", "as above"),
    (
        "takes no keyword arguments",
        "the texts of 3.6 to 3.8, without the class",
    ),
    (
        "Namespace: ",
        "no attribute leads out of the namespace; texts",
    ),
    ("bad typecode", "w came with 3.13"),
    (
        "ident re-used",
        "the owner is the connection: no stranger gets a dead one's lock",
    ),
    ("RLock: the same again", "as above"),
    ("Lock(1)", "text"),
    ("Condition: notify('x')", "refused when nobody waits, too"),
    (
        "m.Condition(lock proxy)",
        "the lock was made where nothing was recorded",
    ),
    ("Condition: c2", "as above"),
    ("Condition: kk", "as above"),
    (
        "Barrier: Barrier(1, boom)",
        "a function would have to be called",
    ),
    (
        "Barrier: __getattribute__",
        "private attributes are not there",
    ),
    (
        "Queue: m.Queue('x')",
        "refused at once, not at the first put",
    ),
    ("Pool", "nobody is there to do its tasks"),
    (
        "create('Iterator'",
        "nobody can make an iterator of his own",
    ),
    ("one-shot: create()", "text"),
    (
        "end: number_of_objects",
        "what was made where nothing was recorded",
    ),
    ("dict keys: slice", "hashable from 3.12 on"),
    ("reverse=\"x\"", "anything is true or false from 3.13 on"),
    ("timeout value must be positive", "the texts before 3.13"),
    ("m.Barrier(0)", "refused from 3.13 on"),
    ("m.Barrier('x')", "as above"),
    (
        "object at 0x>",
        "how things of `threading` show themselves since 3.11",
    ),
    (
        "_callmethod('release', ",
        "a number to release came with 3.9",
    ),
    ("Condition: notify(-1)", "nobody is notified"),
    ("AsyncResult", "as above"),
];

/// Steps that are not asked: 3.14's methods, which ours has and those recorded
/// have not.
const NEWER: &[&str] = &[
    "d |= {}",
    "d.fromkeys",
    "cm(l, 'copy')",
    "cm(l, 'clear')",
    "'locked'",
];

/// One line of a recording, in its order.
enum Frame {
    Request(Vec<u8>),
    Reply(Vec<u8>),
    /// A failure of the manager: its kind and the last line.
    Failure(String, String),
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks_exact(2);
    digits
        .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
        .collect()
}

/// The identifiers of the recording, and what they are here.
#[derive(Default)]
struct Idents(Vec<(String, String)>);

impl Idents {
    /// A recorded request with our identifiers. Its frame is taken off, as its
    /// length changes.
    fn translate(&self, mut pickle: Vec<u8>) -> Vec<u8> {
        if pickle.get(2) == Some(&0x95) {
            pickle.drain(2..11);
        }
        for (theirs, ours) in &self.0 {
            for (before, after) in [(&b"\x8c"[..], 1), (b"X", 4)].map(|(op, width)| {
                let text = |ident: &str| {
                    let length = (ident.len() as u32).to_le_bytes();
                    [op, &length[..width], ident.as_bytes()].concat()
                };
                (text(theirs), text(ours))
            }) {
                let mut at = 0;
                while let Some(found) = find(&pickle[at..], &before) {
                    let start = at + found;
                    pickle.splice(start..start + before.len(), after.iter().copied());
                    at = start + after.len();
                }
            }
        }
        pickle
    }

    /// A reply in words, with neutral identifiers and addresses.
    fn neutral(&self, text: &str, ours: bool) -> String {
        let mut text = text.to_string();
        for (index, (theirs, here)) in self.0.iter().enumerate() {
            let ident = if ours { here } else { theirs };
            text = text.replace(&format!("'{ident}'"), &format!("'object {index}'"));
        }
        mask(&text)
    }
}

fn find(all: &[u8], wanted: &[u8]) -> Option<usize> {
    all.windows(wanted.len())
        .position(|window| window == wanted)
}

/// Without what is a place in memory, a port, or a number of a thread.
fn mask(text: &str) -> String {
    let mut masked = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("0x").or(None) {
        masked.push_str(&rest[..at]);
        masked.push_str("0x");
        rest = rest[at + 2..].trim_start_matches(|c: char| c.is_ascii_hexdigit());
    }
    masked.push_str(rest);
    for (start, end) in [("('127.0.0.1', ", ")"), ("owner=", " ")] {
        if let Some(at) = masked.find(start)
            && let Some(length) = masked[at + start.len()..].find(end)
        {
            let at = at + start.len();
            masked.replace_range(at..at + length, "?");
        }
    }
    masked
}

/// Whether both raise an exception of one class, with different texts. Ours
/// are those of 3.13: which Python asks, the wire does not tell.
fn same_class(theirs: &str, ours: &str) -> bool {
    let class = |text: &str| {
        let starts = ["('#ERROR', ", "#TRACEBACK ", "#UNSERIALIZABLE "];
        let text = starts.iter().find_map(|start| text.strip_prefix(start))?;
        let end = text.find(['(', ':'])?;
        Some(text[..end].to_string())
    };
    class(theirs).is_some() && class(theirs) == class(ours)
}

/// Replays one recording; the steps that differ, with both replies.
fn replay(version: &str, recording: &str) -> (usize, Vec<String>) {
    // There are no workers: a pool says so at once.
    let limits = Limits {
        pool_patience: Duration::ZERO,
        ..Limits::default()
    };
    let server = Manager::new(key())
        .limits(limits)
        .start(Listener::bind("127.0.0.1:0").unwrap())
        .unwrap();
    let mut connections: HashMap<&str, Raw> = HashMap::new();
    let mut idents = Idents::default();
    let (mut step, mut steps) = ("", 0);
    let mut differing = Vec::new();
    let mut differs = |step: &str, theirs: &str, ours: &str| {
        // Some objects were made where nothing was recorded.
        let unknown = ours.contains("KeyError: 'object ") || ours.contains("KeyError: '7f");
        let text_alone = version != "3.13" && same_class(theirs, ours);
        if theirs != ours && !unknown && !text_alone {
            differing.push(format!("{step}:\n  theirs {theirs}\n  ours   {ours}"));
        }
    };
    let mut lines = recording.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("# ") {
            (step, steps) = (name, steps + 1);
            continue;
        }
        if NEWER.iter().any(|name| step.contains(name)) {
            continue;
        }
        let mut words = line.splitn(3, ' ');
        let (mark, number) = (words.next().unwrap(), words.next().unwrap());
        let rest = words.next().unwrap_or_default();
        let frame = match mark {
            ">" => Frame::Request(bytes(rest)),
            "<" => Frame::Reply(bytes(rest)),
            _ => {
                let (kind, text) = rest.split_once(' ').unwrap();
                Frame::Failure(kind.to_string(), text.to_string())
            }
        };
        match frame {
            Frame::Request(pickle) => {
                let raw = connections
                    .entry(number)
                    .or_insert_with(|| Raw::greeted(&server));
                raw.channel.send(&idents.translate(pickle)).unwrap();
                let next = lines.peek().copied().unwrap_or_default();
                let answered =
                    next.split(' ').nth(1) == Some(number) && !next.starts_with(['>', '#']);
                if !answered {
                    // It waits for what others are to do now.
                    let peer = raw.stream().local_addr().unwrap();
                    let connection = server.state.connections.of_peer(peer).unwrap();
                    until(step, || {
                        connection.caller.get().is_some_and(Caller::is_waiting)
                    });
                }
            }
            Frame::Reply(pickle) => {
                let raw = connections.get_mut(number).unwrap();
                let theirs = read(&pickle, &pickle::Limits::default()).unwrap();
                let Some(ours) = raw.receive().unwrap_or_default() else {
                    differs(step, &theirs.repr(300), "no reply");
                    continue;
                };
                if note_idents(&mut idents, &theirs, &ours) {
                    // Which methods are exposed differs from version to version.
                    continue;
                }
                let (theirs, ours) = (
                    idents.neutral(&theirs.repr(2_000), false),
                    idents.neutral(&ours.repr(2_000), true),
                );
                differs(step, &theirs, &ours);
            }
            Frame::Failure(kind, text) => {
                let raw = connections.get_mut(number).unwrap();
                let Some(ours) = raw.receive().unwrap_or_default() else {
                    differs(step, &text, "no reply");
                    continue;
                };
                let reply = Reply::of(&ours).unwrap();
                let said = match reply.value.as_str() {
                    Some(said) => said.trim_end().lines().next_back().unwrap_or_default(),
                    None => "",
                };
                let (theirs, ours) = (
                    idents.neutral(&format!("{kind} {text}"), false),
                    idents.neutral(&format!("{} {said}", reply.kind), true),
                );
                differs(step, &theirs, &ours);
            }
        }
    }
    (steps, differing)
}

/// Both sides' name of a new object: in the reply to `create`, or in a token.
fn note_idents(idents: &mut Idents, theirs: &Value, ours: &Value) -> bool {
    let ident = |reply: &Value| {
        let reply = Reply::of(reply).ok()?;
        let parts = reply.value.as_sequence()?;
        let ident = match reply.kind {
            "#PROXY" => crate::object::ident_of_token(&parts.get(1)?)?,
            _ if parts.len() == 2 && parts.get(1)?.as_sequence().is_some() => {
                parts.get(0)?.as_str()?.to_string()
            }
            _ => return None,
        };
        // CPython's are numbers of 12 hexadecimal digits.
        let hex = ident.bytes().all(|digit| digit.is_ascii_hexdigit());
        (hex && ident.len() >= 12).then_some(ident)
    };
    if let (Some(theirs), Some(ours)) = (ident(theirs), ident(ours)) {
        // Theirs is used again for another object, sooner or later.
        idents.0.retain(|(known, _)| *known != theirs);
        idents.0.push((theirs, ours));
        return true;
    }
    false
}

#[test]
fn our_replies_mean_what_cpythons_do() {
    for (version, recording) in RECORDINGS {
        let (steps, differing) = replay(version, recording);
        let unexplained: Vec<_> = differing
            .iter()
            .filter(|step| !DIFFERENT.iter().any(|(name, _)| step.contains(name)))
            .collect();
        eprintln!("{version}: {steps} steps, {} differ", differing.len());
        for step in &unexplained {
            eprintln!("{step}");
        }
        assert!(
            unexplained.is_empty(),
            "{version}: {} steps",
            unexplained.len()
        );
    }
}
