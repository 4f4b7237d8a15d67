//! What workers call.

use std::sync::Arc;

use super::board::{Board, Task};
use crate::object::{
    Answer, Call, Class, Exception, Lent, Method, Object, Outcome, Signature, Stored,
};
use crate::status::ObjectStatus;
use inert_pickle::Value;
use multiproc::deadline::Deadline;

/// How much of what a worker says about itself is kept.
const SHOWN: usize = 200;

/// The shared object `PoolWorkers`: where workers ask for tasks.
#[derive(Debug)]
pub(crate) struct Workers(Arc<Board>);

impl Workers {
    pub(crate) fn new(board: &Arc<Board>) -> Arc<Self> {
        Arc::new(Workers(Arc::clone(board)))
    }
}

fn text(call: &Call<'_>, index: usize) -> String {
    let value = call.value(index);
    value
        .as_str()
        .unwrap_or_default()
        .chars()
        .take(SHOWN)
        .collect()
}

/// Takes the outcome of the task that the worker has, if it has one.
fn finish(workers: &Workers, call: &Call<'_>) {
    let outcome = match call.get(0).filter(|ok| !ok.is_none()) {
        Some(ok) if ok.is_truthy() => Ok(call.keep(1)),
        Some(_) => Err(Exception::of_value(call.value(1).detach())),
        // Nothing at all. Kept for an answer, a task would be lost with the next.
        None => Ok(Stored::plain(Value::none())),
    };
    workers.0.finish(call.connection(), outcome, call);
}

fn next(workers: &Workers, call: &mut Call<'_>) -> Outcome {
    finish(workers, call);
    let board = &workers.0;
    let connection = call.connection();
    let Some(task) = board.take(connection, &call.wait(Deadline::NEVER)) else {
        return Ok(Answer::Nobody);
    };
    let board = Arc::clone(board);
    Ok(Answer::Lent(Lent {
        stored: Stored::plain(message(&task)),
        put_back: Box::new(move |_| board.untake(connection)),
    }))
}

/// A task as a worker reads it.
fn message(task: &Task) -> Value {
    let asked = &task.job.asked;
    let initializer = task.initializer.as_ref();
    Value::tuple([
        &asked.mode.name().into(),
        &asked.function.value,
        &task.job.items(task.chunk),
        &initializer.map_or_else(Value::none, |stored| stored.value.clone()),
        &task.last.into(),
    ])
}

static WORKERS: Class<Workers> = Class::new(
    "pymanager.PoolWorkers",
    &[
        Method::new("enter", Signature::named(&["name"], 1), |workers, call| {
            call.tell_when_it_ends();
            let hang_up = call.caller().hang_up();
            workers.0.enter(call.connection(), text(call, 0), hang_up);
            Ok(Answer::none())
        }),
        Method::new("next", Signature::named(&["ok", "value"], 0), next),
        Method::new(
            "finish",
            Signature::named(&["ok", "value"], 2),
            |workers, call| {
                finish(workers, call);
                Ok(Answer::none())
            },
        ),
        Method::new("died", Signature::named(&["how"], 1), |workers, call| {
            workers.0.leave(call.connection(), Some(&text(call, 0)));
            Ok(Answer::none())
        }),
    ],
);

impl Object for Workers {
    fn class(&self) -> &'static Class<Self> {
        &WORKERS
    }

    fn describe(&self, told: &mut ObjectStatus) {
        let (all, busy) = self.0.workers();
        told.length = Some(all as u64);
        told.note = format!("{busy} at work");
    }

    fn connection_ended(&self, connection: u64) {
        self.0.leave(connection, None);
    }
}
