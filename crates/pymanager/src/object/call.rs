//! One call of a served object's method.

use std::sync::Arc;
use std::time::Duration;

use multiproc::deadline::Deadline;

use super::signature::Bound;
use super::{Caller, Exception, Hold, Memory, Object, Served, Stored, Wait};
use inert_pickle::{Data, Kind, Value};

/// Finds the objects that proxies stand for, and makes them stay.
pub(crate) trait Resolve {
    /// The object of this identifier, as long as the hold is kept.
    fn hold(&self, ident: &str) -> Option<(Served, Hold)>;
}

/// A call of a method: its arguments, and on whose behalf it is made.
pub struct Call<'a> {
    bound: Bound,
    object: Option<Served>,
    caller: &'a Caller,
    objects: &'a dyn Resolve,
    memory: &'a Arc<Memory>,
    /// Whether there may be a proxy among the arguments.
    proxies: bool,
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        caller: &'a Caller,
        objects: &'a dyn Resolve,
        memory: &'a Arc<Memory>,
        proxies: bool,
    ) -> Self {
        Call {
            bound: Bound::default(),
            object: None,
            caller,
            objects,
            memory,
            proxies,
        }
    }

    pub(crate) fn bind(&mut self, bound: Bound, object: Served) {
        self.bound = bound;
        self.object = Some(object);
    }

    pub(crate) fn bind_arguments(&mut self, bound: Bound) {
        self.bound = bound;
    }

    /// Arguments by position, of a call from within the program.
    pub(crate) fn bind_values(&mut self, values: Vec<Option<Value>>) {
        self.bound = Bound {
            by_position: values,
            by_name: Vec::new(),
        };
    }

    /// The argument for the parameter at `index`, if it was given.
    pub fn get(&self, index: usize) -> Option<&Value> {
        self.bound.by_position.get(index)?.as_ref()
    }

    /// The argument at `index`, or `None`.
    pub fn value(&self, index: usize) -> Value {
        self.get(index).cloned().unwrap_or_default()
    }

    /// The argument at `index` as a `T`; `None` when it was not given.
    ///
    /// # Errors
    ///
    /// The `TypeError` that says what it is instead.
    pub fn argument<T: Data>(&self, index: usize) -> Result<T, Exception> {
        let value = self.value(index);
        let name = value.type_name().to_string();
        T::from_value(value).map_err(|error| {
            Exception::type_error(format!("argument {} is a '{name}': {error}", index + 1))
        })
    }

    /// Keyword arguments that are no parameter's, where the signature takes
    /// them.
    pub fn keywords(&self) -> &[(Value, Value)] {
        &self.bound.by_name
    }

    /// Python's truth of the argument at `index`; `default` when it was not
    /// given.
    pub fn flag(&self, index: usize, default: bool) -> bool {
        self.get(index).map_or(default, Value::is_truthy)
    }

    /// Which connection calls: no two connections ever have the same number.
    pub fn connection(&self) -> u64 {
        self.caller.number()
    }

    /// The argument at `index` as an object keeps it.
    pub(crate) fn keep(&self, index: usize) -> Stored {
        self.keep_value(self.get(index).unwrap_or(&Value::none()))
    }

    /// A part of an argument as an object keeps it.
    pub(crate) fn keep_value(&self, value: &Value) -> Stored {
        let value = value.detach();
        if !self.proxies {
            return Stored::plain(value);
        }
        let proxies = value.made_by("multiprocessing.managers", "RebuildProxy");
        let holds: Box<[Hold]> = proxies
            .iter()
            .filter_map(|proxy| Some(self.objects.hold(&ident_of_proxy(proxy)?)?.1))
            .collect();
        Stored {
            value,
            holds: (!holds.is_empty()).then_some(holds),
        }
    }

    /// The object of this manager that a value is a proxy of, if it is one.
    pub fn resolve(&self, value: &Value) -> Option<Served> {
        let proxy = self.proxies && is_proxy(value);
        let ident = proxy.then(|| ident_of_proxy(value))??;
        Some(self.objects.hold(&ident)?.0)
    }

    /// On whose behalf it is made.
    pub(crate) fn caller(&self) -> &'a Caller {
        self.caller
    }

    /// Another call on behalf of the same.
    pub(crate) fn another(&self) -> Call<'a> {
        Call::new(self.caller, self.objects, self.memory, true)
    }

    /// The object that is called.
    pub(crate) fn this<T: Object>(&self) -> Option<Arc<T>> {
        self.object.as_ref()?.downcast()
    }

    pub(crate) fn memory(&self) -> &'a Arc<Memory> {
        self.memory
    }

    /// Whether the client has hung up, so that there is no use in waiting on its
    /// behalf. The thread that makes the call is unparked when that happens
    /// ([`std::thread::park`]).
    pub fn is_gone(&self) -> bool {
        self.caller.is_gone()
    }

    /// How long to wait by the arguments `block` and `timeout` of Python's
    /// queues, the first of them at `index`; none is for ever.
    ///
    /// # Errors
    ///
    /// What Python raises of a time-out that is no number, or negative.
    pub fn patience(&self, index: usize) -> Result<Option<Duration>, Exception> {
        if !self.flag(index, true) {
            return Ok(Some(Duration::ZERO));
        }
        let timeout = match self.get(index + 1) {
            Some(timeout) if !timeout.is_none() => timeout,
            _ => return Ok(None),
        };
        let amount = exact(timeout).ok_or_else(|| {
            Exception::type_error(format!(
                "'<' not supported between instances of '{}' and 'int'",
                timeout.type_name()
            ))
        })?;
        if amount < 0.0 {
            return Err(Exception::value_error(
                "'timeout' must be a non-negative number",
            ));
        }
        if amount.is_nan() {
            return Err(Exception::value_error("Invalid value NaN (not a number)"));
        }
        // Longer than the clock can tell is for ever.
        Ok(Duration::try_from_secs_f64(amount).ok())
    }

    /// From now on the object's [`Object::connection_ended`] will be called when
    /// the connection ends that makes this call.
    pub fn tell_when_it_ends(&self) {
        if let Some(object) = &self.object {
            self.caller.will_tell(object);
        }
    }

    pub(crate) fn wait(&self, deadline: Deadline) -> Wait<'a> {
        Wait {
            deadline,
            caller: self.caller,
        }
    }
}

impl std::fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call")
            .field("object", &self.object)
            .field("connection", &self.caller.number())
            .finish_non_exhaustive()
    }
}

fn is_proxy(value: &Value) -> bool {
    value.as_call().is_some_and(|(module, name, _)| {
        (module, name) == ("multiprocessing.managers", "RebuildProxy")
    })
}

/// The identifier in a proxy, which is `RebuildProxy(class, token, …)`.
fn ident_of_proxy(proxy: &Value) -> Option<String> {
    ident_of_token(&proxy.as_call()?.2.get(1)?)
}

/// The identifier in a `multiprocessing.managers.Token`, whose state is its
/// type's name, the address and the identifier.
pub(crate) fn ident_of_token(token: &Value) -> Option<String> {
    let Kind::Object(token) = token.kind() else {
        return None;
    };
    let ident = token.state()?.as_sequence()?.get(2)?;
    Some(ident.as_str()?.to_string())
}

/// A number as Python adds it to a time: an int, a float or a `Fraction`.
pub(crate) fn exact(value: &Value) -> Option<f64> {
    if let Some(number) = value.as_f64() {
        return Some(number);
    }
    if let Kind::Long(bytes) = value.kind() {
        let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
        return Some(if negative {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        });
    }
    let (module, class, args) = value.as_call()?;
    if (module, class) != ("fractions", "Fraction") {
        return None;
    }
    // Up to Python 3.11 it is made from a text, later from two numbers.
    let (above, below) = match (args.get(0), args.get(1)) {
        (Some(above), Some(below)) => (above.as_f64()?, below.as_f64()?),
        (Some(text), None) => match text.as_str()?.split_once('/') {
            Some((above, below)) => (above.parse().ok()?, below.parse().ok()?),
            None => (text.as_str()?.parse().ok()?, 1.0),
        },
        _ => return None,
    };
    Some(above / below)
}

/// Until when a call may wait that gives `seconds`.
pub(crate) fn seconds(seconds: f64) -> Deadline {
    // Longer than the clock can tell is for ever.
    Duration::try_from_secs_f64(seconds).map_or(Deadline::NEVER, Deadline::after)
}
