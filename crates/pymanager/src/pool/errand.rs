//! A function that an object of the manager wants workers to call.

use std::sync::Arc;

use multiproc::deadline::Deadline;

use super::board::Board;
use super::job::{Asked, Mode};
use super::result::wait_for;
use super::source::Source;
use crate::object::{Call, Exception, Stored};
use inert_pickle::Value;

/// A function, and where there are workers to call it.
#[derive(Debug)]
pub(crate) struct Errand {
    board: Arc<Board>,
    function: Stored,
}

impl Errand {
    pub(crate) fn new(board: &Arc<Board>, function: Stored) -> Self {
        Errand {
            board: Arc::clone(board),
            function,
        }
    }

    /// Has it called without arguments, and waits; what it raises is the error.
    /// `None` if the client that wants it has gone.
    pub(crate) fn run(&self, call: &Call<'_>) -> Option<Result<(), Exception>> {
        let nothing = Value::tuple([&Value::tuple([]), &Value::dict([])]);
        let done = self.submit(Mode::Apply, Stored::plain(nothing), Vec::new(), call)?;
        Some(done.map(drop))
    }

    /// Has it called with each item, and waits for what it makes of them.
    pub(crate) fn map(
        &self,
        items: &[Stored],
        call: &Call<'_>,
    ) -> Option<Result<Vec<Value>, Exception>> {
        let values: Vec<Value> = items.iter().map(|item| item.value.clone()).collect();
        let holds = items.iter().filter_map(|item| item.holds.as_deref());
        let kept = Stored {
            value: Value::list(&values),
            holds: Some(holds.flatten().cloned().collect()),
        };
        let made = self.submit(Mode::Map, kept, values, call)?;
        Some(made.map(|made| {
            made.as_sequence()
                .map(Iterator::collect)
                .unwrap_or_default()
        }))
    }

    fn submit(
        &self,
        mode: Mode,
        items: Stored,
        values: Vec<Value>,
        call: &Call<'_>,
    ) -> Option<Result<Value, Exception>> {
        let errands = self.board.errands();
        let asked = Asked {
            mode,
            function: self.function.clone(),
            items,
            // Four tasks for each worker, as Python's `Pool.map`.
            chunk: values.len().div_ceil(4 * self.board.size(errands)).max(1),
            source: Source::Items(values),
            unordered: false,
            streaming: false,
            callback: None,
            error_callback: None,
        };
        let job = match self.board.submit(errands, asked, call) {
            Ok(job) => job,
            Err(error) => return Some(Err(error)),
        };
        if wait_for(&self.board, &job, call, Deadline::NEVER).is_none() {
            // Nobody is left to hear of it.
            self.board.give_up(&job, &nobody_asks());
            return None;
        }
        Some(job.whole().map(|(value, _)| value))
    }
}

fn nobody_asks() -> Exception {
    Exception::runtime_error("who asked for it has gone")
}
