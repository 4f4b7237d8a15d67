//! Feeding a program and collecting its output at the same time.
//!
//! Whoever writes all of the input first and reads afterwards waits for ever
//! once the program's output fills its pipe: the program waits for a reader,
//! the reader for the program. Here one thread waits for whatever can move
//! next, with poll(2). (Threads that read could not be stopped at a time-out
//! while a grandchild keeps the pipe open.)

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use crate::deadline::Deadline;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal};

use super::die_with_caller::Whom;
use super::{Error, ExitStatus, start, status};

/// How much is read or written at once: a pipe's usual size.
const CHUNK: usize = 64 << 10;

/// How much is still taken from each pipe after a time-out: the most that a
/// pipe holds unless root has made it larger (pipe(7)). A process that got out
/// of the group could go on writing for ever.
const LAST: usize = 1 << 20;

/// What a program has left.
///
/// ```
/// use std::process::Command;
/// use multiproc::subprocess::{Ended, ExitStatus, Output, communicate};
///
/// let mut tr = Command::new("tr");
/// let Output { status, stdout, stderr, ended } =
///     communicate(tr.args(["a-z", "A-Z"]), b"text")?;
/// assert_eq!((status, &*stdout, &*stderr), (ExitStatus::Code(0), &b"TEXT"[..], &b""[..]));
/// assert_eq!(ended, Ended::ByItself);
/// # Ok::<(), multiproc::subprocess::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// What it has printed on standard output.
    pub stdout: Vec<u8>,
    /// What it has printed on standard error.
    pub stderr: Vec<u8>,
    /// Whether it was left to its own end.
    pub ended: Ended,
}

/// Why a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself.
    ByItself,
    /// It was killed since the time was up.
    TimedOut,
    /// It was killed since the caller wanted it so.
    Cancelled,
}

/// Runs a program with `input` on its standard input, and collects what it
/// prints until it has ended and its output is closed.
///
/// ```
/// use std::process::Command;
/// use multiproc::subprocess::communicate;
///
/// let output = communicate(&mut Command::new("sort"), b"cherry\napple\n")?;
/// assert_eq!(output.stdout, b"apple\ncherry\n");
/// # Ok::<(), multiproc::subprocess::Error>(())
/// ```
///
/// A program that does not read all of its input is no error.
///
/// # Errors
///
/// [`Error::Start`]. Any exit status is a result.
pub fn communicate(command: &mut Command, input: &[u8]) -> Result<Output, Error> {
    communicate_until(command, input, Deadline::NEVER, None)
}

/// Like [`communicate`], for at most `timeout`. Then the program is killed with
/// all the processes that it has started, unless they left its process group,
/// and what was collected is returned.
///
/// The program runs in a process group of its own: see the
/// [module's documentation](super#process-groups-and-the-terminal).
///
/// ```
/// use std::process::Command;
/// use std::time::Duration;
/// use multiproc::subprocess::{Ended, communicate_timeout};
///
/// let mut slow = Command::new("sh");
/// slow.args(["-c", "sleep 1000 & sleep 1000"]);
/// let output = communicate_timeout(&mut slow, b"", Duration::from_millis(50))?;
/// assert_eq!(output.ended, Ended::TimedOut);
/// # Ok::<(), multiproc::subprocess::Error>(())
/// ```
///
/// # Errors
///
/// As [`communicate`]. A time-out is a result.
pub fn communicate_timeout(
    command: &mut Command,
    input: &[u8],
    timeout: Duration,
) -> Result<Output, Error> {
    communicate_until(command, input, Deadline::after(timeout), None)
}

/// Like [`communicate_timeout`], with a deadline. The program is also killed
/// when `cancel` becomes readable: the reading end of a pipe into which another
/// thread or a signal handler writes.
///
/// ```
/// use std::io::Write;
/// use std::os::fd::AsFd;
/// use std::process::Command;
/// use multiproc::deadline::Deadline;
/// use multiproc::subprocess::{Ended, communicate_until};
///
/// let (cancel, mut canceller) = std::io::pipe()?;
/// std::thread::spawn(move || canceller.write_all(b"enough"));
/// let mut slow = Command::new("sleep");
/// let cancel = Some(cancel.as_fd());
/// let output = communicate_until(slow.arg("1000"), b"", Deadline::NEVER, cancel)?;
/// assert_eq!(output.ended, Ended::Cancelled);
/// # Ok::<(), multiproc::subprocess::Error>(())
/// ```
///
/// # Errors
///
/// As [`communicate`].
pub fn communicate_until(
    command: &mut Command,
    input: &[u8],
    deadline: Deadline,
    cancel: Option<BorrowedFd<'_>>,
) -> Result<Output, Error> {
    let own_group = deadline.remaining().is_some();
    let whom = if own_group {
        Whom::Group
    } else {
        Whom::Program
    };
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let (child, _dies) = start(command, whom)?;
    let mut program = Program::new(child, own_group)?;
    let mut stdin = program.child.stdin.take();
    let mut stdout = Collected::new(program.child.stdout.take().map(OwnedFd::from))?;
    let mut stderr = Collected::new(program.child.stderr.take().map(OwnedFd::from))?;
    if let Some(stdin) = &stdin {
        rustix::io::ioctl_fionbio(stdin, true)?;
    }
    let mut rest = input;

    let ended = loop {
        if rest.is_empty() {
            // End of file for the program.
            stdin = None;
        }
        let outputs_open = stdout.pipe.is_some() || stderr.pipe.is_some();
        // While its output is open, its end changes nothing; then nothing else
        // is left to wait for.
        let end = (!outputs_open).then(|| program.pidfd.as_fd());
        let sources = [
            stdin.as_ref().map(|pipe| (pipe.as_fd(), PollFlags::OUT)),
            stdout
                .pipe
                .as_ref()
                .map(|pipe| (pipe.as_fd(), PollFlags::IN)),
            stderr
                .pipe
                .as_ref()
                .map(|pipe| (pipe.as_fd(), PollFlags::IN)),
            end.map(|pidfd| (pidfd, PollFlags::IN)),
            cancel.map(|fd| (fd, PollFlags::IN)),
        ];
        let [write, read_stdout, read_stderr, end, cancel] = wait(&sources, deadline)?;
        if cancel {
            break Ended::Cancelled;
        }
        // Asked first: a program that never stops printing is always ready.
        if deadline.is_past() && !end {
            break Ended::TimedOut;
        }
        if write && !feed(stdin.as_mut(), &mut rest)? {
            stdin = None;
            rest = &[];
        }
        if read_stdout {
            stdout.read()?;
        }
        if read_stderr {
            stderr.read()?;
        }
        if end {
            break Ended::ByItself;
        }
    };
    drop(stdin);
    if ended != Ended::ByItself {
        program.kill();
    }
    let status = status(program.child.wait()?);
    program.reaped = true;
    if ended != Ended::ByItself {
        stdout.read_rest()?;
        stderr.read_rest()?;
    }
    Ok(Output {
        status,
        stdout: stdout.bytes,
        stderr: stderr.bytes,
        ended,
    })
}

/// A child that is killed and reaped on every path, errors included.
struct Program {
    child: Child,
    pid: Pid,
    /// Tells its end without reaping it. As long as it is not reaped its number
    /// cannot be given to another process or group, so killing by that number
    /// is safe.
    pidfd: OwnedFd,
    own_group: bool,
    reaped: bool,
}

impl Program {
    fn new(mut child: Child, own_group: bool) -> Result<Self, Error> {
        let pid = Pid::from_child(&child);
        match rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
            Ok(pidfd) => Ok(Program {
                child,
                pid,
                pidfd,
                own_group,
                reaped: false,
            }),
            Err(error) => {
                // Not reaped yet, so the number is still the child's.
                let _ = child.kill();
                let _ = child.wait();
                Err(error.into())
            }
        }
    }

    fn kill(&mut self) {
        // One that has ended has nothing to be told.
        let _ = if self.own_group {
            rustix::process::kill_process_group(self.pid, Signal::KILL)
        } else {
            rustix::process::kill_process(self.pid, Signal::KILL)
        };
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill();
            // Nothing can be done about an error here.
            let _ = self.child.wait();
        }
    }
}

/// One output stream. `None` once it has come to its end.
struct Collected {
    pipe: Option<io::PipeReader>,
    bytes: Vec<u8>,
}

impl Collected {
    fn new(pipe: Option<OwnedFd>) -> Result<Self, Error> {
        if let Some(pipe) = &pipe {
            // This end only: the program's has a mode of its own.
            rustix::io::ioctl_fionbio(pipe, true)?;
        }
        Ok(Collected {
            pipe: pipe.map(io::PipeReader::from),
            bytes: Vec::new(),
        })
    }

    /// Reads once, what there is.
    fn read(&mut self) -> io::Result<usize> {
        let Some(pipe) = &mut self.pipe else {
            return Ok(0);
        };
        match pipe.take(CHUNK as u64).read_to_end(&mut self.bytes) {
            // Not the whole chunk, and no `WouldBlock`: the end.
            Ok(count) if count < CHUNK => {
                self.pipe = None;
                Ok(count)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            other => other,
        }
    }

    /// Reads what is in the pipe, without waiting for more.
    fn read_rest(&mut self) -> io::Result<()> {
        let most = self.bytes.len() + LAST;
        loop {
            let before = self.bytes.len();
            self.read()?;
            if self.bytes.len() == before || self.bytes.len() >= most {
                return Ok(());
            }
        }
    }
}

/// Writes once, what fits; false when the program has closed its input, which
/// is its right.
fn feed(stdin: Option<&mut ChildStdin>, rest: &mut &[u8]) -> io::Result<bool> {
    let Some(stdin) = stdin else {
        return Ok(true);
    };
    match stdin.write(&rest[..rest.len().min(CHUNK)]) {
        Ok(count) => *rest = &rest[count..],
        Err(error) => match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::Interrupted => {}
            ErrorKind::BrokenPipe => return Ok(false),
            _ => return Err(error),
        },
    }
    Ok(true)
}

/// Waits until one of `sources` or more is ready, or the deadline has come, and
/// says which are.
fn wait<const N: usize>(
    sources: &[Option<(BorrowedFd<'_>, PollFlags)>; N],
    deadline: Deadline,
) -> io::Result<[bool; N]> {
    let mut places = Vec::with_capacity(N);
    let mut fds = Vec::with_capacity(N);
    for (place, source) in sources.iter().enumerate() {
        if let Some((fd, wants)) = source {
            places.push(place);
            fds.push(PollFd::from_borrowed_fd(*fd, *wants));
        }
    }
    loop {
        let timeout = deadline
            .remaining()
            .and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut fds, timeout.as_ref()) {
            Ok(0) if !deadline.is_past() => {}
            Err(Errno::INTR) => {}
            Ok(_) => break,
            Err(error) => return Err(error.into()),
        }
    }
    let mut ready = [false; N];
    for (place, fd) in places.into_iter().zip(&fds) {
        ready[place] = !fd.revents().is_empty();
    }
    Ok(ready)
}
