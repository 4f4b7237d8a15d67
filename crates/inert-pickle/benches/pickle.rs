//! Messages read and written a second: a queue's small requests and replies, and a large
//! list, beside CPython's own C pickler.
//!
//! `cargo bench -p distributed --bench pickle`
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)]

use std::hint::black_box;

use common::measure::{Comparison, Unit, python, seconds};
use inert_pickle::{Limits, Reader, Reply, Request, Value, write_reply, write_request};

const ROUNDS: usize = 200_000;

fn main() {
    let mut put = Vec::new();
    write_request(
        &mut put,
        Some("7f25dc081e50"),
        "put",
        &[1234.into()],
        &[],
        4,
    )
    .unwrap();
    let text = Value::from("123 * 123 = 15129");
    let mut result = Vec::new();
    write_reply(&mut result, "#RETURN", &text, 4).unwrap();
    let numbers: Vec<Value> = (0..100_000).map(Value::from).collect();
    let list = Value::list(&numbers);
    let mut large = Vec::new();
    write_reply(&mut large, "#RETURN", &list, 4).unwrap();

    compare("read a put request", ROUNDS, "pickle.loads(put)", || {
        let mut reader = Reader::new(Limits::default());
        let put = &put;
        move || {
            let value = reader.read(black_box(put)).unwrap();
            let request = Request::of(&value).unwrap();
            black_box((request.method, request.argument(0, "item")));
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
                black_box(Reply::of(&value).unwrap().value);
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
                write_reply(&mut out, "#RETURN", black_box(&Value::none()), 4).unwrap();
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
                write_reply(&mut out, "#RETURN", black_box(text), 4).unwrap();
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
                let args = [black_box(1234).into()];
                write_request(&mut out, Some("7f25dc081e50"), "put", &args, &[], 4).unwrap();
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
                write_reply(&mut out, "#RETURN", black_box(list), 4).unwrap();
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
