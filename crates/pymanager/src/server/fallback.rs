//! What every object answers, whatever its methods.

use super::response::Response;
use crate::object::{Era, Exception, Served};
use inert_pickle::Value;

/// What a proxy may ask of any object, exposed or not.
pub(super) fn fallback(served: &Served, ident: &str, method: &str, era: Era) -> Response {
    match method {
        "__str__" | "__repr__" => Response::Return(served.repr(ident).as_str().into()),
        "#GETVALUE" => match served.copy() {
            Ok(value) => Response::Return(value),
            Err(text) => {
                let text = match era {
                    Era::To37 => cannot_pickle_37(&text),
                    _ => text,
                };
                Response::Unsendable(format!("Traceback (most recent call last):\n{text}\n"))
            }
        },
        method => {
            let shown = Value::from(method).repr(100);
            let unexposed = Exception::attribute_error(format!(
                "method {shown} of <class '{}'> object is not in exposed={{{}}}",
                served.class(),
                served.exposed().join(", ")
            ));
            Response::Explain(format!(
                "{}\n\nDuring handling of the above exception, another exception occurred:\n\n{}",
                unexposed.to_traceback(),
                Exception::key_error(method.chars().take(100).collect::<String>().as_str())
                    .to_traceback()
            ))
        }
    }
}

/// What Python up to 3.7 says of something that has no pickle.
fn cannot_pickle_37(text: &str) -> String {
    let what = text.strip_prefix("TypeError: cannot pickle '");
    match what.and_then(|rest| rest.strip_suffix("' object")) {
        Some(what) => format!("TypeError: can't pickle {what} objects"),
        None => text.to_string(),
    }
}
