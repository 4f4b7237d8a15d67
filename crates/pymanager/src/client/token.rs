//! What names an object of a manager, whichever program holds it.

use std::fmt;

use inert_pickle::{Kind, Value};

const MODULE: &str = "multiprocessing.managers";

/// Where an object is and what it is called there: Python's
/// `multiprocessing.managers.Token`.
///
/// It is what a [`Proxy`](crate::Proxy) is made of, and what travels when one is
/// put into a queue or a dict. A token by itself keeps nothing alive.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Token {
    typeid: String,
    address: Address,
    ident: String,
}

/// The address in a [`Token`], as the manager knows itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// A host and a port.
    Tcp(String, u16),
    /// The path of a Unix socket; one that begins with a NUL is abstract.
    Unix(String),
}

impl Token {
    pub(crate) fn new(typeid: &str, address: Address, ident: &str) -> Self {
        Token {
            typeid: typeid.to_string(),
            address,
            ident: ident.to_string(),
        }
    }

    /// The token in a value: a `Token` itself, or a proxy as Python pickles it,
    /// which is what a dict or a queue holds that a proxy was put into.
    pub fn of(value: &Value) -> Option<Self> {
        if let Some((MODULE, "RebuildProxy", args)) = value.as_call() {
            return Token::of(&args.get(1)?);
        }
        let Kind::Object(object) = value.kind() else {
            return None;
        };
        let callable = object.callable();
        let Kind::Global {
            module: MODULE,
            name: "Token",
        } = callable.kind()
        else {
            return None;
        };
        let state = object.state()?;
        let state = state.as_sequence()?;
        Some(Token {
            typeid: state.get(0)?.as_str()?.to_string(),
            address: Address::of(&state.get(1)?)?,
            ident: state.get(2)?.as_str()?.to_string(),
        })
    }

    /// The name under which the object was made: `dict`, or a registered one.
    pub fn typeid(&self) -> &str {
        &self.typeid
    }

    /// Where the manager is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// What the manager calls it.
    pub fn ident(&self) -> &str {
        &self.ident
    }

    /// The token as Python pickles it.
    pub fn to_value(&self) -> Value {
        let parts = [
            Value::from(self.typeid.as_str()),
            self.address.to_value(),
            Value::from(self.ident.as_str()),
        ];
        let class = Value::global(MODULE, "Token");
        Value::instance(&class, &[], Some(&Value::tuple(&parts)))
    }

    /// A proxy of the object as Python pickles it. `exposed` is for objects
    /// whose methods Python's proxies do not know of themselves.
    pub(crate) fn to_proxy(&self, exposed: &[String]) -> Value {
        let class = proxy_class(&self.typeid);
        let exposed: Vec<Value> = match class {
            "AutoProxy" => exposed.iter().map(|name| name.as_str().into()).collect(),
            _ => Vec::new(),
        };
        let (name, exposed) = (Value::from("exposed"), Value::tuple(&exposed));
        let keywords = (class == "AutoProxy").then_some((&name, &exposed));
        Value::call(
            &Value::global(MODULE, "RebuildProxy"),
            &[
                Value::global(MODULE, class),
                self.to_value(),
                "pickle".into(),
                Value::dict(keywords),
            ],
        )
    }
}

/// The methods in a proxy as Python pickles it, if it names them.
pub(crate) fn exposed_in(proxy: &Value) -> Option<Vec<String>> {
    let (MODULE, "RebuildProxy", args) = proxy.as_call()? else {
        return None;
    };
    let exposed = args.get(3)?.as_dict()?.get("exposed")?;
    names(&exposed)
}

/// A sequence of names.
pub(crate) fn names(value: &Value) -> Option<Vec<String>> {
    let names = value.as_sequence()?;
    names.map(|name| Some(name.as_str()?.to_string())).collect()
}

/// The names in an answer to `get_methods`: a set of CPython's, or a sequence.
pub(crate) fn methods(value: &Value) -> Option<Vec<String>> {
    match value.kind() {
        Kind::Set(names) | Kind::FrozenSet(names) => {
            names.map(|name| Some(name.as_str()?.to_string())).collect()
        }
        _ => names(value),
    }
}

/// Python's class of the proxies of a type.
fn proxy_class(typeid: &str) -> &'static str {
    match typeid {
        "dict" => "DictProxy",
        "list" => "ListProxy",
        "Namespace" => "NamespaceProxy",
        "Value" => "ValueProxy",
        "Array" => "ArrayProxy",
        "Event" => "EventProxy",
        "Lock" | "RLock" | "Semaphore" | "BoundedSemaphore" => "AcquirerProxy",
        "Condition" => "ConditionProxy",
        "Barrier" => "BarrierProxy",
        "Iterator" => "IteratorProxy",
        "Pool" => "PoolProxy",
        _ => "AutoProxy",
    }
}

impl Address {
    fn of(value: &Value) -> Option<Self> {
        if let Some(path) = value.as_str() {
            return Some(Address::Unix(path.to_string()));
        }
        let parts = value.as_sequence()?;
        let port = u16::try_from(parts.get(1)?.as_i64()?).ok()?;
        Some(Address::Tcp(parts.get(0)?.as_str()?.to_string(), port))
    }

    fn to_value(&self) -> Value {
        match self {
            Address::Tcp(host, port) => {
                Value::tuple(&[host.as_str().into(), i64::from(*port).into()])
            }
            Address::Unix(path) => path.as_str().into(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(host, port) => write!(f, "{host}:{port}"),
            Address::Unix(path) => f.write_str(&path.replace('\0', "@")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_in_what_it_is_written_as() {
        for address in [
            Address::Tcp("127.0.0.1".to_string(), 5000),
            Address::Unix("/tmp/listener".to_string()),
        ] {
            for typeid in ["dict", "scores"] {
                let token = Token::new(typeid, address.clone(), "12ab");
                assert_eq!(Token::of(&token.to_value()), Some(token.clone()));
                let proxy = token.to_proxy(&["get".to_string()]);
                assert_eq!(Token::of(&proxy), Some(token));
                let exposed = (typeid == "scores").then(|| vec!["get".to_string()]);
                assert_eq!(exposed_in(&proxy), exposed);
            }
        }
        for other in [Value::none(), 1.into(), Value::list(&[]), "Token".into()] {
            assert_eq!(Token::of(&other), None);
        }
    }
}
