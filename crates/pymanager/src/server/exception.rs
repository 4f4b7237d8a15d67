//! Python's exceptions, as a client expects to find them in a reply.

use crate::queue::Refused;
use inert_pickle::Value;

/// An exception by its class, in Python 3's names; the writer knows the old
/// ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exception {
    module: &'static str,
    class: &'static str,
    message: Option<String>,
}

impl Exception {
    fn builtin(class: &'static str, message: impl Into<String>) -> Self {
        Exception {
            module: "builtins",
            class,
            message: Some(message.into()),
        }
    }

    fn of_queue(class: &'static str) -> Self {
        // Where `queue` is written in C (since 3.7), `Empty` is `_queue.Empty`.
        // `queue.Empty` is the same class everywhere, and in 3.6 and PyPy
        // there is no `_queue`.
        Exception {
            module: "queue",
            class,
            message: None,
        }
    }

    pub(crate) fn type_error(message: impl Into<String>) -> Self {
        Self::builtin("TypeError", message)
    }

    pub(crate) fn value_error(message: impl Into<String>) -> Self {
        Self::builtin("ValueError", message)
    }

    pub(crate) fn assertion(message: impl Into<String>) -> Self {
        Self::builtin("AssertionError", message)
    }

    pub(crate) fn attribute(message: impl Into<String>) -> Self {
        Self::builtin("AttributeError", message)
    }

    pub(crate) fn key_error(key: &str) -> Self {
        Self::builtin("KeyError", key)
    }

    /// What a queue's refusal is in Python; none for a caller who is gone.
    ///
    /// `knows_shutdown` is false of a Python that has no `queue.ShutDown`: it
    /// could not even read that exception.
    pub(crate) fn of_refusal(refused: Refused, knows_shutdown: bool) -> Option<Self> {
        Some(match refused {
            Refused::Empty => Self::of_queue("Empty"),
            Refused::Full => Self::of_queue("Full"),
            Refused::Closed if knows_shutdown => Self::of_queue("ShutDown"),
            Refused::Closed => Self::builtin("RuntimeError", "the queue is shut down"),
            Refused::TooManyDone => Self::value_error("task_done() called too many times"),
            Refused::Incomparable(error) => Self::type_error(error.0),
            Refused::CalledOff | Refused::Unfinished => return None,
        })
    }

    /// The exception as an object: its class, called with its message.
    pub(crate) fn to_value(&self) -> Value {
        let message: Vec<Value> = self
            .message
            .as_deref()
            .map(Value::from)
            .into_iter()
            .collect();
        Value::call(&Value::global(self.module, self.class), &message)
    }

    /// What Python's `traceback.format_exc` would end with. There are no
    /// frames to show, and no paths.
    pub(crate) fn to_traceback(&self) -> String {
        let message = self.message.as_deref().unwrap_or_default();
        let message = match self.class {
            "KeyError" => Value::from(message).repr(200),
            _ => message.to_string(),
        };
        format!(
            "Traceback (most recent call last):\n{}: {message}\n",
            self.class
        )
    }
}
