//! CPython on both sides of the reader and writer: every object, at every protocol.
#![forbid(unsafe_code)]

use std::fmt::Write;
use std::path::PathBuf;

use common::testing::{Program, Python, bytes_of_hex, pythons};
use inert_pickle::{Limits, Reader, Value, protocol_of, write};

fn peer(python: &Python, task: &str) -> Program {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/pickle_peer.py");
    Program::new(&python.path)
        .arg(script)
        .arg(task)
        .env("PYTHONIOENCODING", "utf-8")
}

/// Objects of every kind go from CPython through our reader and writer, from each
/// protocol to each, and come back equal: same types, same sharing, same cycles.
#[test]
#[ignore = "needs python3"]
fn what_cpython_sends_comes_back_to_it_the_same() {
    for python in pythons() {
        let dumped = peer(&python, "dump").run().success();
        let highest = if python.version.starts_with("2.") {
            2
        } else if ["3.6", "3.7"]
            .iter()
            .any(|old| python.version.starts_with(old))
        {
            4
        } else {
            5
        };
        let (mut lines, mut count) = (String::new(), 0);
        let mut reader = Reader::new(Limits::default());
        for line in dumped.lines() {
            let [name, protocol, hex] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
            let payload = bytes_of_hex(hex);
            let stated = protocol_of(&payload);
            assert!(stated.to_string() == protocol || stated == 0 && protocol == "1");
            let read = reader.read(&payload);
            let value = read.unwrap_or_else(|error| panic!("{} {name}: {error}", python.version));
            for to in 2..=highest {
                // Cyclic sets have no form at the lower protocols: CPython fails as well.
                let written = match write(&value, to) {
                    Err(_) if name.starts_with("cyclic_frozenset") && to < 4 => continue,
                    written => written.unwrap_or_else(|error| panic!("{name} at {to}: {error}")),
                };
                let again = reader.read(&written).unwrap();
                assert_eq!(
                    write(&again, to).unwrap(),
                    written,
                    "{name} at {to}: not stable"
                );
                count += 1;
                writeln!(lines, "{name} {protocol}-{to} {}", hex_of(&written)).unwrap();
                if to >= 3 {
                    let detached = write(&value.detach(), to).unwrap();
                    assert_eq!(detached, written, "{name} at {to}: another when detached");
                }
            }
        }
        let checked = peer(&python, "check").stdin(lines).run();
        assert_eq!(
            checked.lines(),
            [count.to_string()],
            "CPython {}: {}",
            python.version,
            checked.stderr
        );
        println!(
            "CPython {}: {count} pickles came back the same",
            python.version
        );
    }
}

/// What one Python puts, another gets: the newest and the oldest of those installed, both
/// ways, in the words of the one that gets it.
#[test]
#[ignore = "needs python3"]
fn objects_cross_between_the_oldest_and_the_newest_cpython() {
    let pythons = pythons();
    let (Some(oldest), Some(newest)) = (pythons.first(), pythons.last()) else {
        panic!()
    };
    for (from, to, protocol) in [(newest, oldest, 2), (oldest, newest, 4)] {
        let dumped = peer(from, "dump").run().success();
        let (mut lines, mut count) = (String::new(), 0);
        for line in dumped.lines() {
            let [name, own, hex] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
            if !crosses(name) {
                continue;
            }
            let value = Reader::default().read(&bytes_of_hex(hex)).unwrap();
            let Ok(written) = write(&value, protocol) else {
                assert!(name.starts_with("cyclic_frozenset"), "{name}");
                continue;
            };
            writeln!(lines, "{name} {own}-{protocol} {}", hex_of(&written)).unwrap();
            count += 1;
        }
        let checked = peer(to, "check").stdin(lines).run();
        let (from, to) = (&from.version, &to.version);
        assert_eq!(
            checked.lines(),
            [count.to_string()],
            "{from} to {to}: {}",
            checked.stderr
        );
        println!("CPython {from} to {to}: {count} pickles arrived the same");
    }
}

/// Whether an object means the same to Python 2 and Python 3.
fn crosses(name: &str) -> bool {
    let kind = name.split('-').next().unwrap_or_default();
    // Python 2's bytes are its str, which arrive as a str where they are ASCII; it has no
    // construction by keyword, no nested classes by name and no state setters.
    !["bytes", "keyword", "inner", "box", "cyclic_box"].contains(&kind)
}

/// A reply with an item that Python 2 sent is read by Python 3, and the other way round.
#[test]
#[ignore = "needs python3"]
fn names_and_text_cross_between_python_2_and_3() {
    let read_by = |python: &Python, payload: &[u8], program: &str| {
        let program = format!(
            "import pickle, binascii, sys\n\
             value = pickle.loads(binascii.unhexlify('{}'))[1]\n{program}",
            hex_of(payload)
        );
        let finished = Program::new(&python.path).args(["-c", &program]).run();
        assert!(
            finished.status.success(),
            "CPython {}: {}",
            python.version,
            finished.stderr
        );
    };
    // As Python 2.7's cPickle and Python 3.13's pickle write
    // ['abc', {ValueError('x')}-like, Queue.Empty, range] at protocol 2.
    let from_2 = b"\x80\x02]q\x01(U\x03abcq\x02cQueue\nEmpty\nq\x03c__builtin__\nxrange\nq\x04\
                   cexceptions\nValueError\nq\x05U\x01x\x85q\x06Rq\x07c__builtin__\nset\nq\x08]q\x09\
                   (K\x01K\x02e\x85q\nRq\x0be.";
    let value = Reader::default().read(from_2).unwrap();
    for python in pythons() {
        let is_2 = python.version.starts_with("2.");
        let protocol = if is_2 { 2 } else { 3 };
        let reply = Value::tuple([&"#RETURN".into(), &value]);
        let reply = write(&reply, protocol).unwrap();
        let wanted = if is_2 {
            "import Queue as queue; range = xrange"
        } else {
            "import queue"
        };
        read_by(
            &python,
            &reply,
            &format!(
                "{wanted}\nassert value[:3] == ['abc', queue.Empty, range], value\n\
                 assert type(value[0]) is str and type(value[3]) is ValueError\n\
                 assert value[3].args == ('x',) and value[4] == set([1, 2])"
            ),
        );
        println!("CPython {}: reads what Python 2 put", python.version);
    }
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
