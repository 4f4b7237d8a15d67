//! `multiproc::subprocess`, from callers that are killed, short of something, or
//! handle signals: each a process of its own.

use std::fs::File;
use std::io::{PipeReader, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::time::Duration;

use common::testing::{Check, checks};
use multiproc::process::{Process, exit_now};
use multiproc::subprocess::{
    Command, Error, ExitStatus, Start, Stdio, call, check_output, communicate, communicate_timeout,
    restore_signals,
};
use nix::errno::Errno;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{self, SaFlags, SigAction, SigHandler, SigSet, Signal};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{Pid, getpid, setpgid};

pub(crate) const CHECKS: &[Check] = checks![
    a_program_dies_with_its_caller,
    a_caller_that_dies_at_any_moment_leaves_nobody,
    a_callers_handler_never_runs_in_the_program,
    what_is_ignored_stays_ignored_unless_restored,
    standard_files_may_be_closed_in_the_caller,
    files_of_the_standard_librarys_command_are_its_own,
    standard_files_may_change_places,
    what_is_reaped_for_the_caller_has_a_status,
    what_was_not_started_is_no_zombie,
    a_start_without_memory_is_refused,
    a_start_without_descriptors_is_refused,
];

const PATIENT: Duration = Duration::from_secs(60);

/// Waits until all copies of a pipe's writing end are closed.
fn wait_for_the_end(mut read: impl Read) {
    let mut rest = Vec::new();
    read.read_to_end(&mut rest).unwrap();
}

/// A pipe whose writing end all programs get that are started from here on: they say
/// something by it, and it closes when the last of them has ended.
fn held_by_programs() -> (PipeReader, OwnedFd) {
    let (read, write) = std::io::pipe().unwrap();
    rustix::io::fcntl_setfd(&write, rustix::io::FdFlags::empty()).unwrap();
    (read, write.into())
}

/// Of both kinds of command, the program alone and all that it has started.
fn a_program_dies_with_its_caller() {
    fn dies<C: Start>(mut command: impl FnMut(&str) -> C) {
        for group in [false, true] {
            let (mut read, write) = held_by_programs();
            let say = format!("echo there >/proc/self/fd/{}", write.as_raw_fd());
            let caller = Process::spawn("caller", || match group {
                false => drop(call(&mut command(&format!("{say}; exec sleep 1000")))),
                true => {
                    let mut all = command(&format!("sleep 1000 & {say}; sleep 1000"));
                    drop(communicate_timeout(&mut all, b"", PATIENT * 1000));
                }
            });
            let caller = caller.unwrap();
            drop(write);
            read.read_exact(&mut [0; 6]).unwrap();
            caller.kill().unwrap();
            caller.join().unwrap();
            wait_for_the_end(read);
        }
    }
    dies(|script| {
        let mut ours = Command::new("sh");
        ours.args(["-c", script]);
        ours
    });
    dies(|script| {
        let mut std = std::process::Command::new("sh");
        std.args(["-c", script]);
        std
    });
}

/// The caller is killed while it starts a program, and later from round to round.
fn a_caller_that_dies_at_any_moment_leaves_nobody() {
    for round in 0..300 {
        let (read, write) = held_by_programs();
        let (mut begun, begin) = std::io::pipe().unwrap();
        let caller = Process::spawn("caller", || {
            (&begin).write_all(b"!").unwrap();
            let mut sleep = Command::new("sleep");
            sleep.arg("1000");
            match round % 2 {
                0 => drop(call(&mut sleep)),
                _ => drop(communicate_timeout(&mut sleep, b"", PATIENT * 1000)),
            }
        })
        .unwrap();
        drop((write, begin));
        begun.read_exact(&mut [0]).unwrap();
        for _ in 0..round * 40 {
            std::hint::black_box(getpid());
        }
        caller.kill().unwrap();
        caller.join().unwrap();
        wait_for_the_end(read);
    }
}

static CALLER: AtomicI32 = AtomicI32::new(0);
static ELSEWHERE: AtomicU32 = AtomicU32::new(0);

/// The child has the caller's handlers for a moment, and the caller's memory.
fn a_callers_handler_never_runs_in_the_program() {
    extern "C" fn handler(_signal: libc::c_int) {
        if getpid().as_raw() != CALLER.load(Ordering::Relaxed) {
            ELSEWHERE.fetch_add(1, Ordering::Relaxed);
        }
    }
    let caller = Process::spawn("caller", || {
        CALLER.store(getpid().as_raw(), Ordering::Relaxed);
        // SAFETY: the handler reads a number and counts.
        #[expect(unsafe_code, reason = "a signal's handler is unsafe to set")]
        unsafe {
            signal::signal(Signal::SIGUSR1, SigHandler::Handler(handler)).unwrap();
        }
        // For itself and its programs alone.
        setpgid(Pid::from_raw(0), Pid::from_raw(0)).unwrap();
        let group = getpid();
        let sender = Process::spawn("sender", move || -> () {
            setpgid(Pid::from_raw(0), Pid::from_raw(0)).unwrap();
            while signal::killpg(group, Signal::SIGUSR1).is_ok() {}
        });
        for _ in 0..300 {
            match call(&mut Command::new("true")).unwrap() {
                ExitStatus::Code(0) => {}
                // It arrived in the program, where nobody handles it.
                ExitStatus::Signal(signal) => assert_eq!(signal, Signal::SIGUSR1 as i32),
                other => panic!("{other:?}"),
            }
        }
        drop(sender);
        assert_eq!(ELSEWHERE.load(Ordering::Relaxed), 0);
    });
    caller.unwrap().join_success().unwrap();
}

fn what_is_ignored_stays_ignored_unless_restored() {
    let ignored = |command: &mut Command| {
        let text = String::from_utf8(check_output(command).unwrap()).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        u64::from_str_radix(line.unwrap().trim(), 16).unwrap()
    };
    let all = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGUSR2];
    for ignore in all {
        // SAFETY: no code of ours runs.
        #[expect(unsafe_code, reason = "a signal's action is unsafe to set")]
        unsafe {
            signal::signal(ignore, SigHandler::SigIgn).unwrap();
        }
    }
    let mut cat = Command::new("cat");
    cat.arg("/proc/self/status");
    let bits = all.iter().map(|signal| 1_u64 << (*signal as i32 - 1));
    let bits: u64 = bits.sum();
    assert_eq!(ignored(&mut cat) & bits, bits);
    assert_eq!(ignored(restore_signals(&mut cat)), 0);
}

/// Closes those standard files whose bits are set.
fn close_standard(closed: u32) {
    for fd in (0..3).filter(|fd| closed & (1 << fd) != 0) {
        // SAFETY: nothing in this process uses them from here on, by a number that
        // it remembers.
        #[expect(unsafe_code, reason = "a descriptor of nobody is closed")]
        unsafe {
            libc::close(fd);
        }
    }
}

/// New files get their numbers, and may not lose or keep them in the program.
fn standard_files_may_be_closed_in_the_caller() {
    for closed in 1..8 {
        let caller = Process::spawn("caller", move || {
            close_standard(closed);
            let mut shell = Command::new("sh");
            shell.args(["-c", "cat; echo error >&2"]);
            for _ in 0..3 {
                let Ok(output) = communicate(&mut shell, b"text") else {
                    exit_now(2);
                };
                if output.stdout != b"text" || output.stderr != b"error\n" {
                    exit_now(3);
                }
            }
            let output = communicate_timeout(&mut shell, b"text", PATIENT);
            if output.ok().is_none_or(|output| output.stdout != b"text") {
                exit_now(4);
            }
            // The next number may be the very one that it is to have.
            let mut shell = Command::new("sh");
            shell.args(["-c", "echo error >&2"]).stderr(Stdio::null());
            if call(&mut shell).ok() != Some(ExitStatus::Code(0)) {
                exit_now(5);
            }
            exit_now(6)
        });
        let ended = caller.unwrap().join().unwrap();
        assert_eq!(
            ended.to_string(),
            "exited with status 6",
            "closed: {closed:b}"
        );
    }
}

/// What kills a program with its caller is armed in the child, which has its standard
/// files by then: under a number of theirs it would be armed for their first byte.
fn files_of_the_standard_librarys_command_are_its_own() {
    for closed in 1..8 {
        let caller = Process::spawn("caller", move || {
            close_standard(closed);
            for _ in 0..3 {
                match communicate(&mut std::process::Command::new("cat"), b"text") {
                    Ok(output) if output.stdout == b"text" => {}
                    _ => exit_now(2),
                }
            }
            exit_now(6)
        });
        let ended = caller.unwrap().join().unwrap();
        assert_eq!(ended.to_string(), "exited with status 6", "{closed:b}");
    }
}

/// Where SIGCHLD is ignored, or a flag says the same.
fn what_is_reaped_for_the_caller_has_a_status() {
    for flags in [None, Some(libc::SA_NOCLDWAIT)] {
        let throw_away = || match flags {
            // SAFETY: no code of ours runs for the signal.
            #[expect(unsafe_code, reason = "a signal's action is unsafe to set")]
            None => drop(unsafe { signal::signal(Signal::SIGCHLD, SigHandler::SigIgn) }.unwrap()),
            Some(flags) => {
                let flags = SaFlags::from_bits(flags).unwrap();
                let action = SigAction::new(SigHandler::SigDfl, flags, SigSet::empty());
                // SAFETY: as above.
                #[expect(unsafe_code, reason = "a signal's action is unsafe to set")]
                unsafe { signal::sigaction(Signal::SIGCHLD, &action) }.unwrap();
            }
        };
        let mut ours = Command::new("sh");
        let mut std = std::process::Command::new("sh");
        ours.args(["-c", "exit 3"]);
        std.args(["-c", "exit 3"]);
        throw_away();
        assert_eq!(call(&mut ours).unwrap(), ExitStatus::Code(3));
        throw_away();
        assert_eq!(call(&mut std).unwrap(), ExitStatus::Code(3));
        throw_away();
        let output = communicate(&mut ours, b"").unwrap();
        assert_eq!(output.status, ExitStatus::Code(3));
        throw_away();
        let child = Process::spawn("child", || 3).unwrap();
        assert_eq!(child.join().unwrap(), ExitStatus::Code(3));
    }
}

/// The output as error output, and the other way round.
fn standard_files_may_change_places() {
    let (mut out, to_out) = std::io::pipe().unwrap();
    let (mut error, to_error) = std::io::pipe().unwrap();
    rustix::stdio::dup2_stdout(&to_out).unwrap();
    rustix::stdio::dup2_stderr(&to_error).unwrap();
    let owned = |fd: std::os::fd::BorrowedFd<'_>| fd.try_clone_to_owned().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", "echo out; echo error >&2"]);
    shell.stdout(owned(rustix::stdio::stderr()));
    shell.stderr(owned(rustix::stdio::stdout()));
    assert!(call(&mut shell).unwrap().success());
    let (mut text, mut other) = ([0; 6], [0; 4]);
    out.read_exact(&mut text).unwrap();
    error.read_exact(&mut other).unwrap();
    assert_eq!((&text, &other), (b"error\n", b"out\n"));
}

fn what_was_not_started_is_no_zombie() {
    for _ in 0..20 {
        assert!(call(&mut Command::new("/none")).unwrap_err().is_missing());
        let any = waitpid(None, Some(WaitPidFlag::WNOHANG));
        assert_eq!(any, Err(Errno::ECHILD));
    }
}

fn a_start_without_memory_is_refused() {
    let mut command = Command::new("true");
    // What the heap needs for it, it has after this.
    assert!(call(&mut command).unwrap().success());
    setrlimit(Resource::RLIMIT_AS, 1 << 20, 1 << 30).unwrap();
    let refused = call(&mut command);
    setrlimit(Resource::RLIMIT_AS, 1 << 30, 1 << 30).unwrap();
    match refused {
        Err(Error::Start { error, .. }) => {
            assert_eq!(error.raw_os_error(), Some(libc::ENOMEM));
        }
        other => panic!("{other:?}"),
    }
    assert!(call(&mut command).unwrap().success());
}

fn a_start_without_descriptors_is_refused() {
    let mut shell = Command::new("sh");
    shell.args(["-c", "exit 0"]);
    let mut enough = 0;
    let first = File::open("/").unwrap().as_raw_fd();
    for free in 0..20 {
        setrlimit(Resource::RLIMIT_NOFILE, (first + free) as u64, 1000).unwrap();
        match communicate(&mut shell, b"") {
            Ok(output) => {
                assert!(output.status.success());
                enough += 1;
            }
            Err(Error::Start { error, .. } | Error::System(error)) => {
                assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{free} are free");
            }
            Err(other) => panic!("{other:?}"),
        }
        // Whatever was open is closed again.
        assert_eq!(
            File::open("/").map_or(first, |file| file.as_raw_fd()),
            first
        );
    }
    assert!(enough > 5);
}
