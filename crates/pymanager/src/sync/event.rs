//! `Event`.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::wait_deadline;
use crate::object::{
    Answer, Call, Class, Exception, Method, Object, Outcome, Served, Signature, Ticket, WaitList,
};
use crate::status::ObjectStatus;
use inert_pickle::Value;

/// A flag that can be waited for.
#[derive(Debug, Default)]
pub(crate) struct EventObject(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    is_set: bool,
    /// How often it was set: who waited then is let go, even when it was
    /// cleared right after.
    times: u64,
    waiting: WaitList,
}

impl EventObject {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes an event, as calling its class does.
pub(crate) fn new_event(_: &mut Call<'_>) -> Result<Served, Exception> {
    Ok(Served::new(EventObject::default()))
}

fn wait(event: &EventObject, call: &mut Call<'_>) -> Outcome {
    let wait = call.wait(wait_deadline(call, 0)?);
    let mut ticket: Option<Ticket> = None;
    let mut state = event.lock();
    let times = state.times;
    loop {
        let is_set = state.is_set || state.times != times;
        let gone = wait.caller.is_gone();
        if is_set || gone || wait.deadline.is_past() {
            if let Some(ticket) = ticket {
                state.waiting.leave(ticket);
            }
            return Ok(if gone { Answer::Nobody } else { is_set.into() });
        }
        ticket = Some(state.waiting.enter(ticket));
        drop(state);
        wait.park();
        state = event.lock();
    }
}

static EVENT: Class<EventObject> = Class::new(
    "threading.Event",
    &[
        Method::new("is_set", Signature::NONE, |event, _| {
            Ok(event.lock().is_set.into())
        }),
        Method::new("set", Signature::NONE, |event, _| {
            let mut state = event.lock();
            state.is_set = true;
            state.times += 1;
            state.waiting.wake_all();
            Ok(Answer::none())
        }),
        Method::new("clear", Signature::NONE, |event, _| {
            event.lock().is_set = false;
            Ok(Answer::none())
        }),
        Method::new("wait", Signature::named(&["timeout"], 0), wait),
    ],
);

impl Object for EventObject {
    fn copy(&self) -> Result<Value, String> {
        Err("TypeError: cannot pickle '_thread.lock' object".to_string())
    }

    fn class(&self) -> &'static Class<Self> {
        &EVENT
    }

    fn describe(&self, told: &mut ObjectStatus) {
        told.note = if self.lock().is_set { "set" } else { "unset" }.to_string();
    }

    fn repr(&self, address: &str) -> String {
        let state = if self.lock().is_set { "set" } else { "unset" };
        format!("<threading.Event at 0x{address}: {state}>")
    }
}
