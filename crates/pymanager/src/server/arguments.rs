//! Arguments by position and by name, as Python binds them.

use super::exception::Exception;
use crate::message::Request;
use inert_pickle::Value;

/// The parameters of a method after `self`: names, and how many of them have
/// to be given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signature {
    pub(crate) parameters: &'static [&'static str],
    pub(crate) required: usize,
}

/// The arguments of a call in the order of the parameters.
pub(crate) type Bound = Vec<Option<Value>>;

impl Signature {
    pub(crate) const NONE: Signature = Signature {
        parameters: &[],
        required: 0,
    };

    /// Binds the arguments of `request`, whose first `skip` belong to the
    /// manager; `function` is what Python calls the method.
    pub(crate) fn bind(
        &self,
        function: &str,
        request: &Request<'_>,
        skip: usize,
    ) -> Result<Bound, Exception> {
        let names = self.parameters;
        let given = request.args.len().saturating_sub(skip);
        if given > names.len() {
            return Err(Exception::type_error(format!(
                "{function}() takes {} but {} were given",
                self.positions(),
                given + 1
            )));
        }
        let mut bound: Bound = request.args.clone().skip(skip).map(Some).collect();
        bound.resize(names.len(), None);
        for (key, value) in request.kwargs.clone() {
            let key = key.as_str().unwrap_or_default();
            let Some(index) = names.iter().position(|name| *name == key) else {
                return Err(Exception::type_error(format!(
                    "{function}() got an unexpected keyword argument '{key}'"
                )));
            };
            if bound[index].replace(value).is_some() {
                return Err(Exception::type_error(format!(
                    "{function}() got multiple values for argument '{key}'"
                )));
            }
        }
        for (name, value) in names.iter().zip(&bound).take(self.required) {
            if value.is_none() {
                return Err(Exception::type_error(format!(
                    "{function}() missing 1 required positional argument: '{name}'"
                )));
            }
        }
        Ok(bound)
    }

    /// How many positions there are, `self` included, in Python's words.
    fn positions(&self) -> String {
        let most = self.parameters.len() + 1;
        let least = self.required + 1;
        let plural = if most == 1 { "" } else { "s" };
        if least == most {
            format!("{most} positional argument{plural}")
        } else {
            format!("from {least} to {most} positional arguments")
        }
    }
}
