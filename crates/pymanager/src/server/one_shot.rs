//! Requests to the manager itself: one a connection, and it closes.

use super::accept::State;
use super::exception::Exception;
use super::methods;
use super::reply::Reply;
use crate::message::Request;
use inert_pickle::{Kind, Value};

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
pub(crate) fn serve(state: &State, request: &Request<'_>) -> (Reply, Then) {
    let then = match request.method {
        "accept_connection" => Then::CallMethods,
        "shutdown" => Then::Stop,
        _ => Then::Close,
    };
    match answer(state, request) {
        Ok(value) => (Reply::Return(value), then),
        Err(exception) => (Reply::failure(&exception), Then::Close),
    }
}

fn answer(state: &State, request: &Request<'_>) -> Result<Value, Exception> {
    let objects = &state.objects;
    match request.method {
        "dummy" | "accept_connection" | "shutdown" => Ok(Value::none()),
        "create" => {
            let (ident, served) = objects.create(request)?;
            let exposed = methods::exposed(served.kind);
            Ok(Value::tuple(&[ident.as_str().into(), names(exposed)]))
        }
        "incref" => {
            objects.add_reference(&ident(request)?)?;
            Ok(Value::none())
        }
        "decref" => {
            objects.drop_reference(&ident(request)?)?;
            Ok(Value::none())
        }
        "get_methods" => {
            let token = request.argument(0, "token");
            let ident = token.as_ref().and_then(ident_of_token);
            let served = objects.find(&ident.unwrap_or_default())?;
            Ok(names(methods::exposed(served.kind)))
        }
        "number_of_objects" => Ok(number(objects.count())),
        "debug_info" => Ok(objects.describe().as_str().into()),
        other => Err(Exception::assertion(format!(
            "{} unrecognized",
            Value::from(other).repr(100)
        ))),
    }
}

fn ident(request: &Request<'_>) -> Result<String, Exception> {
    let ident = request.argument(0, "ident");
    match ident.as_ref().and_then(Value::as_str) {
        Some(ident) => Ok(ident.to_string()),
        None => Err(Exception::type_error("an identifier has to be a str")),
    }
}

/// The identifier in a `multiprocessing.managers.Token`, whose state is its
/// type's name, the address and the identifier.
fn ident_of_token(token: &Value) -> Option<String> {
    let Kind::Object(token) = token.kind() else {
        return None;
    };
    let ident = token.state()?.as_sequence()?.get(2)?;
    Some(ident.as_str()?.to_string())
}

fn names(names: &[&str]) -> Value {
    let names: Vec<Value> = names.iter().map(|name| Value::from(*name)).collect();
    Value::tuple(&names)
}

/// A count as a Python number.
pub(crate) fn number(count: usize) -> Value {
    Value::from(i64::try_from(count).unwrap_or(i64::MAX))
}
