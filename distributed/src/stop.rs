//! Ctrl-C, `kill` and a terminal that closes, noticed by a thread that waits.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use common::program::{StopSignal, StopSignals};
use pymanager::{Client, Data, SharedQueue};

/// Whether the user has asked for the end.
pub(crate) struct Stop(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    came: Option<StopSignal>,
    /// What wakes the main thread from where it is blocked. Nothing that has
    /// to be seen to is going on while there is none.
    wake: Option<Box<dyn FnOnce() + Send>>,
}

impl Stop {
    /// One that never comes.
    pub(crate) fn never() -> Self {
        Stop(Arc::default())
    }

    /// Listens from here on, in a thread: no fork after this.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let shared = Arc::<Shared>::default();
        let stop = Stop(Arc::clone(&shared));
        StopSignals::act(move |signal| {
            let mut state = lock(&shared);
            state.came = Some(signal);
            match state.wake.take() {
                Some(wake) => wake(),
                None => std::process::exit(i32::from(signal.status())),
            }
            shared.changed.notify_all();
        })
        .context("cannot listen for Ctrl-C")?;
        Ok(stop)
    }

    /// From here on, the client's calls are cut off when it comes.
    pub(crate) fn cuts_off(&self, client: &Client) {
        let client = client.clone();
        lock(&self.0).wake = Some(Box::new(move || client.disconnect()));
    }

    /// From here on, the queue is shut when it comes.
    pub(crate) fn shuts<T: Data + 'static>(&self, queue: &SharedQueue<T>) {
        let queue = queue.clone();
        lock(&self.0).wake = Some(Box::new(move || queue.shutdown(true)));
    }

    /// Sleeps, but not beyond it; whether it has come.
    pub(crate) fn came_within(&self, pause: Duration) -> bool {
        let waiting = |state: &mut State| state.came.is_none();
        let waited = self
            .0
            .changed
            .wait_timeout_while(lock(&self.0), pause, waiting);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.came.is_some()
    }

    /// The end of the program: that of one that was stopped, if it was.
    pub(crate) fn or(&self, outcome: anyhow::Result<()>) -> anyhow::Result<()> {
        match lock(&self.0).came {
            Some(signal) => Err(signal.exit("interrupted").into()),
            None => outcome,
        }
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, State> {
    shared.state.lock().unwrap_or_else(PoisonError::into_inner)
}
