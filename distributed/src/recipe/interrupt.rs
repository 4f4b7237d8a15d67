//! Ctrl-C, noticed by a thread that waits.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use anyhow::Context;
use common::program::Exit;

/// Status of a program that Ctrl-C has ended: 128 + SIGINT.
const STATUS: u8 = 130;

type Action = Box<dyn FnMut() + Send>;

/// Whether the user has asked for the end, by Ctrl-C or by `kill`.
#[derive(Clone)]
pub(crate) struct Interrupt {
    state: Arc<State>,
}

struct State {
    came: AtomicBool,
    main: Thread,
    /// What wakes the main thread from where it is blocked. Nothing that has
    /// to be seen to is going on while there is none.
    wake: Mutex<Option<Action>>,
}

impl Interrupt {
    /// For the current thread, which is the one to be woken.
    pub(crate) fn new() -> Self {
        Interrupt {
            state: Arc::new(State {
                came: AtomicBool::new(false),
                main: thread::current(),
                wake: Mutex::new(None),
            }),
        }
    }

    /// Starts to listen for Ctrl-C, in a thread: no fork after this.
    pub(crate) fn listen(&self) -> anyhow::Result<()> {
        let state = Arc::clone(&self.state);
        ctrlc::set_handler(move || {
            let again = state.came.swap(true, Ordering::SeqCst);
            let mut wake = state.wake.lock().unwrap_or_else(PoisonError::into_inner);
            match wake.as_mut() {
                Some(wake) if !again => wake(),
                // Nothing is at stake, or the user insists.
                _ => std::process::exit(i32::from(STATUS)),
            }
            state.main.unpark();
        })
        .context("cannot listen for Ctrl-C")
    }

    /// From here on, Ctrl-C does this and lets the main thread end itself.
    pub(crate) fn on_interrupt(&self, wake: impl FnMut() + Send + 'static) {
        let mut action = self
            .state
            .wake
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *action = Some(Box::new(wake));
    }

    pub(crate) fn came(&self) -> bool {
        self.state.came.load(Ordering::SeqCst)
    }

    /// Sleeps, but not beyond Ctrl-C.
    pub(crate) fn sleep(&self, pause: Duration) {
        let until = Instant::now() + pause;
        while !self.came() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            thread::park_timeout(left);
        }
    }

    /// The end of the program that was interrupted.
    pub(crate) fn exit() -> anyhow::Error {
        Exit::new(STATUS, "interrupted").into()
    }
}
