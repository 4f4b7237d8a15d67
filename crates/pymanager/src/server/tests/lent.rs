//! An object of one's own that lends, and is told what became of it.

use std::sync::Mutex;

use super::*;
use crate::{Answer, Class, Method, Object};

/// Numbers from 0 on, and of each whether it has arrived.
#[derive(Default)]
struct Numbers {
    next: Mutex<i64>,
    settled: Arc<Mutex<Vec<(i64, bool)>>>,
}

static NUMBERS: Class<Numbers> = Class::new(
    "tests.Numbers",
    &[
        Method::new("get", Signature::NONE, |numbers, _| {
            let mut next = numbers.next.lock().unwrap();
            let number = *next;
            *next += 1;
            let settled = Arc::clone(&numbers.settled);
            Ok(Answer::lent(number.into(), move |arrived| {
                settled.lock().unwrap().push((number, arrived));
            }))
        }),
        Method::new("wait", Signature::named(&["block", "timeout"], 0), {
            |_, call| {
                let patience = call.patience(0)?;
                while !call.is_gone() {
                    if let Some(patience) = patience {
                        return Ok(patience.as_secs_f64().into());
                    }
                    thread::park();
                }
                Ok(Answer::Nobody)
            }
        }),
    ],
);

impl Object for Numbers {
    fn class(&self) -> &'static Class<Self> {
        &NUMBERS
    }
}

fn serve_numbers() -> (Server, Arc<Numbers>) {
    let numbers = Arc::new(Numbers::default());
    let server = Manager::new(key())
        .register_object("tasks", &numbers)
        .start(Listener::bind("127.0.0.1:0").unwrap())
        .unwrap();
    (server, numbers)
}

#[test]
fn who_lends_is_told_once_whether_it_arrived() {
    let (server, numbers) = serve_numbers();
    let settled = || numbers.settled.lock().unwrap().clone();
    let (mut raw, ident) = Raw::with_tasks(&server);
    raw.ask(Some(&ident), "get", &[]);
    assert_eq!(settled(), []);
    // Who asks for more has the last one; who leaves it unread has not.
    raw.send(Some(&ident), "get", &[]);
    raw.stream().set_read_timeout(Some(LONG)).unwrap();
    assert_eq!(raw.stream().peek(&mut [0]).unwrap(), 1);
    drop(raw);
    until("its thread is gone", || server.connections() == 0);
    assert_eq!(settled(), [(0, true), (1, false)]);
    // Who says good-bye with nothing unread has it.
    let (mut raw, ident) = Raw::with_tasks(&server);
    raw.ask(Some(&ident), "get", &[]);
    drop(raw);
    until("its thread is gone", || server.connections() == 0);
    assert_eq!(settled()[2..], [(2, true)]);
}

#[test]
fn a_wait_of_ones_own_ends_with_its_client() {
    let (server, _numbers) = serve_numbers();
    let (mut raw, ident) = Raw::with_tasks(&server);
    for (args, seconds) in [
        (vec![false.into()], 0.0),
        (vec![false.into(), 7.into()], 0.0),
        (vec![true.into(), 1.5.into()], 1.5),
    ] {
        let waited = raw.ask(Some(&ident), "wait", &args);
        assert_eq!(waited.as_f64(), Some(seconds));
    }
    for (timeout, told) in [
        (Value::from("x"), "not supported between"),
        ((-1).into(), "non-negative"),
        (f64::NAN.into(), "NaN"),
    ] {
        raw.send(Some(&ident), "wait", &[true.into(), timeout]);
        let (kind, text) = raw.reply();
        assert_eq!(kind, "#ERROR");
        assert!(text.contains(told), "{text}");
    }
    raw.send(Some(&ident), "wait", &[]);
    drop(raw);
    until("its thread is gone", || server.connections() == 0);
}
