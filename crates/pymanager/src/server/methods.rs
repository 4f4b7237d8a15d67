//! The methods of a queue, as a proxy calls them.

use std::sync::Arc;
use std::time::Duration;

use multiproc::deadline::Deadline;

use super::arguments::{Bound, Signature};
use super::exception::Exception;
use super::objects::represent;
use super::one_shot::number;
use super::reply::{Handed, Reply};
use crate::message::Request;
use crate::queue::{Refused, Wait};
use crate::shared::{Item, QueueKind, Served};
use inert_pickle::Value;

/// The methods of `queue.Queue` that a proxy has, as Python 3.13 has them;
/// older ones do not mind the one that they do not know.
const QUEUE: &[&str] = &[
    "empty",
    "full",
    "get",
    "get_nowait",
    "join",
    "put",
    "put_nowait",
    "qsize",
    "shutdown",
    "task_done",
];

/// The methods of `queue.SimpleQueue`.
const SIMPLE: &[&str] = &["empty", "get", "get_nowait", "put", "put_nowait", "qsize"];

pub(crate) fn exposed(kind: QueueKind) -> &'static [&'static str] {
    match kind {
        QueueKind::Simple => SIMPLE,
        _ => QUEUE,
    }
}

/// Whom a method is called for.
pub(crate) struct Call<'a> {
    pub(crate) served: Arc<Served>,
    pub(crate) request: &'a Request<'a>,
    /// The client, without a time-out.
    pub(crate) wait: Wait<'a>,
    /// Whether the client's Python has `queue.ShutDown`.
    pub(crate) knows_shutdown: bool,
}

/// A method that did not return.
enum Failure {
    Refused(Refused),
    Raised(Exception),
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Failure::Refused(refused)
    }
}

impl From<Exception> for Failure {
    fn from(exception: Exception) -> Self {
        Failure::Raised(exception)
    }
}

impl Call<'_> {
    /// Calls the method; none when the client has gone meanwhile.
    pub(crate) fn answer(mut self) -> Option<Reply> {
        if !exposed(self.served.kind).contains(&self.request.method) {
            return Some(self.answer_unexposed());
        }
        Some(match self.run() {
            Ok(reply) => reply,
            Err(Failure::Raised(exception)) => Reply::Raise(exception),
            Err(Failure::Refused(refused)) => {
                Reply::Raise(Exception::of_refusal(refused, self.knows_shutdown)?)
            }
        })
    }

    fn run(&mut self) -> Result<Reply, Failure> {
        let method = self.request.method;
        let class = match self.served.kind {
            QueueKind::Simple => "SimpleQueue",
            // Where the method is defined.
            _ => "Queue",
        };
        let bound = signature(method).bind(&format!("{class}.{method}"), self.request, 0)?;
        let served = Arc::clone(&self.served);
        let queue = &served.queue;
        let value = match method {
            "put" | "put_nowait" => {
                let item = bound.first().cloned().flatten().unwrap_or_default();
                // Without a limit nothing waits, and Python does not even look
                // at the time-out.
                let bounded = queue.capacity() > 0;
                if bounded {
                    self.wait.deadline = self.deadline(&bound, 1)?;
                }
                queue.put(Item(item), &self.wait)?;
                Value::none()
            }
            "get" | "get_nowait" => {
                self.wait.deadline = self.deadline(&bound, 0)?;
                let Item(item) = queue.get(&self.wait)?;
                return Ok(Reply::Item(Handed { item, from: served }));
            }
            "join" => {
                queue.join(&self.wait)?;
                Value::none()
            }
            "task_done" => {
                queue.task_done()?;
                Value::none()
            }
            "shutdown" => {
                queue.shut_down(is_true(&bound, 0, false));
                Value::none()
            }
            "empty" => Value::from(queue.len() == 0),
            "full" => Value::from(queue.is_full()),
            _ => number(queue.len()),
        };
        Ok(Reply::Return(value))
    }

    /// Until when to wait, from the arguments `block` and `timeout`, the
    /// first of them at `index`.
    fn deadline(&self, bound: &Bound, index: usize) -> Result<Deadline, Exception> {
        if self.request.method.ends_with("_nowait") || !is_true(bound, index, true) {
            return Ok(Deadline::after(Duration::ZERO));
        }
        let Some(timeout) = bound.get(index + 1).and_then(Option::as_ref) else {
            return Ok(Deadline::NEVER);
        };
        if timeout.is_none() {
            return Ok(Deadline::NEVER);
        }
        let seconds = timeout.as_f64().ok_or_else(|| {
            Exception::type_error(format!(
                "'<' not supported between instances of '{}' and 'int'",
                timeout.type_name()
            ))
        })?;
        if seconds < 0.0 {
            return Err(Exception::value_error(
                "'timeout' must be a non-negative number",
            ));
        }
        if seconds.is_nan() {
            return Err(Exception::value_error("Invalid value NaN (not a number)"));
        }
        // Longer than the clock can tell is for ever.
        Ok(Duration::try_from_secs_f64(seconds).map_or(Deadline::NEVER, Deadline::after))
    }

    /// What a proxy may ask of any object, exposed or not.
    fn answer_unexposed(&self) -> Reply {
        let class = self.served.kind.class();
        let ident = self.request.ident.unwrap_or_default();
        let queue = &self.served.queue;
        let attribute = self.request.argument(0, "name");
        let attribute = attribute.as_ref().and_then(Value::as_str);
        match (self.request.method, attribute) {
            ("__str__" | "__repr__", _) => {
                Reply::Return(represent(ident, &self.served).as_str().into())
            }
            ("#GETVALUE", _) => Reply::Unsendable(format!(
                "Traceback (most recent call last):\nTypeError: cannot pickle '{class}' object\n"
            )),
            ("__getattribute__", Some("is_shutdown")) => Reply::Return(queue.is_closed().into()),
            ("__getattribute__", Some("unfinished_tasks")) => {
                Reply::Return(number(queue.unfinished()))
            }
            ("__getattribute__", Some("maxsize")) => Reply::Return(number(queue.capacity())),
            (method, _) => {
                let method = Value::from(method).repr(100);
                Reply::failure(&Exception::attribute(format!(
                    "method {method} of <class 'queue.{class}'> object is not in exposed={}",
                    exposed(self.served.kind).join(", ")
                )))
            }
        }
    }
}

fn signature(method: &str) -> Signature {
    let (parameters, required): (&'static [&'static str], _) = match method {
        "put" => (&["item", "block", "timeout"], 1),
        "put_nowait" => (&["item"], 1),
        "get" => (&["block", "timeout"], 0),
        "shutdown" => (&["immediate"], 0),
        _ => return Signature::NONE,
    };
    Signature {
        parameters,
        required,
    }
}

fn is_true(bound: &Bound, index: usize, default: bool) -> bool {
    match bound.get(index) {
        Some(Some(value)) => value.is_truthy(),
        _ => default,
    }
}
