//! How a dict keeps a key or a value: a short text in place, without the
//! memory of a message around it.

use crate::object::{Hold, Stored};
use inert_pickle::{Kind, Value};

/// A [`Stored`], in 24 bytes where it is a number or a short text.
#[derive(Clone, Debug)]
pub(super) enum Packed {
    /// A text of that many bytes.
    Short(u8, [u8; Packed::SHORT]),
    Text(Box<str>),
    Value(Value),
    /// There is a proxy in it.
    Held(Box<Stored>),
}

impl Packed {
    const SHORT: usize = 19;
    /// A longer text stays a value: its overhead is small in comparison, and
    /// readers share it without a copy.
    const TEXT: usize = 256;

    /// Bytes of memory besides its own size, roughly.
    pub(super) fn memory(&self) -> usize {
        match self {
            Packed::Short(..) => 0,
            // At least what an allocator hands out.
            Packed::Text(text) => text.len() + 16,
            Packed::Value(value) => value.memory(),
            Packed::Held(stored) => stored.memory(),
        }
    }

    pub(super) fn holds(&self) -> &[Hold] {
        match self {
            Packed::Held(stored) => stored.holds.as_deref().unwrap_or_default(),
            _ => &[],
        }
    }

    pub(super) fn value(self) -> Value {
        Stored::from(self).value
    }
}

impl From<Stored> for Packed {
    fn from(stored: Stored) -> Packed {
        if stored.holds.is_some() {
            return Packed::Held(Box::new(stored));
        }
        // Python 2's `str` is another type.
        let text = match stored.value.kind() {
            Kind::Str(bytes) if bytes.len() <= Packed::TEXT => str::from_utf8(bytes).ok(),
            _ => None,
        };
        match text {
            None => Packed::Value(stored.value),
            Some(text) if text.len() <= Packed::SHORT => {
                let mut bytes = [0; Packed::SHORT];
                bytes[..text.len()].copy_from_slice(text.as_bytes());
                Packed::Short(text.len() as u8, bytes)
            }
            Some(text) => Packed::Text(text.into()),
        }
    }
}

impl From<Packed> for Stored {
    fn from(packed: Packed) -> Stored {
        Stored::plain(match packed {
            Packed::Short(len, bytes) => {
                // It was a text when it came.
                str::from_utf8(&bytes[..usize::from(len)])
                    .unwrap_or_default()
                    .into()
            }
            Packed::Text(text) => (&*text).into(),
            Packed::Value(value) => value,
            Packed::Held(stored) => return *stored,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unpacked_is_what_was_packed() {
        let texts = [0, 1, 18, 19, 20, 255, 256, 257].map(|len| "x".repeat(len));
        let mut values: Vec<Value> = texts.iter().map(|text| text.as_str().into()).collect();
        // Of 19 and 20 bytes, the last two of which are one character.
        values.push(Value::from("01234567890123456\u{e9}"));
        values.push(Value::from("012345678901234567\u{e9}"));
        values.extend([Value::none(), true.into(), i64::MIN.into(), 0.5.into()]);
        values.extend([Value::bytes(b"x"), Value::tuple([&"x".into()])]);
        for value in values {
            let packed = Packed::from(Stored::plain(value.clone()));
            let back = packed.clone().value();
            assert_eq!(back, value);
            assert_eq!(back.type_name(), value.type_name());
            assert!(packed.memory() <= value.memory(), "{value:?}");
        }
    }

    #[test]
    fn a_held_object_stays_held() {
        let object = std::sync::Arc::new(7);
        let packed = Packed::from(Stored {
            value: "proxy".into(),
            holds: Some([Hold::new(object.clone())].into()),
        });
        assert_eq!(packed.holds().len(), 1);
        let stored = Stored::from(packed);
        assert_eq!(std::sync::Arc::strong_count(&object), 2);
        drop(stored);
        assert_eq!(std::sync::Arc::strong_count(&object), 1);
    }
}
