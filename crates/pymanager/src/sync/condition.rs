//! `Condition`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};

use multiproc::deadline::Deadline;

use super::lock::LockObject;
use super::monitor::Gone;
use super::{lock_deadline, wait_deadline};
use crate::object::{Answer, Call, Class, Exception, Method, Object, Outcome, Served, Signature};
use crate::status::ObjectStatus;
use inert_pickle::Value;

/// A lock, and a line of those who wait to be notified while they have given
/// it up.
#[derive(Debug)]
pub(crate) struct ConditionObject {
    lock: Arc<LockObject>,
    /// It is another object too, which has to stay.
    waiting: Mutex<Line>,
}

#[derive(Debug, Default)]
struct Line {
    waiters: VecDeque<(u64, Thread)>,
    next: u64,
}

impl ConditionObject {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_held(&self, call: &Call<'_>, what: &str) -> Result<(), Exception> {
        match self.lock.is_held_by(call.connection()) {
            true => Ok(()),
            false => Err(Exception::runtime_error(format!(
                "cannot {what} on un-acquired lock"
            ))),
        }
    }

    fn notify(&self, count: usize) {
        let mut line = self.line();
        let count = count.min(line.waiters.len());
        for (_, thread) in line.waiters.drain(..count) {
            thread.unpark();
        }
    }
}

/// Makes a condition, as calling its class does: over a lock of this manager,
/// or one of its own.
pub(crate) fn new_condition(call: &mut Call<'_>) -> Result<Served, Exception> {
    let lock = match call.get(0) {
        Some(lock) if !lock.is_none() => {
            let lock = call
                .resolve(lock)
                .and_then(|lock| lock.downcast::<LockObject>());
            lock.ok_or_else(|| {
                let name = call.value(0).type_name().to_string();
                Exception::attribute_error(match name.as_str() {
                    "RebuildProxy" => "a condition needs a Lock or RLock of this manager".into(),
                    name => format!("'{name}' object has no attribute 'acquire'"),
                })
            })?
        }
        _ => Arc::new(LockObject::new(true)),
    };
    Ok(Served::new(ConditionObject {
        lock,
        waiting: Mutex::default(),
    }))
}

fn wait(condition: &ConditionObject, call: &mut Call<'_>) -> Outcome {
    let wait = call.wait(wait_deadline(call, 0)?);
    condition.check_held(call, "wait")?;
    call.tell_when_it_ends();
    let ticket = {
        let mut line = condition.line();
        line.next += 1;
        let ticket = line.next;
        line.waiters.push_back((ticket, thread::current()));
        ticket
    };
    let held = condition.lock.give_up();
    let notified = loop {
        let mut line = condition.line();
        let at = line.waiters.iter().position(|(other, _)| *other == ticket);
        // Who is notified has left the line.
        let Some(at) = at else { break true };
        if wait.caller.is_gone() || wait.deadline.is_past() {
            line.waiters.remove(at);
            break false;
        }
        drop(line);
        wait.park();
    };
    let taken = condition.lock.take_back(&call.wait(Deadline::NEVER), held);
    if taken == Err(Gone) {
        if notified {
            // It was meant for somebody who could act on it.
            condition.notify(1);
        }
        return Ok(Answer::Nobody);
    }
    Ok(notified.into())
}

fn acquire(condition: &ConditionObject, call: &mut Call<'_>) -> Outcome {
    let deadline = lock_deadline(call)?;
    call.tell_when_it_ends();
    Ok(match condition.lock.acquire(&call.wait(deadline)) {
        Ok(acquired) => acquired.into(),
        Err(Gone) => Answer::Nobody,
    })
}

static CONDITION: Class<ConditionObject> = Class::new(
    "threading.Condition",
    &[
        Method::new(
            "acquire",
            Signature::named(&["blocking", "timeout"], 0),
            acquire,
        ),
        Method::new("release", Signature::NONE, |condition, call| {
            condition.lock.release(call.connection())?;
            Ok(Answer::none())
        }),
        Method::new("wait", Signature::named(&["timeout"], 0), wait),
        Method::new("notify", Signature::named(&["n"], 0), |condition, call| {
            let count = call.get(0).map_or(Ok(1), crate::types::integer)?;
            condition.check_held(call, "notify")?;
            condition.notify(usize::try_from(count).unwrap_or(0));
            Ok(Answer::none())
        }),
        Method::new("notify_all", Signature::NONE, |condition, call| {
            condition.check_held(call, "notify")?;
            condition.notify(usize::MAX);
            Ok(Answer::none())
        }),
    ],
);

impl Object for ConditionObject {
    fn copy(&self) -> Result<Value, String> {
        Err("TypeError: cannot pickle '_thread.RLock' object".to_string())
    }

    fn class(&self) -> &'static Class<Self> {
        &CONDITION
    }

    fn repr(&self, address: &str) -> String {
        let (lock, waiters) = (self.lock.repr(address), self.line().waiters.len());
        format!("<Condition({lock}, {waiters})>")
    }

    fn describe(&self, told: &mut ObjectStatus) {
        self.lock.describe(told);
        told.length = Some(self.line().waiters.len() as u64);
    }

    fn connection_ended(&self, connection: u64) {
        self.lock.free(connection);
    }
}
