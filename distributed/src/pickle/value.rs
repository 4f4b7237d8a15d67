//! A value in a pickle.

use std::marker::PhantomData;
use std::sync::Arc;

use super::arena::Arena;

/// A Python value as data: cheap to clone, shared between threads, with identity (what
/// is shared or cyclic in the pickle stays so).
#[derive(Clone, Debug, Default)]
pub struct Value {
    _arena: Option<Arc<Arena>>,
}

/// What a value is, with its contents.
#[derive(Clone, Debug)]
pub enum Kind<'a> {
    /// `None`
    None,
    /// `bool`
    Bool(bool),
    /// `int` that fits.
    Int(i64),
    /// `int` that does not: two's complement, little-endian, minimal.
    Long(&'a [u8]),
    /// `float`
    Float(f64),
    /// `str`: UTF-8, except that lone surrogates are encoded too (Python's `surrogatepass`).
    Str(&'a [u8]),
    /// `str` of Python 2, of no stated encoding.
    NativeStr(&'a [u8]),
    /// `bytes`
    Bytes(&'a [u8]),
    /// `bytearray`
    ByteArray(&'a [u8]),
    /// `tuple`
    Tuple(Items<'a>),
    /// `list`
    List(Items<'a>),
    /// `dict`, in order
    Dict(Pairs<'a>),
    /// `set`
    Set(Items<'a>),
    /// `frozenset`
    FrozenSet(Items<'a>),
    /// A class or function by name, always Python 3's names (`builtins`, not `__builtin__`).
    Global {
        /// Its module.
        module: &'a str,
        /// Its qualified name.
        name: &'a str,
    },
    /// What Python would make by a call; here it stays a description of it.
    Object(Object<'a>),
}

/// The elements of a tuple, list or set: an exact-size iterator of [`Value`]s.
#[derive(Clone, Debug)]
pub struct Items<'a>(PhantomData<&'a Value>);

impl<'a> Items<'a> {
    /// How many.
    pub fn len(&self) -> usize {
        unimplemented!()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        unimplemented!()
    }
    /// The element at `index`.
    pub fn get(&self, index: usize) -> Option<Value> {
        let _ = index;
        unimplemented!()
    }
}

impl Iterator for Items<'_> {
    type Item = Value;
    fn next(&mut self) -> Option<Value> {
        unimplemented!()
    }
}

/// The entries of a dict in order: an iterator of key and value.
#[derive(Clone, Debug)]
pub struct Pairs<'a>(PhantomData<&'a Value>);

impl<'a> Pairs<'a> {
    /// How many.
    pub fn len(&self) -> usize {
        unimplemented!()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        unimplemented!()
    }
    /// The value of a string key.
    pub fn get(&self, key: &str) -> Option<Value> {
        let _ = key;
        unimplemented!()
    }
}

impl Iterator for Pairs<'_> {
    type Item = (Value, Value);
    fn next(&mut self) -> Option<(Value, Value)> {
        unimplemented!()
    }
}

/// A call that would make an object: REDUCE, NEWOBJ or NEWOBJ_EX, and what follows it.
#[derive(Clone, Debug)]
pub struct Object<'a>(PhantomData<&'a Value>);

impl Object<'_> {
    /// What would be called, or whose instance would be made.
    pub fn callable(&self) -> Value {
        unimplemented!()
    }
    /// The arguments: a tuple.
    pub fn args(&self) -> Value {
        unimplemented!()
    }
    /// The state that BUILD would give to the object.
    pub fn state(&self) -> Option<Value> {
        unimplemented!()
    }
}

impl Value {
    /// `None`.
    pub fn none() -> Value {
        Value::default()
    }
    /// An `int` of any size, from two's complement little-endian bytes.
    pub fn long(bytes: &[u8]) -> Value {
        let _ = bytes;
        unimplemented!()
    }
    /// `bytes`.
    pub fn bytes(bytes: &[u8]) -> Value {
        let _ = bytes;
        unimplemented!()
    }
    /// `bytearray`.
    pub fn bytearray(bytes: &[u8]) -> Value {
        let _ = bytes;
        unimplemented!()
    }
    /// `tuple`.
    pub fn tuple<'v>(items: impl IntoIterator<Item = &'v Value>) -> Value {
        let _ = items;
        unimplemented!()
    }
    /// `list`.
    pub fn list<'v>(items: impl IntoIterator<Item = &'v Value>) -> Value {
        let _ = items;
        unimplemented!()
    }
    /// `set`; the items are taken to be distinct.
    pub fn set<'v>(items: impl IntoIterator<Item = &'v Value>) -> Value {
        let _ = items;
        unimplemented!()
    }
    /// `frozenset`; the items are taken to be distinct.
    pub fn frozenset<'v>(items: impl IntoIterator<Item = &'v Value>) -> Value {
        let _ = items;
        unimplemented!()
    }
    /// `dict`; the keys are taken to be distinct.
    pub fn dict<'v>(pairs: impl IntoIterator<Item = (&'v Value, &'v Value)>) -> Value {
        let _ = pairs;
        unimplemented!()
    }
    /// A class or function, by Python 3's names.
    pub fn global(module: &str, name: &str) -> Value {
        let _ = (module, name);
        unimplemented!()
    }
    /// What calling `callable` with the tuple `args` would give: an exception is
    /// `Value::call(&Value::global("queue", "Empty"), &[])`.
    pub fn call(callable: &Value, args: &[Value]) -> Value {
        let _ = (callable, args);
        unimplemented!()
    }
    /// A new instance of `class` with this state (`NEWOBJ`, `BUILD`).
    pub fn instance(class: &Value, args: &[Value], state: Option<&Value>) -> Value {
        let _ = (class, args, state);
        unimplemented!()
    }

    /// What it is.
    pub fn kind(&self) -> Kind<'_> {
        unimplemented!()
    }
    /// Python's name of its type: `int`, `str`, `list`; of an object, its class's name.
    pub fn type_name(&self) -> &str {
        unimplemented!()
    }
    /// Whether it is `None`.
    pub fn is_none(&self) -> bool {
        unimplemented!()
    }
    /// A `bool` or an `int` that fits.
    pub fn as_i64(&self) -> Option<i64> {
        unimplemented!()
    }
    /// A `bool`, `int` or `float` as a float.
    pub fn as_f64(&self) -> Option<f64> {
        unimplemented!()
    }
    /// A `str` without lone surrogates, or a `str` of Python 2 in UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        unimplemented!()
    }
    /// `bytes` or `bytearray`.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        unimplemented!()
    }
    /// The elements of a tuple or list.
    pub fn as_sequence(&self) -> Option<Items<'_>> {
        unimplemented!()
    }
    /// The entries of a dict.
    pub fn as_dict(&self) -> Option<Pairs<'_>> {
        unimplemented!()
    }
    /// Module, name and arguments of an object made by calling a named class: an exception.
    pub fn as_call(&self) -> Option<(&str, &str, Items<'_>)> {
        unimplemented!()
    }
    /// Python's `bool(value)`; a symbolic object is true.
    pub fn is_truthy(&self) -> bool {
        unimplemented!()
    }
    /// The same value in memory of its own: keeps nothing else of the message it came in.
    /// Worth it for a small part of a large message.
    pub fn detach(&self) -> Value {
        unimplemented!()
    }
    /// Python's `self < other` for plain values.
    ///
    /// # Errors
    /// The text of the `TypeError` that Python would raise.
    pub fn less_than(&self, other: &Value) -> Result<bool, super::TypeError> {
        let _ = other;
        unimplemented!()
    }
    /// Python's `repr(value)`, cut to `limit` characters.
    pub fn repr(&self, limit: usize) -> String {
        let _ = limit;
        unimplemented!()
    }
}

impl From<bool> for Value {
    fn from(_: bool) -> Value {
        unimplemented!()
    }
}
impl From<i64> for Value {
    fn from(_: i64) -> Value {
        unimplemented!()
    }
}
impl From<f64> for Value {
    fn from(_: f64) -> Value {
        unimplemented!()
    }
}
impl From<&str> for Value {
    fn from(_: &str) -> Value {
        unimplemented!()
    }
}

impl PartialEq for Value {
    /// Whether Python would build the same from both: the same values in the same order,
    /// shared and cyclic in the same places.
    fn eq(&self, _other: &Value) -> bool {
        unimplemented!()
    }
}
