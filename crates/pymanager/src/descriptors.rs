//! Room for many connections.

use std::io;

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises this process's limit on open descriptors to what the system allows
/// it: a connection needs one, and the usual limit is 1,024. (It is so low for
/// the sake of programs that call select(2), which fails beyond; see
/// getrlimit(2).)
///
/// # Errors
///
/// What setrlimit(2) says.
pub fn raise_descriptor_limit() -> io::Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}
