//! An object in the manager, by its identifier.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::connection::{Invocation, Target};
use crate::error::Error;
use crate::message::Reply;
use inert_pickle::{Kind, Value};

/// A stand-in for an object of whatever class in a manager, Python or Rust.
///
/// Clones stand for the same object. When the last is dropped, the manager is
/// told that one reference less is held.
#[derive(Clone)]
pub struct Proxy {
    object: Arc<Object>,
}

struct Object {
    target: Arc<Target>,
    ident: String,
    exposed: Vec<String>,
}

impl Proxy {
    pub(crate) fn create(
        target: &Arc<Target>,
        name: &str,
        arguments: &[Value],
    ) -> Result<Self, Error> {
        let mut all = vec![Value::from(name)];
        all.extend_from_slice(arguments);
        let created = target.request("create", &all)?;
        let parts = created.as_sequence().and_then(|parts| {
            let ident = parts.get(0)?.as_str()?.to_string();
            let exposed = parts.get(1)?;
            let exposed = exposed.as_sequence()?;
            let exposed = exposed.filter_map(|name| Some(name.as_str()?.to_string()));
            Some((ident, exposed.collect()))
        });
        let (ident, exposed) = parts.ok_or_else(|| {
            Error::Protocol("the manager's answer to 'create' is no identifier".to_string())
        })?;
        Ok(Proxy {
            object: Arc::new(Object {
                target: Arc::clone(target),
                ident,
                exposed,
            }),
        })
    }

    /// The methods that the manager lets proxies call.
    pub fn methods(&self) -> &[String] {
        &self.object.exposed
    }

    /// Calls a method. `wait` is how long it may block over there, none is
    /// without end; the answer has [`Patience::answer`](super::Patience) more.
    ///
    /// # Errors
    ///
    /// What the method raises, and those of a broken connection.
    pub fn call(
        &self,
        method: &str,
        args: &[Value],
        kwargs: &[(&str, Value)],
        wait: Option<Duration>,
    ) -> Result<Value, Error> {
        self.object.target.call(&Invocation {
            ident: Some(&self.object.ident),
            method,
            args,
            kwargs,
            wait,
        })
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        self.target.say_goodbye(&self.ident);
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("ident", &self.object.ident)
            .finish_non_exhaustive()
    }
}

/// What a reply says: a value, or an exception by the name of its class.
///
/// The module does not count: it differs from one Python to the next
/// (`_queue`, `queue`, `Queue`).
pub(super) fn outcome(reply: Reply<'_>) -> Result<Value, Error> {
    match reply.kind {
        "#RETURN" => return Ok(reply.value),
        "#ERROR" => {}
        "#TRACEBACK" => return Err(Error::Refused(last_line(&reply.value))),
        "#UNSERIALIZABLE" => {
            let text = last_line(&reply.value);
            return Err(Error::Refused(format!("unserializable: {text}")));
        }
        other => {
            return Err(Error::Protocol(format!(
                "a reply of the kind {}",
                Value::from(other).repr(60)
            )));
        }
    }
    let Some((module, class, mut args)) = reply.value.as_call() else {
        return Err(match is_shut_down(&reply.value) {
            true => Error::ShutDown,
            false => Error::Protocol("an exception of no class".to_string()),
        });
    };
    Err(match (module, class) {
        ("queue" | "_queue" | "Queue", "Empty") => Error::Empty,
        ("queue" | "_queue" | "Queue", "Full") => Error::Full,
        ("queue" | "_queue" | "Queue", "ShutDown") => Error::ShutDown,
        _ => {
            let message = args.next().map(|message| match message.as_str() {
                Some(text) => text.to_string(),
                None => message.repr(200),
            });
            raised(class, message.unwrap_or_default())
        }
    })
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

fn raised(class: &str, message: String) -> Error {
    if class == "ValueError" && message == "task_done() called too many times" {
        return Error::TooManyDone;
    }
    Error::Raised {
        class: class.to_string(),
        message,
    }
}

/// The last line of a traceback says what happened.
fn last_line(text: &Value) -> String {
    let text = text.as_str().unwrap_or_default();
    let line = text.lines().rev().find(|line| !line.trim().is_empty());
    line.unwrap_or("no reason given").trim().to_string()
}
