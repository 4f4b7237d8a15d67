//! `Barrier`.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use multiproc::deadline::Deadline;

use super::timeout;
use crate::object::{
    Answer, Call, Class, Exception, Method, Object, Outcome, Served, Signature, Ticket, WaitList,
    seconds,
};
use crate::pool::{Board, Errand};
use crate::queue::number;
use crate::status::ObjectStatus;
use inert_pickle::Value;

/// A place where so many wait for each other.
#[derive(Debug)]
pub(crate) struct BarrierObject {
    parties: usize,
    /// Seconds, for those who give none.
    timeout: Option<f64>,
    /// What a worker is to call each time when all have come.
    action: Option<Errand>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The numbers of those who wait.
    arrived: BTreeSet<usize>,
    /// How often all have come.
    passed: u64,
    /// How often it was broken or reset while somebody waited.
    interrupted: u64,
    broken: bool,
    /// All have come, and the action is under way.
    acting: bool,
    waiting: WaitList,
}

impl State {
    /// Nobody who waits now gets through.
    fn interrupt(&mut self) {
        self.arrived.clear();
        self.interrupted += 1;
        self.waiting.wake_all();
    }
}

impl BarrierObject {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn broken() -> Exception {
    Exception::new("threading", "BrokenBarrierError", Vec::new())
}

/// Makes a barrier, as calling its class does. The workers of `board` do what it
/// is given to do.
pub(crate) fn new_barrier(
    board: Option<&Arc<Board>>,
    call: &mut Call<'_>,
) -> Result<Served, Exception> {
    let parties = call.value(0).as_i64().ok_or_else(|| {
        Exception::type_error(format!(
            "'<' not supported between instances of '{}' and 'int'",
            call.value(0).type_name()
        ))
    })?;
    let Some(parties) = usize::try_from(parties).ok().filter(|parties| *parties > 0) else {
        return Err(Exception::value_error("parties must be > 0"));
    };
    let action = match (call.value(1).is_none(), board) {
        (true, _) => None,
        // This manager runs no code: a pool's worker does.
        (false, Some(board)) => Some(Errand::new(board, call.keep(1))),
        (false, None) => {
            return Err(Exception::type_error(
                "there are no workers here: a barrier's action has to be done by a client",
            ));
        }
    };
    Ok(Served::new(BarrierObject {
        parties,
        timeout: timeout(call, 2)?,
        action,
        state: Mutex::default(),
    }))
}

fn wait(barrier: &BarrierObject, call: &mut Call<'_>) -> Outcome {
    let deadline = timeout(call, 0)?.or(barrier.timeout);
    let wait = call.wait(deadline.map_or(Deadline::NEVER, |amount| seconds(amount.max(0.0))));
    let mut state = barrier.lock();
    let mut ticket: Option<Ticket> = None;
    while state.acting && !wait.caller.is_gone() {
        // Who comes now belongs to the next round.
        ticket = Some(state.waiting.enter(ticket));
        drop(state);
        wait.park();
        state = barrier.lock();
    }
    if let Some(ticket) = ticket.take() {
        state.waiting.leave(ticket);
    }
    if wait.caller.is_gone() {
        return Ok(Answer::Nobody);
    }
    if state.broken {
        return Err(broken());
    }
    // The first that is free: one who waited may have gone.
    let place = (0..)
        .find(|place| !state.arrived.contains(place))
        .unwrap_or(0);
    if state.arrived.len() + 1 == barrier.parties {
        if let Some(action) = &barrier.action {
            return act(barrier, action, state, call, place);
        }
        state.arrived.clear();
        state.passed += 1;
        state.waiting.wake_all();
        return Ok(number(place).into());
    }
    state.arrived.insert(place);
    let (passed, interrupted) = (state.passed, state.interrupted);
    loop {
        if state.passed != passed {
            return Ok(number(place).into());
        }
        if state.interrupted != interrupted {
            return Err(broken());
        }
        if wait.caller.is_gone() || wait.deadline.is_past() {
            if let Some(ticket) = ticket {
                state.waiting.leave(ticket);
            }
            if wait.caller.is_gone() {
                state.arrived.remove(&place);
                return Ok(Answer::Nobody);
            }
            state.broken = true;
            state.interrupt();
            return Err(broken());
        }
        ticket = Some(state.waiting.enter(ticket));
        drop(state);
        wait.park();
        state = barrier.lock();
    }
}

/// The last one has come: the action first, then everybody goes on. An error of
/// the action breaks the barrier, as in Python.
fn act(
    barrier: &BarrierObject,
    action: &Errand,
    mut state: MutexGuard<'_, State>,
    call: &Call<'_>,
    place: usize,
) -> Outcome {
    state.acting = true;
    let interrupted = state.interrupted;
    drop(state);
    let done = action.run(call);
    let mut state = barrier.lock();
    state.acting = false;
    if let Some(Ok(())) = done
        && state.interrupted == interrupted
    {
        state.arrived.clear();
        state.passed += 1;
        state.waiting.wake_all();
        return Ok(number(place).into());
    }
    if state.interrupted == interrupted {
        state.broken = true;
        state.interrupt();
    }
    state.waiting.wake_all();
    match done {
        None => Ok(Answer::Nobody),
        Some(done) => Err(done.err().unwrap_or_else(broken)),
    }
}

static BARRIER: Class<BarrierObject> = Class::new(
    "threading.Barrier",
    &[
        Method::new(
            "__getattribute__",
            Signature::positional(1, 1),
            |barrier, call| {
                let name = call.value(0);
                Ok(match name.as_str() {
                    Some("parties") => number(barrier.parties).into(),
                    Some("n_waiting") => number(barrier.lock().arrived.len()).into(),
                    Some("broken") => barrier.lock().broken.into(),
                    _ => {
                        return Err(Exception::attribute_error(format!(
                            "'Barrier' object has no attribute {}",
                            name.repr(100)
                        )));
                    }
                })
            },
        ),
        Method::new("wait", Signature::named(&["timeout"], 0), wait),
        Method::new("abort", Signature::NONE, |barrier, _| {
            let mut state = barrier.lock();
            state.broken = true;
            state.interrupt();
            Ok(Answer::none())
        }),
        Method::new("reset", Signature::NONE, |barrier, _| {
            let mut state = barrier.lock();
            state.broken = false;
            state.interrupt();
            Ok(Answer::none())
        }),
    ],
);

impl Object for BarrierObject {
    fn copy(&self) -> Result<Value, String> {
        Err("TypeError: cannot pickle '_thread.lock' object".to_string())
    }

    fn class(&self) -> &'static Class<Self> {
        &BARRIER
    }

    fn describe(&self, told: &mut ObjectStatus) {
        let state = self.lock();
        told.length = Some(state.arrived.len() as u64);
        told.note = match state.broken {
            true => "broken".to_string(),
            false => format!("of {} parties", self.parties),
        };
    }

    fn repr(&self, address: &str) -> String {
        let state = self.lock();
        let name = "threading.Barrier";
        match state.broken {
            true => format!("<{name} at 0x{address}: broken>"),
            false => {
                let (waiting, parties) = (state.arrived.len(), self.parties);
                format!("<{name} at 0x{address}: waiters={waiting}/{parties}>")
            }
        }
    }
}
