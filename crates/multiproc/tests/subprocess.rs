//! What the library promises about programs that it runs.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use multiproc::deadline::Deadline;
use multiproc::subprocess::{
    Command, Ended, Error, ExitStatus, Output, call, check_call, check_output, communicate,
    communicate_timeout, communicate_until, returncode,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, getpgrp, pidfd_open};

/// Passes only when something hangs.
const PATIENT: Duration = Duration::from_secs(60);

/// A program that does as `script` says.
fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

const NOT_UTF_8: &str = r"printf 'caf\351\n'";

/// Says its number and that it hangs, and does.
const HANG: &str = "echo $$; printf hanging >&2; exec sleep 1000";

/// Runs the script until a time-out that came after it had printed something,
/// which a short one need not on a machine that is busy.
fn until_time_is_up(script: &str) -> Output {
    let mut timeout = Duration::from_millis(200);
    loop {
        let output = communicate_timeout(&mut sh(script), b"", timeout).unwrap();
        assert_eq!(output.ended, Ended::TimedOut);
        if !output.stdout.is_empty() && !output.stderr.is_empty() || timeout > PATIENT {
            return output;
        }
        timeout *= 2;
    }
}

/// Waits until the process is gone; a zombie that others have to reap counts
/// as gone.
fn assert_gone(pid: &[u8]) {
    let pid = std::str::from_utf8(pid).unwrap().trim().parse().unwrap();
    let Ok(pidfd) = pidfd_open(Pid::from_raw(pid).unwrap(), PidfdFlags::empty()) else {
        return;
    };
    let mut fds = [PollFd::new(&pidfd, PollFlags::IN)];
    let patient = Timespec::try_from(PATIENT).unwrap();
    assert_eq!(poll(&mut fds, Some(&patient)).unwrap(), 1, "{pid} lives");
}

#[test]
fn the_exit_status_is_told() {
    for code in [0, 1, 3, 255] {
        let status = call(&mut sh(&format!("exit {code}"))).unwrap();
        assert_eq!(status, ExitStatus::Code(code));
        assert_eq!(returncode(status), code);
    }
    let status = call(&mut sh("kill -9 $$")).unwrap();
    assert_eq!(status, ExitStatus::Signal(9));
    assert_eq!(returncode(status), -9);
}

#[test]
fn a_failure_is_an_error_for_those_who_check() {
    check_call(&mut sh("exit 0")).unwrap();
    let error = check_call(&mut sh("exit 3")).unwrap_err();
    assert_eq!(error.to_string(), "'sh' exited with status 3");
    assert_eq!(error.exit_code(), 3);
    let error = check_call(&mut sh("kill -9 $$")).unwrap_err();
    assert_eq!(error.to_string(), "'sh' was killed by SIGKILL");
    assert_eq!(error.exit_code(), 137);

    let output = check_output(&mut sh(NOT_UTF_8)).unwrap();
    assert_eq!(output, b"caf\xe9\n");
    match check_output(&mut sh("echo half; exit 1")) {
        Err(Error::Failed { status, output, .. }) => {
            assert_eq!((status, &*output), (ExitStatus::Code(1), &b"half\n"[..]));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_program_that_cannot_be_started_is_told_apart() {
    let missing = || Command::new("/no/such/program");
    let errors = [
        call(&mut missing()).unwrap_err(),
        check_output(&mut missing()).unwrap_err(),
        communicate(&mut missing(), b"input").unwrap_err(),
    ];
    for error in errors {
        assert!(error.is_missing());
        assert_eq!(error.exit_code(), 127);
        let message = "cannot run '/no/such/program': No such file or directory";
        assert_eq!(error.to_string(), message);
    }
    let error = call(&mut Command::new("/dev/null")).unwrap_err();
    assert!(!error.is_missing());
    assert_eq!(error.exit_code(), 126);
    assert_eq!(
        error.to_string(),
        "cannot run '/dev/null': Permission denied"
    );
}

#[test]
fn megabytes_both_ways_do_not_deadlock() {
    let input: Vec<u8> = (0..5 << 20).map(|n: u32| (n >> 3) as u8).collect();
    let output = communicate(&mut sh("cat; echo done >&2"), &input).unwrap();
    assert_eq!(output.status, ExitStatus::Code(0));
    assert!(output.stdout == input);
    assert_eq!(output.stderr, b"done\n");

    // Much on both outputs before a byte is read.
    let flood = "head -c 3145728 /dev/zero | tee /dev/stderr; wc -c";
    let output = communicate(&mut sh(flood), &input).unwrap();
    assert_eq!(output.stderr.len(), 3 << 20);
    let (zeros, count) = output.stdout.split_at(3 << 20);
    assert!(zeros.iter().all(|byte| *byte == 0));
    assert_eq!(count.trim_ascii(), b"5242880");
    assert_eq!(output.ended, Ended::ByItself);
}

#[test]
fn a_program_that_stops_reading_to_print_does_not_deadlock() {
    let sip = "head -c 5000 >&2; head -c 300000 /dev/zero; cat >&2";
    let output = communicate(&mut sh(sip), &vec![0; 5 << 20]).unwrap();
    assert_eq!(output.status, ExitStatus::Code(0));
    assert_eq!(output.stdout.len(), 300_000);
}

#[test]
fn input_that_is_not_read_is_no_error() {
    let output = communicate(&mut sh("exit 5"), &vec![0; 5 << 20]).unwrap();
    assert_eq!(output.status, ExitStatus::Code(5));
    let output = communicate(&mut sh(NOT_UTF_8), &vec![0; 5 << 20]).unwrap();
    assert_eq!(output.stdout, b"caf\xe9\n");
}

#[test]
fn no_input_is_an_end_of_file() {
    let output = communicate(&mut sh("cat; echo end"), b"").unwrap();
    assert_eq!(output.stdout, b"end\n");
}

#[test]
fn a_time_out_kills_the_program_and_keeps_what_it_printed() {
    let output = until_time_is_up(HANG);
    assert_eq!(output.status, ExitStatus::Signal(9));
    assert_gone(&output.stdout);
    assert_eq!(output.stderr, b"hanging");
}

#[test]
fn a_time_out_holds_while_a_grandchild_keeps_the_pipe_open_and_ends_it() {
    let output = until_time_is_up(&format!("sh -c '{HANG}' & exit 0"));
    // The program itself was done long ago.
    assert_eq!(output.status, ExitStatus::Code(0));
    assert_gone(&output.stdout);
    assert_eq!(output.stderr, b"hanging");
}

#[test]
fn a_time_out_holds_for_a_program_that_closed_its_output() {
    let output = until_time_is_up("echo $$; printf closing >&2; exec sleep 1000 >/dev/null 2>&1");
    assert_eq!(output.status, ExitStatus::Signal(9));
    assert_gone(&output.stdout);
}

#[test]
fn a_time_out_holds_for_a_program_that_never_stops_printing() {
    let output = until_time_is_up("yes >&2 & exec yes");
    assert!(output.stdout.len() > 1 << 16);
}

#[test]
fn a_time_out_that_does_not_come_changes_nothing() {
    let output = communicate_timeout(&mut sh("cat"), b"text", PATIENT).unwrap();
    assert_eq!(output.ended, Ended::ByItself);
    assert_eq!(output.status, ExitStatus::Code(0));
    assert_eq!(output.stdout, b"text");
}

#[test]
fn a_word_from_the_caller_ends_the_program() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(b"!").unwrap();
    let deadline = Deadline::after(PATIENT);
    let mut hanging = sh(HANG);
    let output = communicate_until(&mut hanging, b"", deadline, Some(reader.as_fd())).unwrap();
    assert_eq!(output.ended, Ended::Cancelled);
    assert_eq!(output.status, ExitStatus::Signal(9));
}

/// Its group and itself: the fifth field and the first (proc_pid_stat(5)).
const GROUP: &str = "read -r pid _ _ _ group _ < /proc/$$/stat; echo $group $pid";

#[test]
fn only_a_time_out_takes_the_program_out_of_the_terminals_group() {
    let group = |output: Vec<u8>| {
        let text = String::from_utf8(output).unwrap();
        let (group, pid) = text.trim().split_once(' ').unwrap();
        (group.to_string(), pid.to_string())
    };
    let ours = getpgrp().to_string();
    let (of_call, _) = group(check_output(&mut sh(GROUP)).unwrap());
    assert_eq!(of_call, ours);
    let output = communicate(&mut sh(GROUP), b"").unwrap();
    assert_eq!(group(output.stdout).0, ours);
    let output = communicate_timeout(&mut sh(GROUP), b"", PATIENT).unwrap();
    let (own, pid) = group(output.stdout);
    assert_eq!(own, pid);
}

/// What was added to a command for one run must not spoil the next, in which
/// its descriptors may be somebody else's.
#[test]
fn a_command_can_be_run_again() {
    let mut command = sh("cat; exit 3");
    let mut pipe = Some(std::io::pipe().unwrap());
    for _ in 0..3 {
        let output = communicate_timeout(&mut command, b"again", PATIENT).unwrap();
        assert_eq!(output.status, ExitStatus::Code(3));
        assert_eq!(output.stdout, b"again");
        assert_eq!(communicate(&mut command, b"").unwrap().stdout, b"");
        // Now the numbers are others.
        pipe = None;
    }
    drop(pipe);
    let mut missing = Command::new("/no/such/program");
    for _ in 0..3 {
        assert!(call(&mut missing).unwrap_err().is_missing());
    }
}

#[test]
fn what_outlives_its_call_in_peace_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = |name| {
        let path = folder.path().join(name);
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        // For both, so that opening does not wait for the other side.
        File::options().read(true).write(true).open(path).unwrap()
    };
    let (mut there, back) = (fifo("there"), fifo("back"));
    // Its outputs are closed, so it does not hold up the call.
    let script = "sh -c 'read -r word <there; echo $word >back' </dev/null >/dev/null 2>&1 &";
    let mut command = sh(script);
    command.current_dir(folder.path());
    let output = communicate_timeout(&mut command, b"", PATIENT).unwrap();
    assert_eq!(output.ended, Ended::ByItself);
    there.write_all(b"alive\n").unwrap();
    let mut fds = [PollFd::new(&back, PollFlags::IN)];
    let patient = Timespec::try_from(PATIENT).unwrap();
    assert_eq!(poll(&mut fds, Some(&patient)).unwrap(), 1, "it was killed");
}

/// What was set of the standard library's cannot be read from it, so it has the
/// caller's instead.
#[test]
fn only_our_command_keeps_its_other_files_when_one_is_a_pipe() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let script = "echo this line is meant for standard error >&2";
    let mut ours = sh(script);
    ours.stderr(writer.try_clone().unwrap());
    let mut std = std::process::Command::new("sh");
    std.args(["-c", script]).stderr(writer);
    assert_eq!(check_output(&mut ours).unwrap(), b"");
    assert_eq!(check_output(&mut std).unwrap(), b"");
    drop((ours, std));
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "this line is meant for standard error\n");
}
