//! Arguments by position and by name, as Python binds them.

use super::{Era, Exception};
use crate::message::Request;
use inert_pickle::Value;

/// The parameters of a method after `self`.
#[derive(Clone, Copy, Debug)]
pub struct Signature(Parameters);

#[derive(Clone, Copy, Debug)]
enum Parameters {
    /// Of a function written in Python: names, and how many have to be given.
    Named {
        names: &'static [&'static str],
        required: usize,
    },
    /// Of a function written in C: so many by position.
    Positional { least: usize, most: usize },
    /// So many by position, and any names besides.
    Any { least: usize, most: usize },
}

/// The arguments of one call.
#[derive(Debug, Default)]
pub(crate) struct Bound {
    /// In the order of the parameters.
    pub(crate) by_position: Vec<Option<Value>>,
    /// Those that only have a name.
    pub(crate) by_name: Vec<(Value, Value)>,
}

impl Signature {
    /// No parameters.
    pub const NONE: Signature = Signature::named(&[], 0);

    /// Parameters with names, the first `required` of which have to be given.
    pub const fn named(names: &'static [&'static str], required: usize) -> Self {
        Signature(Parameters::Named { names, required })
    }

    /// At least `least` and at most `most` arguments, by position alone.
    pub const fn positional(least: usize, most: usize) -> Self {
        Signature(Parameters::Positional { least, most })
    }

    /// As [`positional`](Self::positional), and any keyword arguments besides.
    pub const fn with_keywords(least: usize, most: usize) -> Self {
        Signature(Parameters::Any { least, most })
    }
}

/// Binds the arguments of `request`, whose first `skip` belong to the manager.
/// `class` and `method` are Python's names, for what it says of wrong ones.
pub(crate) fn bind(
    signature: &Signature,
    class: &str,
    method: &str,
    request: &Request<'_>,
    skip: usize,
) -> Result<Bound, Exception> {
    let args = request.args.clone().skip(skip);
    let given = request.args.len().saturating_sub(skip);
    match signature.0 {
        Parameters::Named { names, required } => {
            bind_named(names, required, class, method, request, skip)
        }
        Parameters::Positional { least, most } => {
            if !request.kwargs.is_empty() {
                return Err(of_method(
                    class,
                    &format!("{method}() takes no keyword arguments"),
                ));
            }
            check_count(least, most, class, method, given)?;
            let mut by_position: Vec<_> = args.map(Some).collect();
            if most < usize::MAX {
                by_position.resize(most, None);
            }
            Ok(Bound {
                by_position,
                by_name: Vec::new(),
            })
        }
        Parameters::Any { least, most } => {
            check_count(least, most, class, method, given)?;
            Ok(Bound {
                by_position: args.map(Some).collect(),
                by_name: request.kwargs.clone().collect(),
            })
        }
    }
}

fn check_count(
    least: usize,
    most: usize,
    class: &str,
    method: &str,
    given: usize,
) -> Result<(), Exception> {
    if (least..=most).contains(&given) {
        return Ok(());
    }
    Err(wrong_count(least, most, class, method, given))
}

/// What Python says of a wrong number of arguments, in which its functions differ.
fn wrong_count(least: usize, most: usize, class: &str, method: &str, given: usize) -> Exception {
    let (quantity, count) = match given < least {
        _ if least == most => ("exactly", least),
        true => ("at least", least),
        false => ("at most", most),
    };
    let s = if count == 1 { "" } else { "s" };
    match (class, method) {
        ("Lock", "__init__") => {
            Exception::type_error(format!("lock expected 0 arguments, got {given}"))
                .formerly(
                    Era::To37,
                    format!("allocate_lock() takes no arguments ({given} given)"),
                )
                .formerly(
                    Era::To311,
                    format!("_thread.allocate_lock() takes no arguments ({given} given)"),
                )
        }
        ("Namespace", "__init__") => of_method(
            class,
            &format!(
                "__init__() takes 1 positional argument but {} were given",
                given + 1
            ),
        ),
        (_, operator) if is_operator(class, operator) => {
            // Python has a name there that is empty, with some.
            let nameless = [
                "__mul__",
                "__rmul__",
                "__imul__",
                "__setitem__",
                "__setattr__",
            ];
            let space = if nameless.contains(&operator) {
                " "
            } else {
                ""
            };
            let before = format!("{space}expected {count} argument");
            Exception::type_error(format!("{before}{s}, got {given}"))
                .formerly(Era::To37, format!("{before}s, got {given}"))
        }
        _ if most == 0 => of_method(
            class,
            &format!("{method}() takes no arguments ({given} given)"),
        ),
        _ if (least, most) == (1, 1) => of_method(
            class,
            &format!("{method}() takes exactly one argument ({given} given)"),
        ),
        _ => {
            // A class is called by its name.
            let method = if method == "__init__" { class } else { method };
            let quantified = match quantity {
                "exactly" => String::new(),
                _ => format!("{quantity} "),
            };
            let before = format!("{method} expected {quantified}{count} argument");
            let formerly = match class {
                "list" => {
                    format!("{method}() takes {quantity} {count} argument{s} ({given} given)")
                }
                _ => format!("{before}s, got {given}"),
            };
            Exception::type_error(format!("{before}{s}, got {given}")).formerly(Era::To37, formerly)
        }
    }
}

/// Whether Python has an operator behind this method, not a function.
fn is_operator(class: &str, method: &str) -> bool {
    let function = match method {
        "__init__" | "__reversed__" | "__class_getitem__" => true,
        "__getitem__" => class != "array.array",
        "__contains__" => class != "list",
        _ => !method.starts_with("__"),
    };
    !function
}

/// A complaint that begins with a method's name, before which Python 3.10 and
/// later say the class.
fn of_method(class: &str, text: &str) -> Exception {
    Exception::type_error(format!("{class}.{text}")).formerly(Era::To37, text)
}

fn bind_named(
    names: &'static [&'static str],
    required: usize,
    class: &str,
    method: &str,
    request: &Request<'_>,
    skip: usize,
) -> Result<Bound, Exception> {
    let given = request.args.len().saturating_sub(skip);
    let wrong = |text: String| of_method(class, &text);
    if given > names.len() {
        return Err(wrong(format!(
            "{method}() takes {} but {} were given",
            positions(names.len(), required),
            given + 1
        )));
    }
    let mut bound: Vec<Option<Value>> = request.args.clone().skip(skip).map(Some).collect();
    bound.resize(names.len(), None);
    for (key, value) in request.kwargs.clone() {
        let shown = || shown(&key);
        let index = key.as_str().and_then(|key| {
            let mut names = names.iter();
            names.position(|name| *name == key)
        });
        let Some(index) = index else {
            return Err(wrong(format!(
                "{method}() got an unexpected keyword argument '{}'",
                shown()
            )));
        };
        if bound[index].replace(value).is_some() {
            return Err(wrong(format!(
                "{method}() got multiple values for argument '{}'",
                shown()
            )));
        }
    }
    for (name, value) in names.iter().zip(&bound).take(required) {
        if value.is_none() {
            return Err(wrong(format!(
                "{method}() missing 1 required positional argument: '{name}'"
            )));
        }
    }
    Ok(Bound {
        by_position: bound,
        by_name: Vec::new(),
    })
}

/// A keyword as an error message shows it: no client gets a long one back.
fn shown(key: &Value) -> String {
    let key = key.as_str().unwrap_or_default();
    key.chars().take(100).collect()
}

/// How many positions there are, `self` included, in Python's words.
fn positions(parameters: usize, required: usize) -> String {
    let most = parameters + 1;
    let least = required + 1;
    let plural = if most == 1 { "" } else { "s" };
    if least == most {
        format!("{most} positional argument{plural}")
    } else {
        format!("from {least} to {most} positional arguments")
    }
}
