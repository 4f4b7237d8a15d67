//! A function that an object of the manager has called by a worker.

use std::sync::Arc;

use multiproc::deadline::Deadline;

use super::board::Board;
use super::job::{Asked, Mode};
use super::result::wait_for;
use super::source::Source;
use crate::object::{Call, Exception, Stored};
use inert_pickle::Value;

/// A function without arguments, and where there are workers to call it.
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

    /// Has it called, and waits; what it raises is the error. None when the
    /// client has gone on whose behalf that is done.
    pub(crate) fn run(&self, call: &Call<'_>) -> Option<Result<(), Exception>> {
        let nothing = Value::tuple([&Value::tuple([]), &Value::dict([])]);
        let asked = Asked {
            mode: Mode::Apply,
            function: self.function.clone(),
            items: Stored::plain(nothing),
            source: Source::Items(Vec::new()),
            chunk: 1,
            unordered: false,
            streaming: false,
            callback: None,
            error_callback: None,
        };
        let job = match self.board.submit(self.board.errands(), asked, call) {
            Ok(job) => job,
            Err(error) => return Some(Err(error)),
        };
        wait_for(&self.board, &job, call, Deadline::NEVER)?;
        Some(job.whole().map(drop))
    }
}
