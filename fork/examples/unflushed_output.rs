//! Why to flush buffers before a fork: otherwise the same bytes are written twice.
//!
//! ```text
//! $ cargo run -q -p fork --example unflushed_output
//! without a flush: written once, written once,
//! with a flush: written once,
//! ```
//!
//! Python: `sys.stdout.flush()` before `os.fork()`. What to notice: the child
//! copies the whole process, and so the buffer and what is still in it. Each
//! of the two writes it out.

#![expect(unsafe_code, reason = "this recipe shows the system call itself")]

use std::io::{self, BufWriter, PipeReader, PipeWriter, Read, Write};
use std::process::ExitCode;

use common::{program, say};
use multiproc::process;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

fn main() -> ExitCode {
    program::example("Shows what a fork does to a full buffer", || {
        say!("without a flush:{}", written(without_flush)?);
        say!("with a flush:{}", written(with_flush)?);
        Ok(())
    })
}

fn without_flush(out: &mut impl Write) -> io::Result<()> {
    write!(out, " written once,")
}

fn with_flush(out: &mut impl Write) -> io::Result<()> {
    write!(out, " written once,")?;
    out.flush()
}

/// What arrives at the other end of a pipe when `write` is followed by a fork.
fn written(write: fn(&mut BufWriter<PipeWriter>) -> io::Result<()>) -> anyhow::Result<String> {
    let (mut reader, writer): (PipeReader, PipeWriter) = io::pipe()?;
    let mut out = BufWriter::new(writer);
    write(&mut out)?;
    // SAFETY: this process has one thread; the child may run any code.
    match unsafe { fork() }? {
        ForkResult::Child => {
            let flushed = out.flush();
            process::exit_now(i32::from(flushed.is_err()))
        }
        ForkResult::Parent { child } => waitpid(child, None)?,
    };
    // The last writer: dropping it flushes, closes, and ends the reading.
    drop(out);
    let mut arrived = String::new();
    reader.read_to_string(&mut arrived)?;
    Ok(arrived)
}
