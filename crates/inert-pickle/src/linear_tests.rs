//! Whatever is done with a message twice as long takes at most twice the work, memory and
//! room, however its parts are shared. Work is counted in nodes and bytes looked at.

#![expect(
    clippy::unwrap_used,
    reason = "tests, which clippy does not see behind the feature"
)]

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use super::meter;
use super::semantics::{self, CompareError, Key, Work};
use super::{Kind, Limits, Value, from_value, read, write};

/// No pickle is longer than so many times the message that the value came in, and a few
/// KiB.
const LONGEST: usize = 40;

/// A message of about `size` bytes, at protocol 4.
struct Shape {
    name: &'static str,
    make: fn(usize) -> Vec<u8>,
}

fn text(len: usize) -> Vec<u8> {
    [b"X", &(len as u32).to_le_bytes()[..], &vec![b'x'; len]].concat()
}

fn stored(index: usize) -> Vec<u8> {
    [b"j", &(index as u32).to_le_bytes()[..]].concat()
}

const SHAPES: &[Shape] = &[
    Shape {
        name: "globals that share one long name",
        make: |size| {
            let name = [text(1000), b"\x940](".to_vec()].concat();
            [name, b"h\0h\0\x93".repeat(size / 5), b"e".to_vec()].concat()
        },
    },
    Shape {
        name: "globals of any of some modules and any of some names",
        make: |size| {
            let names = [text(1000), b"\x940".to_vec()].concat().repeat(40);
            let mut body = [names, b"](".to_vec()].concat();
            for pair in 0..size / 11 {
                body.extend([stored(pair % 40), stored(pair / 40 % 40), b"\x93".to_vec()].concat());
            }
            body.push(b'e');
            body
        },
    },
    Shape {
        name: "a long text, many times",
        make: |size| {
            let text = [b"](".to_vec(), text(size / 2), b"\x94".to_vec()].concat();
            [text, b"h\0".repeat(size / 4), b"e".to_vec()].concat()
        },
    },
    Shape {
        name: "a long key, many times",
        make: |size| {
            let key = [b"}(".to_vec(), text(size / 2), b"\x94N".to_vec()].concat();
            [key, b"h\0N".repeat(size / 6), b"u".to_vec()].concat()
        },
    },
    Shape {
        name: "a long list, many times",
        make: |size| {
            let list = [b"](](".to_vec(), b"N".repeat(size / 2), b"e\x94".to_vec()].concat();
            [list, b"h\0".repeat(size / 4), b"e".to_vec()].concat()
        },
    },
    Shape {
        name: "a set of long texts, many times",
        make: |size| {
            let texts = text(40).repeat(size / 90);
            let set = [b"](\x8f(".to_vec(), texts, b"\x90\x94".to_vec()].concat();
            [set, b"h\0".repeat(size / 4), b"e".to_vec()].concat()
        },
    },
    Shape {
        name: "each twice the one before",
        make: |size| [text(10), b"2\x86".repeat(size.min(9000) / 2)].concat(),
    },
    Shape {
        name: "objects that share their state",
        make: |size| {
            let head = [
                b"cm\nC\n\x940".to_vec(),
                text(size / 2),
                b"\x940](".to_vec(),
            ]
            .concat();
            [head, b"h\0h\x01\x85R".repeat(size / 12), b"e".to_vec()].concat()
        },
    },
    Shape {
        name: "sets spelt out of one list",
        make: |size| {
            let list = [
                b"](".to_vec(),
                b"N".repeat(size / 2),
                b"e\x85\x940".to_vec(),
            ]
            .concat();
            let head = [b"cbuiltins\nset\n\x940".to_vec(), list, b"](".to_vec()].concat();
            [head, b"h\0h\x01R".repeat(size / 10), b"e".to_vec()].concat()
        },
    },
    Shape {
        name: "a tuple in itself, many times",
        make: |size| {
            let count = size / 16;
            let mut body = [b"(".to_vec(), b"]\x94".repeat(count), b"t\x94".to_vec()].concat();
            for index in 0..count {
                body.extend([stored(index), stored(count), b"a0".to_vec()].concat());
            }
            body
        },
    },
    Shape {
        name: "empty bytearrays",
        make: |size| {
            let one = b"\x96\0\0\0\0\0\0\0\0";
            [b"](".to_vec(), one.repeat(size / 9), b"e".to_vec()].concat()
        },
    },
    Shape {
        name: "a long number, many times",
        make: |size| {
            let digits = vec![1; size / 2];
            let head = [b"](\x8b", &(digits.len() as u32).to_le_bytes()[..], &digits].concat();
            [
                head,
                b"\x94".to_vec(),
                b"h\0".repeat(size / 4),
                b"e".to_vec(),
            ]
            .concat()
        },
    },
    Shape {
        name: "decimals",
        make: |size| {
            let head = b"cdecimal\nDecimal\n\x940](".to_vec();
            [
                head,
                b"h\0\x8c\x061E-399\x85R".repeat(size / 12),
                b"e".to_vec(),
            ]
            .concat()
        },
    },
    Shape {
        name: "many small dicts",
        make: |size| {
            [
                b"](".to_vec(),
                b"}K\x01K\x02s".repeat(size / 6),
                b"e".to_vec(),
            ]
            .concat()
        },
    },
];

/// What was done, what it cost, and how many bytes came of it.
type Cost = (String, u64, usize);

fn use_it(message: &[u8]) -> Vec<Cost> {
    let mut costs: Vec<Cost> = Vec::new();
    let mut done = |what: String, made: usize| costs.push((what, meter::take(), made));
    meter::take();
    let value = read(message, &Limits::default()).unwrap();
    done("read".to_owned(), value.memory());
    let same = read(message, &Limits::default()).unwrap();
    meter::take();
    for protocol in 2..=5 {
        let written = write(&value, protocol).map_or(0, |written| written.len());
        done(format!("write at {protocol}"), written);
    }
    assert!(value == same);
    done("the same pickle".to_owned(), 0);
    done("detach".to_owned(), value.detach().memory());
    done("repr".to_owned(), value.repr(message.len()).len());
    let mut compared = |what: &str, compare: &dyn Fn(&mut Work) -> Result<(), CompareError>| {
        let mut work = Work::new(1 << 40);
        let result = compare(&mut work);
        assert!(!matches!(result, Err(CompareError::TooLarge { .. })));
        // What was charged is no less than what was looked at, but for a constant.
        let looked_at = meter::take();
        costs.push((what.to_owned(), looked_at.max(work.spent()), 0));
    };
    compared("==", &|work| {
        semantics::equal(&value, &same, work).map(|_| ())
    });
    compared("<", &|work| {
        semantics::less(&value, &same, work).map(|_| ())
    });
    compared("hash", &|work| {
        // A list is no key, but what is in it may be one, all of it.
        let parts: Vec<Value> = match value.kind() {
            Kind::List(items) => items.collect(),
            _ => vec![value.clone()],
        };
        Key::new(Value::tuple(&parts), work).map(|_| ())
    });
    meter::take();
    let made = from_value::<Size>(&value).map_or(0, |size| size.0);
    costs.push(("to Rust".to_owned(), meter::take(), made));
    let found = match value.kind() {
        Kind::Dict(pairs) => pairs.get("timeout").is_some(),
        _ => false,
    };
    assert!(!found);
    costs.push(("a keyword".to_owned(), meter::take(), 0));
    costs
}

/// How much memory data of that form takes: 32 bytes for each part, and its text.
struct Size(usize);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Size, D::Error> {
        from.deserialize_any(Size(32))
    }
}

impl<'de> Visitor<'de> for Size {
    type Value = Size;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<Size, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Size, E> {
        Ok(self)
    }

    fn visit_str<E>(self, text: &str) -> Result<Size, E> {
        Ok(Size(self.0 + text.len()))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Size, E> {
        Ok(Size(self.0 + bytes.len()))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut parts: A) -> Result<Size, A::Error> {
        while let Some(part) = parts.next_element::<Size>()? {
            self.0 += part.0;
        }
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut parts: A) -> Result<Size, A::Error> {
        while let Some((key, value)) = parts.next_entry::<Size, Size>()? {
            self.0 += key.0 + value.0;
        }
        Ok(self)
    }
}

fn message(shape: &Shape, size: usize) -> Vec<u8> {
    [b"\x80\x04", &(shape.make)(size)[..], b"."].concat()
}

#[test]
fn twice_as_much_takes_no_more_than_twice_as_long() {
    // On the stack of an ordinary thread: serde recurses.
    for shape in SHAPES {
        let messages = [8_000, 16_000, 32_000].map(|size| message(shape, size));
        let costs = messages.each_ref().map(|message| use_it(message));
        for (step, pair) in costs.windows(2).enumerate() {
            for ((what, before, made_before), (_, after, made)) in pair[0].iter().zip(&pair[1]) {
                // A look at all nodes may come on top, where there are many.
                let fine = *after <= before * 5 / 2 + 3 * messages[step].len() as u64;
                let name = shape.name;
                assert!(fine, "{name}: {what}: {before}, {after} (step {step})");
                let constant = if what == "to Rust" { 32 << 20 } else { 8 << 10 };
                let fine = *made <= made_before * 5 / 2 + constant;
                assert!(
                    fine,
                    "{name}: {what} makes {made_before}, {made} (step {step})"
                );
            }
        }
        for (message, costs) in messages.iter().zip(&costs) {
            for (what, cost, made) in costs {
                let (name, len) = (shape.name, message.len() as u64);
                assert!(*cost <= 2000 * len, "{name}: {what}: {cost} for {len}");
                let (most, constant) = match what.as_str() {
                    "to Rust" => (600, 16 << 20),
                    _ => (LONGEST, 8 << 10),
                };
                let fine = *made <= most * message.len() + constant;
                assert!(fine, "{name}: {what} makes {made} of {len}");
            }
        }
    }
}

#[test]
fn a_name_is_no_longer_than_a_name() {
    for len in [1024, 1025, 100_000] {
        let message = [b"\x80\x04", &text(len)[..], b"\x94h\0\x93."].concat();
        assert_eq!(read(&message, &Limits::default()).is_ok(), len <= 1024);
    }
}
