//! Feeding a program and collecting its output at the same time.
//!
//! Writing all of the input first and reading afterwards hangs once the program's
//! output fills its pipe: the program waits for a reader, and the reader waits for
//! the program. Here one thread does both, and waits with poll(2) for whichever
//! can go on. (Separate reading threads could not be stopped at a time-out while a
//! grandchild keeps the pipe open.)

use std::io::{self, ErrorKind, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use crate::deadline::Deadline;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{PidfdFlags, Signal, kill_process, kill_process_group};

use super::die_with_caller::Whom;
use super::start::Child;
use super::{Error, ExitStatus, Start, start};

/// How much to read or write at once: a pipe's usual size.
const CHUNK: usize = 64 << 10;

/// How much to take from each pipe after a time-out: the most that a pipe holds,
/// unless root has made it larger (pipe(7)). There must be a bound, since a
/// process that has left the group could go on writing for ever.
const LAST: usize = 1 << 20;

/// What a program has printed, and how it ended.
///
/// ```
/// use multiproc::subprocess::{Command, Ended, ExitStatus, Output, communicate};
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
    /// What it printed on standard output.
    pub stdout: Vec<u8>,
    /// What it printed on standard error.
    pub stderr: Vec<u8>,
    /// Whether it ended by itself or was killed.
    pub ended: Ended,
}

/// Why a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself.
    ByItself,
    /// It was killed when the time was up.
    TimedOut,
    /// It was killed because the caller cancelled it.
    Cancelled,
}

/// Runs a program with `input` on its standard input, and collects what it
/// prints until it has ended and its output is closed.
///
/// ```
/// use multiproc::subprocess::{Command, communicate};
///
/// let output = communicate(&mut Command::new("sort"), b"cherry\napple\n")?;
/// assert_eq!(output.stdout, b"apple\ncherry\n");
/// # Ok::<(), multiproc::subprocess::Error>(())
/// ```
///
/// It is no error if the program does not read all of its input.
///
/// # Errors
///
/// [`Error::Start`]. No exit status is an error.
pub fn communicate(command: &mut impl Start, input: &[u8]) -> Result<Output, Error> {
    communicate_until(command, input, Deadline::NEVER, None)
}

/// Like [`communicate`], for at most `timeout`. After that the program is killed,
/// with all the processes that it has started (unless they left its process
/// group), and what it has printed is returned.
///
/// The program runs in a process group of its own: see the
/// [module's documentation](super#process-groups-and-the-terminal).
///
/// ```
/// use std::time::Duration;
/// use multiproc::subprocess::{Command, Ended, communicate_timeout};
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
/// As [`communicate`]. A time-out is not an error.
pub fn communicate_timeout(
    command: &mut impl Start,
    input: &[u8],
    timeout: Duration,
) -> Result<Output, Error> {
    communicate_until(command, input, Deadline::after(timeout), None)
}

/// Like [`communicate_timeout`], with a deadline. The program is also killed when
/// `cancel` becomes readable: give it the reading end of a pipe that another
/// thread or a signal handler writes to.
///
/// ```
/// use std::io::Write;
/// use std::os::fd::AsFd;
/// use multiproc::deadline::Deadline;
/// use multiproc::subprocess::{Command, Ended, communicate_until};
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
    command: &mut impl Start,
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
    let (child, _dies) = start(command, [true; 3], whom)?;
    let mut program = Program::new(child, own_group)?;
    let mut stdin = program.child.stdin.take().map(PipeWriter::from);
    let mut stdout = Collected::new(program.child.stdout.take())?;
    let mut stderr = Collected::new(program.child.stderr.take())?;
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
        // While its output is open, the program's end makes no difference. After
        // that, it is all there is to wait for.
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
        // Check this first: a program that never stops printing is always ready.
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
    let status = program.child.wait()?;
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
    /// Shows when the child has ended, without reaping it. Until it is reaped, its
    /// pid cannot be given to another process or group, so it is safe to kill by
    /// pid.
    pidfd: OwnedFd,
    own_group: bool,
    reaped: bool,
}

impl Program {
    fn new(mut child: Child, own_group: bool) -> Result<Self, Error> {
        match rustix::process::pidfd_open(child.pid, PidfdFlags::empty()) {
            Ok(pidfd) => Ok(Program {
                child,
                pidfd,
                own_group,
                reaped: false,
            }),
            Err(error) => {
                // Not reaped yet, so the pid is still the child's.
                let _ = kill_process(child.pid, Signal::KILL);
                let _ = child.wait();
                Err(error.into())
            }
        }
    }

    fn kill(&mut self) {
        // An error: it has ended already.
        let _ = if self.own_group {
            kill_process_group(self.child.pid, Signal::KILL)
        } else {
            kill_process(self.child.pid, Signal::KILL)
        };
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill();
            // Nothing to do about an error here.
            let _ = self.child.wait();
        }
    }
}

/// What one output stream has brought.
struct Collected {
    /// `None` once the stream has ended.
    pipe: Option<PipeReader>,
    bytes: Vec<u8>,
}

impl Collected {
    fn new(pipe: Option<OwnedFd>) -> Result<Self, Error> {
        if let Some(pipe) = &pipe {
            // This affects only this end: the program's has its own mode.
            rustix::io::ioctl_fionbio(pipe, true)?;
        }
        Ok(Collected {
            pipe: pipe.map(PipeReader::from),
            bytes: Vec::new(),
        })
    }

    /// Reads what there is, once.
    fn read(&mut self) -> io::Result<usize> {
        let Some(pipe) = &mut self.pipe else {
            return Ok(0);
        };
        match pipe.take(CHUNK as u64).read_to_end(&mut self.bytes) {
            // Less than a chunk and no `WouldBlock`: this is the end.
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

/// Writes what fits, once; false if the program has closed its input, as it may.
fn feed(stdin: Option<&mut PipeWriter>, rest: &mut &[u8]) -> io::Result<bool> {
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

/// Waits until at least one of `sources` is ready or the deadline has come, and
/// returns which are ready.
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
