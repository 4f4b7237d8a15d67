//! Lines that stay whole when several processes print.
//!
//! Python's `print(..., flush=True)`. `println!` passes a line to a buffer piece
//! by piece, and `eprintln!` to the system, so when two processes share a
//! terminal or pipe, pieces of their lines may mix. Here a line is built first
//! and written in one `write(2)`, which Linux keeps whole for regular files and,
//! up to `PIPE_BUF` (4,096) bytes, for pipes (pipe(7)).

use std::fmt;
use std::io::{self, Write};

use multiproc::process;

use crate::timeline;

/// Prints one line on standard output: `format!`'s arguments, one `write`,
/// nothing left in a buffer. See [`line()`].
#[macro_export]
macro_rules! say {
    ($($arg:tt)*) => { $crate::say::line(::core::format_args!($($arg)*)) };
}

/// Prints one line on standard error: `format!`'s arguments, one `write`.
/// See [`error_line()`].
#[macro_export]
macro_rules! complain {
    ($($arg:tt)*) => { $crate::say::error_line(::core::format_args!($($arg)*)) };
}

/// Prints `text` and a newline on standard output in one `write`.
///
/// When the reader of the output is gone (`| head -1`), the program ends quietly:
/// the main program with status 0, a child that [`process`] started by
/// `SIGPIPE`, so that its parent can tell. After any other failure (a full disk)
/// it prints the error on standard error and ends with status 1.
pub fn line(text: fmt::Arguments<'_>) {
    timeline::mark(text);
    let mut line = text.to_string();
    line.push('\n');
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_all(line.as_bytes()).and_then(|()| out.flush()) {
        // Release the lock, or the exit below would wait for it when it flushes.
        drop(out);
        give_up(&error);
    }
}

/// Prints `text` and a newline on standard error in one `write`; newlines within
/// it become spaces. If standard error is closed, nothing happens: `eprintln!`
/// would panic.
pub fn error_line(text: fmt::Arguments<'_>) {
    let mut line = text.to_string().replace('\n', " ");
    line.push('\n');
    let _ = io::stderr().write_all(line.as_bytes());
}

fn give_up(error: &io::Error) -> ! {
    let closed = error.kind() == io::ErrorKind::BrokenPipe;
    if !closed {
        complain!("cannot write to standard output: {error}");
    }
    match (process::in_child(), closed) {
        (true, true) => process::die_of_sigpipe(),
        (true, false) => process::exit_now(1),
        // Not `exit`: other threads may be running and printing meanwhile. Every
        // line before this one has been written.
        (false, closed) => process::exit_now(i32::from(!closed)),
    }
}
