//! Python's exceptions, as a client expects to find them in a reply.

use std::borrow::Cow;

use inert_pickle::Value;

/// An exception that a served object raises in the client that called it.
///
/// Classes go by Python 3's names; older clients are sent the old ones.
#[derive(Clone, Debug)]
pub struct Exception {
    module: &'static str,
    class: &'static str,
    args: Vec<Value>,
    /// One that was raised elsewhere, as it came.
    made: Option<Value>,
    /// What older Pythons say instead, the oldest first.
    formerly: Vec<(Era, String)>,
}

/// Which Python a client is, as far as it shows on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Era {
    /// 3.7 and older, by the protocol of its pickles.
    To37,
    /// 3.8 to 3.11, by its handshake. They are spoken to as 3.11 is.
    To311,
    /// 3.12 and later.
    Later,
}

/// What a client's Python knows of `queue.ShutDown`, which came with 3.13.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KnowsShutDown {
    /// Python 3.11 and older, by their handshake.
    No,
    /// Python 3.12 or 3.13: on the wire they are alike.
    Perhaps,
    /// Python 3.14 and later, by the protocol of its pickles.
    Yes,
}

/// What a Python without `queue.ShutDown` says in its place.
const SHUT_DOWN: &str = "the queue is shut down";

impl Exception {
    /// An exception of this class with these arguments.
    pub fn new(module: &'static str, class: &'static str, args: Vec<Value>) -> Self {
        Exception {
            module,
            class,
            args,
            made: None,
            formerly: Vec::new(),
        }
    }

    /// One that a program has raised and sent.
    pub(crate) fn of_value(made: Value) -> Self {
        Exception {
            module: "builtins",
            class: "Exception",
            args: Vec::new(),
            made: Some(made),
            formerly: Vec::new(),
        }
    }

    /// What Python said up to this one; of several, the oldest come first.
    pub(crate) fn formerly(mut self, until: Era, text: impl Into<String>) -> Self {
        self.formerly.push((until, text.into()));
        self
    }

    /// The exception as a Python of this era puts it.
    pub(crate) fn of_era(&self, era: Era) -> Cow<'_, Exception> {
        match self.formerly.iter().find(|(until, _)| era <= *until) {
            None => Cow::Borrowed(self),
            Some((_, text)) => Cow::Owned(Self::new(
                self.module,
                self.class,
                vec![text.as_str().into()],
            )),
        }
    }

    /// Bytes of memory, roughly.
    pub(crate) fn memory(&self) -> usize {
        let values = self.args.iter().chain(&self.made);
        size_of::<Self>() + values.map(Value::memory).sum::<usize>()
    }

    /// The exception as an object, for whatever Python.
    pub(crate) fn as_value(&self) -> Value {
        self.to_value(KnowsShutDown::Perhaps)
    }

    /// One of Python's own exceptions with a message.
    pub fn builtin(class: &'static str, message: impl AsRef<str>) -> Self {
        Self::new("builtins", class, vec![message.as_ref().into()])
    }

    /// `TypeError`
    pub fn type_error(message: impl AsRef<str>) -> Self {
        Self::builtin("TypeError", message)
    }

    /// `ValueError`
    pub fn value_error(message: impl AsRef<str>) -> Self {
        Self::builtin("ValueError", message)
    }

    /// `AttributeError`
    pub fn attribute_error(message: impl AsRef<str>) -> Self {
        Self::builtin("AttributeError", message)
    }

    /// `KeyError` of a key.
    pub fn key_error(key: impl Into<Value>) -> Self {
        Self::new("builtins", "KeyError", vec![key.into()])
    }

    /// `RuntimeError`
    pub fn runtime_error(message: impl AsRef<str>) -> Self {
        Self::builtin("RuntimeError", message)
    }

    /// `MemoryError`: a limit on memory is reached.
    pub(crate) fn memory_error(message: impl AsRef<str>) -> Self {
        Self::builtin("MemoryError", message)
    }

    /// The same, with a word more.
    pub(crate) fn with(&self, more: &str) -> Self {
        let text = format!("{}, {more}", self.message());
        Self::new(self.module, self.class, vec![text.as_str().into()])
    }

    /// What it says.
    pub(crate) fn message(&self) -> String {
        match self.args.first() {
            None => String::new(),
            Some(first) => match first.as_str() {
                Some(text) => text.to_string(),
                None => first.repr(200),
            },
        }
    }

    pub(crate) fn of_queue(class: &'static str) -> Self {
        // Where `queue` is written in C (since 3.7), `Empty` is `_queue.Empty`.
        // `queue.Empty` is the same class everywhere, and in 3.6 and PyPy
        // there is no `_queue`.
        Self::new("queue", class, Vec::new())
    }

    /// The exception as an object: its class, called with its arguments.
    pub(crate) fn to_value(&self, knows: KnowsShutDown) -> Value {
        if let Some(made) = &self.made {
            return made.clone();
        }
        if (self.module, self.class) == ("queue", "ShutDown") {
            match knows {
                KnowsShutDown::Yes => {}
                KnowsShutDown::No => return Self::runtime_error(SHUT_DOWN).to_value(knows),
                KnowsShutDown::Perhaps => return shut_down_or_else(),
            }
        }
        Value::call(&Value::global(self.module, self.class), &self.args)
    }

    /// What Python's `traceback.format_exc` would end with. There are no
    /// frames to show, and no paths.
    pub(crate) fn to_traceback(&self) -> String {
        format!("Traceback (most recent call last):\n{self}\n")
    }
}

/// `getattr(queue, 'ShutDown', partial(RuntimeError, '…'))()`: the client's own
/// Python looks the class up, and has another when there is none. A name that
/// it does not have would be an error of its unpickling.
fn shut_down_or_else() -> Value {
    let builtin = |name| Value::global("builtins", name);
    let import = Value::global("importlib", "import_module");
    let queue = Value::call(&import, &["queue".into()]);
    let partial = Value::global("functools", "partial");
    let otherwise = [builtin("RuntimeError"), SHUT_DOWN.into()];
    // A partial is made by calling its class with the function and arguments.
    let otherwise = Value::call(&partial, &otherwise);
    let class = Value::call(&builtin("getattr"), &[queue, "ShutDown".into(), otherwise]);
    Value::call(&class, &[])
}

impl std::fmt::Display for Exception {
    /// `Class: message`, as the last line of a traceback.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let message = match (&self.args[..], self.class) {
            ([], _) => return f.write_str(self.class),
            ([key], "KeyError") => key.repr(200),
            ([one], _) => match one.as_str() {
                Some(text) => text.to_string(),
                None => one.repr(200),
            },
            (all, _) => Value::tuple(all).repr(200),
        };
        write!(f, "{}: {message}", self.class)
    }
}
