//! `Array`: Python's `array.array`, numbers of one type.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::iterate::items_of;
use super::slice::{Index, index, place};
use super::{Account, MOST, too_many};
use super::{integer_required, not_an_integer};
use crate::object::{Answer, Call, Class, Era, Exception, Method, Object, Served, Signature};
use crate::queue::number;
use inert_pickle::{Kind, Value};

#[derive(Debug)]
pub(crate) struct ArrayObject {
    element: Element,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    items: Vec<Value>,
    account: Account,
}

/// What an array is of: a letter of Python's, and what C makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Element {
    code: char,
    kind: Number,
    bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    /// Integers with a sign, and what C calls them.
    Signed(&'static str),
    Unsigned(&'static str),
    Float,
    Character,
}

impl Element {
    fn of(code: &Value) -> Result<Self, Exception> {
        let bad = || {
            // Of `w`, which came with 3.13, Python does not tell either.
            Exception::value_error("bad typecode (must be b, B, u, h, H, i, I, l, L, q, Q, f or d)")
        };
        let (kind, bytes) = match code.as_str().ok_or_else(bad)? {
            "b" => (Number::Signed("signed char"), 1),
            "B" => (Number::Unsigned("unsigned byte integer"), 1),
            "h" => (Number::Signed("signed short"), 2),
            "H" => (Number::Unsigned("unsigned short"), 2),
            "i" => (Number::Signed("signed integer"), 4),
            "I" => (Number::Unsigned("unsigned int"), 4),
            "l" | "q" => (Number::Signed("signed long"), 8),
            "L" | "Q" => (Number::Unsigned("unsigned long"), 8),
            "f" => (Number::Float, 4),
            "d" => (Number::Float, 8),
            "u" | "w" => (Number::Character, 4),
            _ => return Err(bad()),
        };
        let code = code.as_str().and_then(|code| code.chars().next());
        let code = code.unwrap_or('b');
        Ok(Element { code, kind, bytes })
    }

    /// The value as this array keeps it.
    fn check(self, value: &Value) -> Result<Value, Exception> {
        match self.kind {
            Number::Float => {
                let number = value.as_f64().ok_or_else(|| {
                    let name = value.type_name();
                    Exception::type_error(format!("must be real number, not {name}"))
                })?;
                Ok(match self.bytes {
                    4 => f64::from(number as f32).into(),
                    _ => number.into(),
                })
            }
            Number::Character => match value.as_str() {
                Some(text) if text.chars().count() == 1 => Ok(text.into()),
                _ => Err(Exception::type_error(
                    "array item must be a unicode character",
                )),
            },
            Number::Signed(name) | Number::Unsigned(name) => self.check_int(value, name),
        }
    }

    fn check_int(self, value: &Value, name: &str) -> Result<Value, Exception> {
        let overflow = |text: String| Err(Exception::builtin("OverflowError", text));
        let int = match value.kind() {
            Kind::Int(int) => i128::from(int),
            Kind::Bool(truth) => i128::from(truth),
            Kind::Long(bytes) if bytes.len() <= 16 => {
                let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
                let mut all = [if negative { 0xff } else { 0 }; 16];
                all[..bytes.len()].copy_from_slice(bytes);
                i128::from_le_bytes(all)
            }
            Kind::Long(_) => {
                return overflow("Python int too large to convert to C long".to_string());
            }
            _ => {
                let error = not_an_integer(value);
                return Err(match value.kind() {
                    Kind::Float(_) => {
                        error.formerly(Era::To37, "integer argument expected, got float")
                    }
                    _ => error.formerly(Era::To37, integer_required(value)),
                });
            }
        };
        let bits = 8 * self.bytes as u32;
        let (least, most) = match self.kind {
            Number::Signed(_) => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
            _ => (0, (1i128 << bits) - 1),
        };
        match int {
            int if int < least && least == 0 && self.bytes > 2 => {
                overflow("can't convert negative value to unsigned int".to_string())
            }
            int if int < least => overflow(format!("{name} is less than minimum")),
            int if int > most => overflow(format!("{name} is greater than maximum")),
            int => Ok(Value::long(&int.to_le_bytes())),
        }
    }

    /// One item as it lies in memory, little-endian.
    fn to_bytes(self, value: &Value, out: &mut Vec<u8>) {
        match (self.kind, value.kind()) {
            (Number::Float, _) => {
                let number = value.as_f64().unwrap_or_default();
                match self.bytes {
                    4 => out.extend((number as f32).to_le_bytes()),
                    _ => out.extend(number.to_le_bytes()),
                }
            }
            (Number::Character, _) => {
                let text = value.as_str().unwrap_or_default();
                let c = text.chars().next().map_or(0, u32::from);
                out.extend(c.to_le_bytes());
            }
            (_, Kind::Long(bytes)) => out.extend(bytes.iter().chain(&[0; 8]).take(self.bytes)),
            _ => {
                let int = value.as_i64().unwrap_or_default().to_le_bytes();
                out.extend(&int[..self.bytes]);
            }
        }
    }

    fn item_of_bytes(self, bytes: &[u8]) -> Value {
        match self.kind {
            Number::Float => match bytes.try_into() {
                Ok(four) => f64::from(f32::from_le_bytes(four)).into(),
                Err(_) => f64::from_le_bytes(bytes.try_into().unwrap_or_default()).into(),
            },
            Number::Character => {
                let c = u32::from_le_bytes(bytes.try_into().unwrap_or_default());
                let c = char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER);
                c.to_string().as_str().into()
            }
            Number::Signed(_) => Value::long(bytes),
            Number::Unsigned(_) => Value::long(&[bytes, &[0]].concat()),
        }
    }

    /// All items of raw memory.
    fn items_of_bytes(self, bytes: &[u8]) -> Result<Vec<Value>, Exception> {
        if !bytes.len().is_multiple_of(self.bytes) {
            return Err(Exception::value_error(
                "bytes length not a multiple of item size",
            ));
        }
        let chunks = bytes.chunks_exact(self.bytes);
        Ok(chunks.map(|bytes| self.item_of_bytes(bytes)).collect())
    }

    /// An array as Python's managers pickle one.
    fn pickled<'v>(self, items: impl IntoIterator<Item = &'v Value>) -> Value {
        let mut bytes = Vec::new();
        for item in items {
            self.to_bytes(item, &mut bytes);
        }
        let code = self.code.to_string();
        let array = Value::global("array", "array");
        Value::call(&array, &[code.as_str().into(), Value::bytes(&bytes)])
    }

    fn size(self) -> usize {
        size_of::<Value>()
            + if self.kind == Number::Character {
                64
            } else {
                0
            }
    }
}

impl ArrayObject {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn splice(
        &self,
        state: &mut State,
        start: usize,
        count: usize,
        items: Vec<Value>,
    ) -> Result<(), Exception> {
        if state.items.len() - count + items.len() > MOST {
            return Err(too_many());
        }
        state.account.charge(items.len() * self.element.size())?;
        state.items.splice(start..start + count, items);
        state.account.give_back(count * self.element.size());
        Ok(())
    }

    /// The items of an array that is an argument.
    fn array(&self, value: &Value) -> Result<Vec<Value>, Exception> {
        let Some(("array", name, args)) = value.as_call() else {
            return Err(Exception::type_error(format!(
                "can only assign array (not \"{}\") to array slice",
                value.type_name()
            )));
        };
        // Pickled by a manager, or by Python itself.
        let (code, bytes) = match name {
            "array" => (args.get(0), args.get(1)),
            _ => (args.get(1), args.get(3)),
        };
        let code = code.unwrap_or_default();
        if code.as_str() != Some(&*self.element.code.to_string()) {
            return Err(Exception::type_error(
                "bad argument type for built-in operation",
            ));
        }
        let bytes = bytes.unwrap_or_default();
        match bytes.as_bytes() {
            Some(bytes) => self.element.items_of_bytes(bytes),
            None => Err(Exception::type_error(
                "an array of such items is not known here",
            )),
        }
    }
}

/// Makes an array, as calling its class does.
pub(crate) fn new_array(call: &mut Call<'_>) -> Result<Served, Exception> {
    let element = Element::of(&call.value(0))?;
    let given = call.value(1);
    let items = match (given.kind(), given.as_call()) {
        (Kind::Bytes(bytes) | Kind::ByteArray(bytes), _) => element.items_of_bytes(bytes)?,
        (_, Some(("array", name, args))) => {
            let other = Element::of(&args.get(usize::from(name != "array")).unwrap_or_default())?;
            let bytes = args
                .get(if name == "array" { 1 } else { 3 })
                .unwrap_or_default();
            let items = other.items_of_bytes(bytes.as_bytes().unwrap_or_default())?;
            items
                .iter()
                .map(|item| element.check(item))
                .collect::<Result<_, _>>()?
        }
        _ => {
            let items = items_of(call, &given)?;
            items
                .iter()
                .map(|item| element.check(item))
                .collect::<Result<_, _>>()?
        }
    };
    let object = ArrayObject {
        element,
        state: Mutex::new(State {
            items: Vec::new(),
            account: Account::new(call),
        }),
    };
    object.splice(&mut object.lock(), 0, 0, items)?;
    Ok(Served::new(object))
}

/// The items of an array as Python's managers pickle one.
pub(crate) fn items_of_array(array: &Value) -> Option<Vec<Value>> {
    let ("array", "array", args) = array.as_call()? else {
        return None;
    };
    let element = Element::of(&args.get(0)?).ok()?;
    // An empty one has none.
    let items = args.get(1).unwrap_or_default();
    match items.kind() {
        Kind::None => Some(Vec::new()),
        // As Python 2 pickles one.
        Kind::List(items) => Some(items.collect()),
        _ => element.items_of_bytes(items.as_bytes()?).ok(),
    }
}

static ARRAY: Class<ArrayObject> = Class::new(
    "array.array",
    &[
        Method::new("__len__", Signature::NONE, |array, _| {
            Ok(number(array.lock().items.len()).into())
        }),
        Method::new("__getitem__", Signature::positional(1, 1), |array, call| {
            let state = array.lock();
            match index(&call.value(0), "array")? {
                Index::At(at) => match place(at, state.items.len()) {
                    Some(at) => Ok(state.items[at].clone().into()),
                    None => Err(Exception::builtin("IndexError", "array index out of range")),
                },
                Index::Slice(slice) => {
                    let places = slice.iter(state.items.len());
                    let items = places.map(|at| &state.items[at]);
                    Ok(array.element.pickled(items).into())
                }
            }
        }),
        Method::new("__setitem__", Signature::positional(2, 2), |array, call| {
            let mut state = array.lock();
            let len = state.items.len();
            match index(&call.value(0), "array")? {
                Index::At(at) => {
                    let at = place(at, len).ok_or_else(|| {
                        Exception::builtin("IndexError", "array assignment index out of range")
                    })?;
                    state.items[at] = array.element.check(&call.value(1))?;
                }
                Index::Slice(slice) => {
                    let items = array.array(&call.value(1))?;
                    let (start, count, _) = slice.places(len);
                    if slice.is_plain() {
                        array.splice(&mut state, start.min(len), count, items)?;
                    } else if items.len() == count {
                        for (at, item) in slice.iter(len).zip(items) {
                            state.items[at] = item;
                        }
                    } else {
                        return Err(Exception::value_error(format!(
                            "attempt to assign array of size {} to extended slice of size {count}",
                            items.len()
                        )));
                    }
                }
            }
            Ok(Answer::none())
        }),
    ],
);

impl Object for ArrayObject {
    fn class(&self) -> &'static Class<Self> {
        &ARRAY
    }

    fn repr(&self, _address: &str) -> String {
        let items = self.lock().items.clone();
        match (items.is_empty(), self.element.kind) {
            (true, _) => format!("array('{}')", self.element.code),
            (_, Number::Character) => {
                let text: String = items.iter().filter_map(Value::as_str).collect();
                let text = Value::from(text.as_str()).repr(10_000);
                format!("array('{}', {text})", self.element.code)
            }
            _ => {
                let items = Value::list(&items).repr(10_000);
                format!("array('{}', {items})", self.element.code)
            }
        }
    }

    fn copy(&self) -> Result<Value, String> {
        let items = self.lock().items.clone();
        Ok(self.element.pickled(&items))
    }
}
