//! Messages read and written a second: a queue's small requests and replies, and a large
//! list, beside CPython's own C pickler.
//!
//! `cargo bench -p inert-pickle`
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a bench fails by a panic")]

use std::hint::black_box;

use common::measure::{Comparison, Unit, python, seconds};
use inert_pickle::{Composer, Error, Kind, Limits, Reader, Value};

const ROUNDS: usize = 200_000;

/// `('#RETURN', value)`
fn reply(out: &mut Vec<u8>, value: &Value) -> Result<(), Error> {
    Composer::write(out, 4, |reply| {
        reply.tuple(2, |reply| {
            reply.str("#RETURN");
            reply.value(value)
        })
    })
}

/// `('7f25dc081e50', 'put', (item,), {})`
fn put_request(out: &mut Vec<u8>, item: &Value) -> Result<(), Error> {
    Composer::write(out, 4, |request| {
        request.tuple(4, |request| {
            request.str("7f25dc081e50");
            request.str("put");
            request.tuple(1, |args| args.value(item))?;
            request.dict(|_| Ok(()))
        })
    })
}

fn main() {
    let mut put = Vec::new();
    put_request(&mut put, &1234.into()).unwrap();
    let text = Value::from("123 * 123 = 15129");
    let mut result = Vec::new();
    reply(&mut result, &text).unwrap();
    let numbers: Vec<Value> = (0..100_000).map(Value::from).collect();
    let list = Value::list(&numbers);
    let mut large = Vec::new();
    reply(&mut large, &list).unwrap();

    compare("read a put request", ROUNDS, "pickle.loads(put)", || {
        let mut reader = Reader::new(Limits::default());
        let put = &put;
        move || {
            let value = reader.read(black_box(put)).unwrap();
            let request = value.as_sequence().unwrap();
            let Some(Kind::Tuple(args)) = request.kind(2) else {
                panic!()
            };
            black_box((request.kind(1).unwrap().as_str(), args.get(0)));
        }
    });
    compare(
        "read a reply with a text",
        ROUNDS,
        "pickle.loads(result)",
        || {
            let mut reader = Reader::new(Limits::default());
            let result = &result;
            move || {
                let value = reader.read(black_box(result)).unwrap();
                black_box(value.as_sequence().unwrap().get(1));
            }
        },
    );
    compare(
        "write a reply of None",
        ROUNDS,
        "dumps(('#RETURN', None))",
        || {
            let mut out = Vec::new();
            move || {
                out.clear();
                reply(&mut out, black_box(&Value::none())).unwrap();
            }
        },
    );
    compare(
        "write a reply with a text",
        ROUNDS,
        "dumps(('#RETURN', text))",
        || {
            let (mut out, text) = (Vec::new(), &text);
            move || {
                out.clear();
                reply(&mut out, black_box(text)).unwrap();
            }
        },
    );
    compare(
        "write a put request",
        ROUNDS,
        "dumps((ident, 'put', (1234,), {}))",
        || {
            let mut out = Vec::new();
            move || {
                out.clear();
                put_request(&mut out, &black_box(1234).into()).unwrap();
            }
        },
    );
    compare("read 100,000 ints", 20, "pickle.loads(large)", || {
        let mut reader = Reader::new(Limits::default());
        let large = &large;
        move || drop(black_box(reader.read(black_box(large)).unwrap()))
    });
    compare(
        "write 100,000 ints",
        20,
        "dumps(('#RETURN', numbers))",
        || {
            let (mut out, list) = (Vec::new(), &list);
            move || {
                out.clear();
                reply(&mut out, black_box(list)).unwrap();
            }
        },
    );
}

fn compare<W: FnMut()>(title: &str, rounds: usize, python_code: &str, ours: impl FnOnce() -> W) {
    let mut work = ours();
    let program = format!(
        "import io, pickle, sys, time\n\
         from multiprocessing.reduction import ForkingPickler\n\
         dumps = ForkingPickler.dumps\n\
         ident, text, numbers = '7f25dc081e50', '123 * 123 = 15129', list(range(100_000))\n\
         put = bytes(dumps((ident, 'put', (1234,), {{}})))\n\
         result = bytes(dumps(('#RETURN', text)))\n\
         large = bytes(dumps(('#RETURN', numbers)))\n\
         start = time.perf_counter()\n\
         for _ in range({rounds}): {python_code}\n\
         print({rounds} / (time.perf_counter() - start))"
    );
    Comparison::new(title, Unit::PerSecond)
        .candidate("ours", || {
            let taken = seconds(|| (0..rounds).for_each(|_| work()));
            Some(rounds as f64 / taken)
        })
        .candidate("CPython", || python(&program, &[]))
        .run();
}
