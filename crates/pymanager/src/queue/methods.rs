//! The methods of the queue classes, as a proxy calls them.

use std::sync::Arc;
use std::time::Duration;

use multiproc::deadline::Deadline;

use super::core::Refused;
use super::shared::{Item, QueueKind, QueueObject};
use crate::object::{
    Answer, Call, Class, Exception, Lent, Method, Outcome, Served, Signature, exact,
};
use crate::types::not_an_integer;
use inert_pickle::Value;

/// `queue.Queue`, as Python 3.13 has it; older clients do not mind the method
/// that they do not know.
pub(crate) static QUEUE: Class<QueueObject> =
    Class::new("queue.Queue", METHODS).with_unlisted(ATTRIBUTES);

pub(crate) static LIFO: Class<QueueObject> =
    Class::new("queue.LifoQueue", METHODS).with_unlisted(ATTRIBUTES);

pub(crate) static PRIORITY: Class<QueueObject> =
    Class::new("queue.PriorityQueue", METHODS).with_unlisted(ATTRIBUTES);

pub(crate) static SIMPLE: Class<QueueObject> = Class::new("_queue.SimpleQueue", SIMPLE_METHODS);

const METHODS: &[Method<QueueObject>] = &[
    EMPTY,
    Method::new("full", Signature::NONE, |object, _| {
        Ok(object.queue.is_full().into())
    }),
    GET,
    GET_NOWAIT,
    Method::new("join", Signature::NONE, |object, call| {
        let joined = object.queue.join(&call.wait(Deadline::NEVER));
        done(joined)
    }),
    PUT,
    PUT_NOWAIT,
    QSIZE,
    Method::new(
        "shutdown",
        Signature::named(&["immediate"], 0),
        |object, call| {
            object.queue.shut_down(call.flag(0, false));
            Ok(Answer::none())
        },
    ),
    Method::new("task_done", Signature::NONE, |object, _| {
        done(object.queue.task_done())
    }),
];

const SIMPLE_METHODS: &[Method<QueueObject>] = &[EMPTY, GET, GET_NOWAIT, PUT, PUT_NOWAIT, QSIZE];

const EMPTY: Method<QueueObject> = Method::new("empty", Signature::NONE, |object, _| {
    Ok((object.queue.len() == 0).into())
});

const QSIZE: Method<QueueObject> = Method::new("qsize", Signature::NONE, |object, _| {
    Ok(number(object.queue.len()).into())
});

const PUT: Method<QueueObject> = Method::new(
    "put",
    Signature::named(&["item", "block", "timeout"], 1),
    |object, call| {
        // Without a limit nothing waits, and Python does not even look at the
        // time-out.
        let deadline = match object.queue.capacity() {
            0 => Deadline::NEVER,
            _ => deadline(call, 1)?,
        };
        put(object, call, deadline)
    },
);

const PUT_NOWAIT: Method<QueueObject> = Method::new(
    "put_nowait",
    Signature::named(&["item"], 1),
    |object, call| put(object, call, Deadline::after(Duration::ZERO)),
);

const GET: Method<QueueObject> = Method::new(
    "get",
    Signature::named(&["block", "timeout"], 0),
    |object, call| {
        let deadline = deadline(call, 0)?;
        get(object, call, deadline)
    },
);

const GET_NOWAIT: Method<QueueObject> =
    Method::new("get_nowait", Signature::NONE, |object, call| {
        get(object, call, Deadline::after(Duration::ZERO))
    });

/// What CPython's tests look at, and its own proxies cannot reach.
const ATTRIBUTES: &[Method<QueueObject>] = &[Method::new(
    "__getattribute__",
    Signature::named(&["name"], 1),
    |object, call| {
        let name = call.value(0);
        Ok(match name.as_str().unwrap_or_default() {
            "is_shutdown" => object.queue.is_closed().into(),
            "unfinished_tasks" => number(object.queue.unfinished()).into(),
            "maxsize" => number(object.queue.capacity()).into(),
            _ => {
                return Err(Exception::attribute_error(format!(
                    "'{}' object has no attribute {}",
                    object_name(object.kind),
                    name.repr(100)
                )));
            }
        })
    },
)];

fn object_name(kind: QueueKind) -> &'static str {
    match kind {
        QueueKind::Fifo => "Queue",
        QueueKind::Lifo => "LifoQueue",
        QueueKind::Priority => "PriorityQueue",
        QueueKind::Simple => "SimpleQueue",
    }
}

fn put(object: &QueueObject, call: &Call<'_>, deadline: Deadline) -> Outcome {
    let item = Item(call.keep(0));
    done(object.queue.put(item, &call.wait(deadline)))
}

fn get(object: &QueueObject, call: &Call<'_>, deadline: Deadline) -> Outcome {
    match object.queue.get(&call.wait(deadline)) {
        Err(refused) => done(Err(refused)),
        Ok(Item(stored)) => {
            let object = call.this::<QueueObject>();
            Ok(Answer::Lent(Lent {
                stored,
                put_back: Box::new(move |stored| {
                    if let Some(object) = object {
                        object.queue.put_back(Item(stored));
                    }
                }),
            }))
        }
    }
}

/// What a queue's refusal is in Python.
fn done(outcome: Result<(), Refused>) -> Outcome {
    Err(match outcome {
        Ok(()) => return Ok(Answer::none()),
        // `join` has no time-out here: who ends it is the caller.
        Err(Refused::CalledOff | Refused::Unfinished) => return Ok(Answer::Nobody),
        Err(Refused::Empty) => Exception::of_queue("Empty"),
        Err(Refused::Full) => Exception::of_queue("Full"),
        Err(Refused::Closed) => Exception::of_queue("ShutDown"),
        Err(Refused::TooManyDone) => Exception::value_error("task_done() called too many times"),
        Err(Refused::Incomparable(error)) => Exception::type_error(error.0),
        Err(Refused::NoMemory(text)) => Exception::memory_error(text),
    })
}

/// Until when to wait, from the arguments `block` and `timeout`, the first of
/// them at `index`.
fn deadline(call: &Call<'_>, index: usize) -> Result<Deadline, Exception> {
    let patience = call.patience(index)?;
    Ok(patience.map_or(Deadline::NEVER, Deadline::after))
}

/// A count as a Python number.
pub(crate) fn number(count: usize) -> Value {
    Value::from(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Makes a queue of this kind, as calling its class does.
pub(crate) fn make(kind: QueueKind, call: &Call<'_>, own: usize) -> Result<Served, Exception> {
    let capacity = match call.get(0) {
        None => 0.0,
        Some(maxsize) => exact(maxsize).ok_or_else(|| not_an_integer(maxsize))?,
    };
    // Zero and less is without a limit. Python compares with the length, so
    // that 2.5 lets three in. (A float that is too large, or no number, is 0
    // or the largest there is.)
    let object = QueueObject::new(kind, capacity.ceil() as usize);
    object.limit_memory(own, call.memory());
    Ok(Served::shared(&Arc::new(object)))
}

/// The parameters of a queue class.
pub(crate) fn parameters(kind: QueueKind) -> Signature {
    match kind {
        QueueKind::Simple => Signature::NONE,
        _ => Signature::named(&["maxsize"], 0),
    }
}
