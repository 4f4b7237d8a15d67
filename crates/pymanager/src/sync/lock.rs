//! `Lock` and `RLock`.

use std::sync::Arc;

use super::lock_deadline;
use super::monitor::{Gone, Monitor};
use crate::object::{
    Answer, Call, Class, Exception, Method, Object, Outcome, Served, Signature, Wait,
};
use crate::status::ObjectStatus;
use inert_pickle::Value;

/// A lock that the connection holds which has acquired it; held several times
/// over, if it is recursive.
#[derive(Debug)]
pub(crate) struct LockObject {
    recursive: bool,
    held: Monitor<Held>,
}

/// Who holds a lock, and how many times; 0 is nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    owner: u64,
    times: usize,
}

impl LockObject {
    pub(super) fn new(recursive: bool) -> Self {
        LockObject {
            recursive,
            held: Monitor::new(Held::default()),
        }
    }

    pub(super) fn acquire(&self, wait: &Wait<'_>) -> Result<bool, Gone> {
        let owner = wait.caller.number();
        if self.recursive {
            let mut inner = self.held.lock();
            if inner.state.times > 0 && inner.state.owner == owner {
                inner.state.times += 1;
                return Ok(true);
            }
        }
        let take = |held: &mut Held| *held = Held { owner, times: 1 };
        self.held.wait(wait, |held| held.times == 0, take)
    }

    /// Gives it back once. Anybody may release a plain lock, only its owner a
    /// recursive one.
    pub(super) fn release(&self, owner: u64) -> Result<(), Exception> {
        let mut inner = self.held.lock();
        if inner.state.times == 0 || self.recursive && inner.state.owner != owner {
            return Err(Exception::runtime_error(match self.recursive {
                true => "cannot release un-acquired lock",
                false => "release unlocked lock",
            }));
        }
        inner.state.times -= 1;
        if inner.state.times == 0 {
            inner.wake_first();
        }
        Ok(())
    }

    /// Whether this connection may use what the lock guards. Of a plain lock
    /// Python only asks whether anybody holds it.
    pub(super) fn is_held_by(&self, owner: u64) -> bool {
        let held = self.held.lock().state;
        held.times > 0 && (!self.recursive || held.owner == owner)
    }

    /// Gives it up altogether, to take it back later.
    pub(super) fn give_up(&self) -> Held {
        let mut inner = self.held.lock();
        let held = std::mem::take(&mut inner.state);
        inner.wake_first();
        held
    }

    /// Takes back what was given up.
    pub(super) fn take_back(&self, wait: &Wait<'_>, was: Held) -> Result<bool, Gone> {
        self.held
            .wait(wait, |held| held.times == 0, |held| *held = was)
    }

    /// The connection has ended: it holds nothing any more.
    pub(super) fn free(&self, owner: u64) {
        let mut inner = self.held.lock();
        if inner.state.times > 0 && inner.state.owner == owner {
            inner.state = Held::default();
            inner.wake_first();
        }
    }
}

/// Makes a lock, as calling its class does.
pub(crate) fn new_lock(_: &mut Call<'_>) -> Result<Served, Exception> {
    Ok(Served::shared(&Arc::new(LockObject::new(false))))
}

/// Makes a recursive lock.
pub(crate) fn new_rlock(_: &mut Call<'_>) -> Result<Served, Exception> {
    Ok(Served::shared(&Arc::new(LockObject::new(true))))
}

fn acquire(lock: &LockObject, call: &mut Call<'_>) -> Outcome {
    let deadline = lock_deadline(call)?;
    call.tell_when_it_ends();
    Ok(match lock.acquire(&call.wait(deadline)) {
        Ok(acquired) => acquired.into(),
        Err(Gone) => Answer::Nobody,
    })
}

const METHODS: &[Method<LockObject>] = &[
    Method::new(
        "acquire",
        Signature::named(&["blocking", "timeout"], 0),
        acquire,
    ),
    Method::new("release", Signature::NONE, |lock, call| {
        lock.release(call.connection())?;
        Ok(Answer::none())
    }),
    Method::new("locked", Signature::NONE, |lock, _| {
        Ok((lock.held.lock().state.times > 0).into())
    }),
];

static LOCK: Class<LockObject> = Class::new("_thread.lock", METHODS);
static RLOCK: Class<LockObject> = Class::new("_thread.RLock", METHODS);

impl Object for LockObject {
    fn copy(&self) -> Result<Value, String> {
        Err(match self.recursive {
            true => "TypeError: cannot pickle '_thread.RLock' object",
            false => "TypeError: cannot pickle '_thread.lock' object",
        }
        .to_string())
    }

    fn class(&self) -> &'static Class<Self> {
        if self.recursive { &RLOCK } else { &LOCK }
    }

    fn repr(&self, address: &str) -> String {
        let held = self.held.lock().state;
        let state = if held.times > 0 { "locked" } else { "unlocked" };
        let name = self.class().name();
        match self.recursive {
            true => format!(
                "<{state} {name} object owner={} count={} at 0x{address}>",
                held.owner, held.times
            ),
            false => format!("<{state} {name} object at 0x{address}>"),
        }
    }

    fn describe(&self, told: &mut ObjectStatus) {
        let held = self.held.lock().state;
        told.held_by = (held.times > 0).then_some(held.owner);
        if held.times > 1 {
            told.note = format!("{} times over", held.times);
        }
    }

    fn connection_ended(&self, connection: u64) {
        self.free(connection);
    }
}
