//! Requests to the manager itself: one a connection, and it closes.

use super::report;
use super::response::Response;
use super::state::State;
use crate::message::Request;
use crate::object::{Call, Exception, Served, ident_of_token};
use crate::queue::number;
use inert_pickle::{Data, Value};

/// What comes after the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// The connection closes.
    Close,
    /// The connection goes on to calls of methods.
    CallMethods,
    /// The whole manager stops.
    Stop,
}

/// Serves one request.
pub(crate) fn serve(state: &State, request: &Request<'_>, call: Call<'_>) -> (Response, Then) {
    let then = match request.method {
        "accept_connection" => Then::CallMethods,
        "shutdown" => Then::Stop,
        _ => Then::Close,
    };
    match answer(state, request, call) {
        Ok(value) => (Response::Return(value), then),
        Err(exception) => (Response::Fail(exception), Then::Close),
    }
}

fn answer(state: &State, request: &Request<'_>, call: Call<'_>) -> Result<Value, Exception> {
    let registry = &state.registry;
    match request.method {
        "dummy" | "shutdown" => Ok(Value::none()),
        "accept_connection" => {
            let name = request.argument(0, "name");
            call.caller()
                .is_called(name.as_ref().and_then(Value::as_str));
            Ok(Value::none())
        }
        "create" => {
            let (ident, served) = registry.create(request, call)?;
            Ok(Value::tuple(&[ident.as_str().into(), exposed(&served)]))
        }
        "incref" => {
            registry.add_reference(&ident(request)?)?;
            Ok(Value::none())
        }
        "decref" => {
            registry.drop_reference(&ident(request)?)?;
            Ok(Value::none())
        }
        "get_methods" => {
            let token = request.argument(0, "token");
            let ident = token.as_ref().and_then(ident_of_token);
            Ok(exposed(&registry.find(&ident.unwrap_or_default())?))
        }
        "number_of_objects" => Ok(number(registry.count())),
        "status" => {
            let told = report::status(state).to_value();
            told.map_err(|error| Exception::value_error(error.to_string()))
        }
        "debug_info" => Ok(registry.describe().as_str().into()),
        other => Err(Exception::builtin(
            "AssertionError",
            format!("{} unrecognized", Value::from(other).repr(100)),
        )),
    }
}

fn ident(request: &Request<'_>) -> Result<String, Exception> {
    let ident = request.argument(0, "ident");
    match ident.as_ref().and_then(Value::as_str) {
        Some(ident) => Ok(ident.to_string()),
        None => Err(Exception::type_error("an identifier has to be a str")),
    }
}

/// The names of the methods that a proxy for an object may call.
pub(crate) fn exposed(served: &Served) -> Value {
    let names: Vec<Value> = served.exposed().into_iter().map(Value::from).collect();
    Value::tuple(&names)
}
