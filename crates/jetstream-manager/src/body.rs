//! An item as it is kept: JSON where nothing is lost by that, a pickle otherwise.

use jetstream_tasks::Body;
use pymanager::pickle::{self, Error, Limits, Value};

const JSON: &str = "application/json";
const PICKLE: &str = "application/x-python-pickle";
/// Every Python 3 that has it can read it.
const PROTOCOL: u8 = 4;

pub(crate) fn encode(item: &Value) -> Result<Body, Error> {
    match as_json(item) {
        Some(json) => Ok(Body::new(JSON, json)),
        None => Ok(Body::new(PICKLE, pickle::write(item, PROTOCOL)?)),
    }
}

/// The item as JSON, if exactly the same is read back: no tuple, no `str` of
/// Python 2, no list that is in two places.
fn as_json(item: &Value) -> Option<Vec<u8>> {
    let json: serde_json::Value = pickle::from_value(item).ok()?;
    let json = serde_json::to_vec(&json).ok()?;
    (from_json(&json).ok()? == *item).then_some(json)
}

/// # Errors
///
/// A line that says why it cannot be read.
pub(crate) fn decode(body: &Body) -> Result<Value, String> {
    match body.content_type.as_str() {
        PICKLE => pickle::read(&body.bytes, &Limits::default()).map_err(|error| error.to_string()),
        JSON => from_json(&body.bytes),
        other => Err(format!("{other} is neither {JSON} nor {PICKLE}")),
    }
}

fn from_json(json: &[u8]) -> Result<Value, String> {
    let json: serde_json::Value =
        serde_json::from_slice(json).map_err(|error| error.to_string())?;
    pickle::to_value(&json).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_can_say_is_json_and_all_comes_out_as_it_went_in() {
        let list = Value::list(&[1.into(), 2.into()]);
        let (a, b) = (Value::from("a"), Value::from("b"));
        for (item, json) in [
            (3411.into(), true),
            (Value::none(), true),
            (true.into(), true),
            ("3 * 3 = 9".into(), true),
            ("é\n\"".into(), true),
            (0.1.into(), true),
            (1e23.into(), true),
            (9_007_199_254_740_993.0.into(), true),
            (f64::NAN.into(), false),
            (f64::INFINITY.into(), false),
            ((-0.0).into(), true),
            (i64::MIN.into(), true),
            (Value::long(&[1; 40]), false),
            (list.clone(), true),
            (Value::dict([(&b, &a), (&a, &list)]), true),
            (Value::dict([(&b, &a), (&b, &list)]), false),
            (
                Value::dict([(&list.as_sequence().unwrap().get(0).unwrap(), &a)]),
                false,
            ),
            (Value::tuple(&[1.into()]), false),
            (Value::bytes(b"abc"), false),
            (Value::global("shop", "Order"), false),
        ] {
            let body = encode(&item).unwrap();
            assert_eq!(body.content_type == JSON, json, "{item:?}");
            assert!(decode(&body).unwrap() == item, "{item:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_said_in_a_line() {
        for (content_type, bytes) in [(JSON, "{"), (PICKLE, "\u{1}"), ("text/plain", "a")] {
            let told = decode(&Body::new(content_type, bytes)).unwrap_err();
            assert_eq!(told.lines().count(), 1, "{told}");
        }
    }
}
