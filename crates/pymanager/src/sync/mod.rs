//! Locks and other things to wait for: `threading`'s, shared by connections.
//!
//! The owner of a lock is a connection, that is one thread of one client. What
//! a connection holds when it ends is free, and the next in line gets it.
//! (CPython's managers know threads of the server instead: what a dead client
//! held stays locked for ever, or belongs to the stranger whose thread gets the
//! same number.) First come, first served.

mod barrier;
mod condition;
mod event;
mod lock;
mod monitor;
mod semaphore;

use std::time::Duration;

use multiproc::deadline::Deadline;

use crate::object::{Call, Era, Exception, exact, seconds};
use crate::types::{integer_required, not_an_integer};

pub(crate) use barrier::new_barrier;
pub(crate) use condition::new_condition;
pub(crate) use event::new_event;
pub(crate) use lock::{new_lock, new_rlock};
pub(crate) use semaphore::{new_bounded_semaphore, new_semaphore};

/// A time that is an argument; none when there is no limit.
fn timeout(call: &Call<'_>, index: usize) -> Result<Option<f64>, Exception> {
    let value = match call.get(index) {
        Some(value) if !value.is_none() => value,
        _ => return Ok(None),
    };
    match exact(value) {
        Some(amount) if amount.is_nan() => {
            Err(Exception::value_error("Invalid value NaN (not a number)"))
        }
        Some(amount) => Ok(Some(amount)),
        None => Err(not_an_integer(value).formerly(Era::To37, integer_required(value))),
    }
}

/// Until when `acquire(blocking, timeout)` of a lock may wait.
fn lock_deadline(call: &Call<'_>) -> Result<Deadline, Exception> {
    let blocking = call.flag(0, true);
    // -1 is what Python's own default is.
    let timeout = timeout(call, 1)?.filter(|amount| *amount != -1.0);
    match (blocking, timeout) {
        (false, None) => Ok(Deadline::after(Duration::ZERO)),
        (false, Some(_)) => Err(Exception::value_error(
            "can't specify a timeout for a non-blocking call",
        )),
        (true, None) => Ok(Deadline::NEVER),
        (true, Some(amount)) if amount < 0.0 => {
            let text = "timeout value must be a non-negative number";
            Err(Exception::value_error(text).formerly(Era::To311, "timeout value must be positive"))
        }
        (true, Some(amount)) if amount > 9_223_372_036.0 => Err(Exception::builtin(
            "OverflowError",
            "timestamp out of range for platform time_t",
        )
        .formerly(Era::To37, "timestamp too large to convert to C _PyTime_t")),
        (true, Some(amount)) => Ok(seconds(amount)),
    }
}

/// Until when `wait(timeout)` may wait.
fn wait_deadline(call: &Call<'_>, index: usize) -> Result<Deadline, Exception> {
    if let Some(value) = call.get(index)
        && !value.is_none()
        && exact(value).is_none()
    {
        return Err(Exception::type_error(format!(
            "'>' not supported between instances of '{}' and 'int'",
            value.type_name()
        )));
    }
    Ok(match timeout(call, index)? {
        None => Deadline::NEVER,
        Some(amount) if amount <= 0.0 => Deadline::after(Duration::ZERO),
        Some(amount) => seconds(amount),
    })
}
