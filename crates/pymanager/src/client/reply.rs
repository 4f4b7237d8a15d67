//! What a reply says: a value, an object, or an exception.

use super::token::{self, Token};
use crate::error::Error;
use crate::message::Reply;
use inert_pickle::{Kind, Value};

/// What a method gave back.
#[derive(Debug)]
pub(crate) enum Returned {
    /// A value.
    Value(Value),
    /// A new object of the manager's, with one reference that is ours now.
    Proxy { exposed: Vec<String>, token: Token },
}

/// What a reply says: a value, an object, or an exception by the name of its
/// class.
pub(super) fn returned(reply: Reply<'_>) -> Result<Returned, Error> {
    match reply.kind {
        "#RETURN" => Ok(Returned::Value(without_view(reply.value))),
        "#PROXY" => proxy(&reply.value)
            .ok_or_else(|| Error::Protocol("a proxy without methods and token".to_string())),
        "#ERROR" => Err(error_of(&reply.value)),
        "#TRACEBACK" => Err(Error::Refused(last_line(&reply.value))),
        "#UNSERIALIZABLE" => {
            let text = last_line(&reply.value);
            Err(Error::Refused(format!("unserializable: {text}")))
        }
        other => Err(Error::Protocol(format!(
            "a reply of the kind {}",
            Value::from(other).repr(60)
        ))),
    }
}

/// What comes of `keys()`, `values()` and `items()` is `list([…])`, a call,
/// because what a dict returns cannot be pickled: it is the list.
pub(crate) fn without_view(value: Value) -> Value {
    let list = match value.as_call() {
        Some(("builtins", "list", args)) if args.len() == 1 => args.get(0),
        _ => None,
    };
    match list {
        Some(list) if matches!(list.kind(), Kind::List(_)) => list,
        _ => value,
    }
}

fn proxy(value: &Value) -> Option<Returned> {
    let parts = value.as_sequence()?;
    Some(Returned::Proxy {
        exposed: token::names(&parts.get(0)?)?,
        token: Token::of(&parts.get(1)?)?,
    })
}

/// The exception that came. The module of the queue's does not count: it
/// differs from one Python to the next (`_queue`, `queue`, `Queue`).
pub(crate) fn error_of(exception: &Value) -> Error {
    let Some((module, class, args)) = exception.as_call() else {
        return match is_shut_down(exception) {
            true => Error::ShutDown,
            false => Error::Protocol("an exception of no class".to_string()),
        };
    };
    let args: Vec<Value> = args.collect();
    let message = match &args[..] {
        [] => String::new(),
        [one] => match one.as_str() {
            Some(text) => text.to_string(),
            None => one.repr(200),
        },
        all => Value::tuple(all).repr(200),
    };
    match (module, class) {
        ("queue" | "_queue" | "Queue", "Empty") => Error::Empty,
        ("queue" | "_queue" | "Queue", "Full") => Error::Full,
        ("queue" | "_queue" | "Queue", "ShutDown") => Error::ShutDown,
        ("threading", "BrokenBarrierError") => Error::BrokenBarrier,
        (_, "ValueError") if message == "task_done() called too many times" => Error::TooManyDone,
        _ => Error::Raised {
            module: module.to_string(),
            class: class.to_string(),
            message,
            args: args.iter().map(Value::detach).collect(),
        },
    }
}

/// Whether an exception is `getattr(queue, 'ShutDown', …)()`, which managers
/// send to whom they cannot tell from a Python that has no `ShutDown`.
fn is_shut_down(exception: &Value) -> bool {
    let Kind::Object(exception) = exception.kind() else {
        return false;
    };
    let class = exception.callable();
    class.as_call().is_some_and(|(module, function, args)| {
        (module, function) == ("builtins", "getattr")
            && args
                .get(1)
                .is_some_and(|name| name.as_str() == Some("ShutDown"))
    })
}

/// The last line of a traceback says what happened.
fn last_line(text: &Value) -> String {
    let text = text.as_str().unwrap_or_default();
    let line = text.lines().rev().find(|line| !line.trim().is_empty());
    line.unwrap_or("no reason given").trim().to_string()
}
