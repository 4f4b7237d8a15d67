//! `list.sort`: by Python's order of what is data, or by what workers make of it.

use super::list::ListObject;
use super::list_methods::TRIES;
use crate::object::{Answer, Call, Era, Exception, Outcome};
use crate::pickle::semantics::{Work, order};
use crate::pool::Errand;
use inert_pickle::Value;

/// `list.sort(*, key=None, reverse=False)`
pub(super) fn sorted(list: &ListObject, call: &mut Call<'_>) -> Outcome {
    if call.get(0).is_some() {
        let error = Exception::type_error("sort() takes no positional arguments");
        return Err(error.formerly(Era::To37, "must use keyword argument for key function"));
    }
    let (mut key, mut reverse) = (None, false);
    for (name, value) in call.keywords() {
        match name.as_str().unwrap_or_default() {
            "reverse" => reverse = value.is_truthy(),
            "key" => key = Some(value).filter(|key| !key.is_none()),
            other => {
                return Err(Exception::type_error(format!(
                    "sort() got an unexpected keyword argument '{other:.100}'"
                )));
            }
        }
    }
    match key {
        Some(key) => sort_by(list, key, reverse, call),
        None => sort(list, reverse),
    }
}

fn sort(list: &ListObject, reverse: bool) -> Outcome {
    for _ in 0..TRIES {
        let (items, version) = list.items();
        if items.iter().any(|item| item.holds.is_some()) {
            return Err(Exception::type_error(
                "a list that holds proxies has no order",
            ));
        }
        let values: Vec<Value> = items.iter().map(|item| item.value.clone()).collect();
        let order = order(&values, reverse, &mut Work::default())?;
        let mut state = list.lock();
        if state.version == version {
            state.items = order.into_iter().map(|at| items[at].clone()).collect();
            state.version += 1;
            return Ok(Answer::none());
        }
    }
    Err(modified())
}

/// Sorts by what `key` makes of each item: workers call it. Others may use the list
/// meanwhile; if they change it, it stays as they leave it, and as in Python that is
/// an error.
fn sort_by(list: &ListObject, key: &Value, reverse: bool, call: &Call<'_>) -> Outcome {
    let instead = "or sort where the function is: l[:] = sorted(l, key=...)";
    let Some(board) = &list.board else {
        return Err(Exception::type_error(format!(
            "this list runs no code: let a manager make the list, which has workers for it, {instead}"
        )));
    };
    let (items, version) = list.items();
    let errand = Errand::new(board, call.keep_value(key));
    let keys = match errand.map(&items, call) {
        None => return Ok(Answer::Nobody),
        Some(Ok(keys)) => keys,
        Some(Err(error)) if board.is_deserted() => return Err(error.with(instead)),
        Some(Err(error)) => return Err(error),
    };
    let order = order(&keys, reverse, &mut Work::default())?;
    let mut state = list.lock();
    if state.version != version {
        return Err(modified());
    }
    state.items = order.into_iter().map(|at| items[at].clone()).collect();
    state.version += 1;
    Ok(Answer::none())
}

fn modified() -> Exception {
    Exception::value_error("list modified during sort")
}
