//! What to call with a result.

use std::sync::Arc;

use crate::message::Request;
use crate::object::{Call, Caller, Exception, Hold, Memory, Resolve, Served, Stored};
use inert_pickle::Value;

/// A method of one of this manager's objects, like `results.append` of a
/// list's proxy. Nothing else can be called without running code.
#[derive(Debug)]
pub(super) struct Callback {
    object: Served,
    method: String,
    memory: Arc<Memory>,
    /// Keeps the object.
    _stored: Stored,
}

impl Callback {
    /// The argument at `index`, if it was given.
    pub(super) fn of(call: &Call<'_>, index: usize) -> Result<Option<Callback>, Exception> {
        let Some(value) = call.get(index).filter(|value| !value.is_none()) else {
            return Ok(None);
        };
        let object = method_of(value).and_then(|(proxy, method)| {
            let object = call.resolve(&proxy)?;
            // A callback that waits for the pool would hold the worker it needs.
            let is_pool = object.class().starts_with("multiprocessing.pool.");
            (!is_pool).then_some((object, method))
        });
        let Some((object, method)) = object else {
            return Err(Exception::type_error(
                "this manager runs no code: a callback has to be a method of one of its own \
                 objects, like results.append of a list's proxy",
            ));
        };
        Ok(Some(Callback {
            object,
            method,
            memory: Arc::clone(call.memory()),
            _stored: call.keep_value(value),
        }))
    }

    /// Calls it. Nobody is told if that fails: in CPython, it would end the
    /// pool.
    pub(super) fn call(&self, value: &Value, on_behalf: Option<&Call<'_>>) {
        let args = Value::tuple([value]);
        let request = [
            Value::none(),
            self.method.as_str().into(),
            args,
            Value::dict([]),
        ];
        let request = Value::tuple(&request);
        let Ok(request) = Request::of(&request) else {
            return;
        };
        // Unless it is made on a worker's behalf, the call may not wait.
        let nobody = Caller::nobody();
        let call = match on_behalf {
            Some(call) => call.another(),
            None => Call::new(&nobody, &NoObjects, &self.memory, false),
        };
        drop(self.object.call(&request, call));
    }
}

/// `getattr(proxy, 'name')`, which is how Python sends a bound method.
fn method_of(value: &Value) -> Option<(Value, String)> {
    let ("builtins", "getattr", mut args) = value.as_call()? else {
        return None;
    };
    let (proxy, name) = (args.next()?, args.next()?);
    Some((proxy, name.as_str()?.to_string()))
}

struct NoObjects;

impl Resolve for NoObjects {
    fn hold(&self, _ident: &str) -> Option<(Served, Hold)> {
        None
    }
}
