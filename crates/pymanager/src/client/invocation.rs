//! What is called, and who calls.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use inert_pickle::Value;

/// What is called: the manager itself when `ident` is none.
pub(crate) struct Invocation<'a> {
    pub(crate) ident: Option<&'a str>,
    pub(crate) method: &'a str,
    pub(crate) args: &'a [Value],
    pub(crate) kwargs: &'a [(&'a str, Value)],
    /// How long the method itself may wait; none is without end.
    pub(crate) wait: Option<Duration>,
}

/// What this program and thread are called: for the manager's status. Python
/// sends its names of both.
pub(super) fn own_name() -> String {
    let program = std::env::args_os().next().map(PathBuf::from);
    let program = program.as_deref().and_then(Path::file_name);
    let program = program.unwrap_or_default().to_string_lossy();
    match thread::current().name() {
        None | Some("main") => program.into_owned(),
        Some(thread) => format!("{program}|{thread}"),
    }
}

pub(super) fn manager_call<'a>(method: &'a str, args: &'a [Value]) -> Invocation<'a> {
    Invocation {
        ident: None,
        method,
        args,
        kwargs: &[],
        wait: Some(Duration::ZERO),
    }
}
