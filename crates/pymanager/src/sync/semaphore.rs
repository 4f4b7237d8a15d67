//! `Semaphore` and `BoundedSemaphore`.

use super::monitor::{Gone, Monitor};
use super::timeout;
use crate::object::{
    Answer, Call, Class, Exception, Method, Object, Outcome, Served, Signature, exact, seconds,
};
use crate::status::ObjectStatus;
use inert_pickle::Value;
use multiproc::deadline::Deadline;
use std::time::Duration;

/// A number of permits. Whoever has one may give it back on behalf of another,
/// so that those of a connection that ends are not given back for it.
#[derive(Debug)]
pub(crate) struct SemaphoreObject {
    /// The most there may be, if there is a bound.
    bound: Option<u64>,
    permits: Monitor<u64>,
}

fn make(call: &Call<'_>, bounded: bool) -> Result<Served, Exception> {
    let value = match call.get(0) {
        None => 1.0,
        Some(value) => exact(value).ok_or_else(|| {
            Exception::type_error(format!(
                "'<' not supported between instances of '{}' and 'int'",
                value.type_name()
            ))
        })?,
    };
    if value < 0.0 || value.is_nan() {
        return Err(Exception::value_error(
            "semaphore initial value must be >= 0",
        ));
    }
    let permits = value as u64;
    Ok(Served::new(SemaphoreObject {
        bound: bounded.then_some(permits),
        permits: Monitor::new(permits),
    }))
}

/// Makes a semaphore, as calling its class does.
pub(crate) fn new_semaphore(call: &mut Call<'_>) -> Result<Served, Exception> {
    make(call, false)
}

/// Makes a bounded semaphore.
pub(crate) fn new_bounded_semaphore(call: &mut Call<'_>) -> Result<Served, Exception> {
    make(call, true)
}

fn acquire(semaphore: &SemaphoreObject, call: &mut Call<'_>) -> Outcome {
    let deadline = match (call.flag(0, true), timeout(call, 1)?) {
        (false, None) => Deadline::after(Duration::ZERO),
        (false, Some(_)) => {
            return Err(Exception::value_error(
                "can't specify timeout for non-blocking acquire",
            ));
        }
        (true, None) => Deadline::NEVER,
        (true, Some(amount)) => seconds(amount.max(0.0)),
    };
    let wait = call.wait(deadline);
    Ok(
        match semaphore
            .permits
            .wait(&wait, |permits| *permits > 0, |permits| *permits -= 1)
        {
            Ok(acquired) => acquired.into(),
            Err(Gone) => Answer::Nobody,
        },
    )
}

fn release(semaphore: &SemaphoreObject, call: &mut Call<'_>) -> Outcome {
    let count = match call.get(0) {
        None => 1,
        Some(count) => crate::types::integer(count)?,
    };
    let Some(count) = u64::try_from(count).ok().filter(|count| *count > 0) else {
        return Err(Exception::value_error("n must be one or more"));
    };
    let mut inner = semaphore.permits.lock();
    let permits = inner.state.saturating_add(count);
    if semaphore.bound.is_some_and(|bound| permits > bound) {
        return Err(Exception::value_error("Semaphore released too many times"));
    }
    inner.state = permits;
    inner.wake_first();
    Ok(Answer::none())
}

const METHODS: &[Method<SemaphoreObject>] = &[
    Method::new(
        "acquire",
        Signature::named(&["blocking", "timeout"], 0),
        acquire,
    ),
    Method::new("release", Signature::named(&["n"], 0), release),
];

static SEMAPHORE: Class<SemaphoreObject> = Class::new("threading.Semaphore", METHODS);
static BOUNDED: Class<SemaphoreObject> = Class::new("threading.BoundedSemaphore", METHODS);

impl Object for SemaphoreObject {
    fn copy(&self) -> Result<Value, String> {
        Err("TypeError: cannot pickle '_thread.lock' object".to_string())
    }

    fn class(&self) -> &'static Class<Self> {
        if self.bound.is_some() {
            &BOUNDED
        } else {
            &SEMAPHORE
        }
    }

    fn describe(&self, told: &mut ObjectStatus) {
        told.length = Some(self.permits.lock().state);
    }

    fn repr(&self, address: &str) -> String {
        let (name, value) = (self.class().name(), self.permits.lock().state);
        match self.bound {
            Some(bound) => format!("<{name} at 0x{address}: value={value}/{bound}>"),
            None => format!("<{name} at 0x{address}: value={value}>"),
        }
    }
}
