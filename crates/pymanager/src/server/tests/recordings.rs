//! What clients of CPython 3.6, 3.8, 3.11 and 3.13 asked their own managers,
//! asked of ours: the replies mean the same, or it is said why not.

use std::collections::{BTreeSet, HashMap};

use super::differences::DIFFERENT;
use super::*;
use crate::message::Reply;
use crate::object::Caller;

const RECORDINGS: [(&str, &str); 4] = [
    ("3.6", include_str!("../../../tests/data/types_py36.txt")),
    ("3.8", include_str!("../../../tests/data/types_py38.txt")),
    ("3.11", include_str!("../../../tests/data/types_py311.txt")),
    ("3.13", include_str!("../../../tests/data/types_py313.txt")),
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

/// Replays one recording; the steps that differ, with both replies.
fn replay(version: &str, recording: &str) -> (usize, Vec<(String, String)>) {
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
        if theirs != ours && !unknown {
            differing.push((
                step.to_string(),
                format!("theirs {theirs}\n  ours   {ours}"),
            ));
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
                let raw = connections.entry(number).or_insert_with(|| match version {
                    "3.13" => Raw::greeted(&server),
                    _ => Raw::greeted_as_old(&server),
                });
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
    let mut explained = BTreeSet::new();
    for (version, recording) in RECORDINGS {
        let (steps, differing) = replay(version, recording);
        eprintln!("{version}: {steps} steps, {} differ", differing.len());
        let mut unexplained = 0;
        for (step, replies) in &differing {
            let found = DIFFERENT.iter().find(|group| {
                let here = group.versions.is_empty() || group.versions.contains(&version);
                here && group.steps.contains(&step.as_str())
            });
            match found {
                Some(group) => {
                    explained.insert((group.reason, step.clone()));
                }
                None => {
                    unexplained += 1;
                    eprintln!("{step}:\n  {replies}");
                }
            }
        }
        assert_eq!(unexplained, 0, "{version}");
    }
    // What does not differ any more is no longer on the list.
    for group in DIFFERENT {
        for step in group.steps {
            let entry = (group.reason, step.to_string());
            assert!(explained.contains(&entry), "{entry:?}");
        }
    }
}
