//! What a program gets of what its `Command` says, and what it gets besides:
//! nothing.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::thread;

use multiproc::subprocess::{
    Command, Error, ExitStatus, Stdio, call, check_output, communicate, restore_signals,
};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, pthread_sigmask};

fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// What it prints, without the last newline.
fn said(command: &mut Command) -> String {
    let output = check_output(command).unwrap();
    String::from_utf8(output).unwrap().trim_end().to_string()
}

/// Why it cannot be started: the shell's number for it, and the kind of error.
fn refusal(command: &mut Command) -> (u8, ErrorKind) {
    match call(command).unwrap_err() {
        Error::Start { error, program } => {
            let kind = error.kind();
            (Error::Start { error, program }.exit_code(), kind)
        }
        other => panic!("{other:?}"),
    }
}

/// A file with these permissions. Written by another program: while this process
/// has it open for writing, so has, until its exec, each program that another test
/// starts just then, and it cannot be executed (`ETXTBSY`).
fn file(folder: &Path, name: &str, text: &str, mode: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut write = sh("cat >\"$0\" && chmod \"$1\" \"$0\"");
    write.args([path.as_os_str(), OsStr::new(mode)]);
    let output = communicate(&mut write, text.as_bytes()).unwrap();
    assert_eq!(output.status, ExitStatus::Code(0));
}

#[test]
fn arguments_and_the_programs_name_arrive_as_they_are() {
    let mut printf = Command::new("printf");
    printf.arg("[%s]").args(["a b", "", "*", "$HOME", "-e"]);
    assert_eq!(said(&mut printf), "[a b][][*][$HOME][-e]");
    assert_eq!(said(sh("echo $0").arg0("renamed")), "renamed");
    assert_eq!(sh("").get_program(), "sh");
}

#[test]
fn the_environment_is_the_callers_and_what_was_set() {
    let script = "echo ${CARGO_PKG_NAME-none} ${ADDED-none}";
    assert_eq!(said(&mut sh(script)), "multiproc none");
    assert_eq!(said(sh(script).env("ADDED", "yes")), "multiproc yes");
    let mut command = sh(script);
    command.envs([("ADDED", "yes"), ("CARGO_PKG_NAME", "other")]);
    assert_eq!(said(&mut command), "other yes");
    // It can be run again, and changed.
    assert_eq!(said(command.env_remove("CARGO_PKG_NAME")), "none yes");
    assert_eq!(said(command.env_clear()), "none none");
    let mut bare = Command::new("env");
    assert_eq!(said(bare.env_clear().env("ONE", "1=2")), "ONE=1=2");
}

#[test]
fn the_working_directory_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    file(&path, "here", "#!/bin/sh\necho here", "755");
    assert_eq!(
        said(sh("pwd -P").current_dir(&path)),
        path.to_str().unwrap()
    );
    assert_eq!(said(Command::new("./here").current_dir(&path)), "here");
    let missing = path.join("missing");
    assert_eq!(
        refusal(sh("").current_dir(missing)),
        (127, ErrorKind::NotFound)
    );
}

#[test]
fn the_path_is_the_programs_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    let found = |path: &str| said(Command::new("found").env("PATH", path));
    file(folder.path(), "one/found", "#!/bin/sh\necho one", "755");
    file(folder.path(), "two/found", "#!/bin/sh\necho two", "755");
    file(
        folder.path(),
        "closed/found",
        "#!/bin/sh\necho closed",
        "644",
    );
    let (one, two, closed) = (path("one"), path("two"), path("closed"));
    assert_eq!(refusal(&mut Command::new("found")).0, 127);
    assert_eq!(found(&format!("{two}:{one}")), "two");
    // What cannot be executed, and what is no folder, is passed over.
    assert_eq!(found(&format!("/none:{closed}:{two}/found:{one}")), "one");
    // Nothing between colons is the working directory.
    let mut command = Command::new("found");
    command.env("PATH", ":/none").current_dir(&two);
    assert_eq!(said(&mut command), "two");
    let mut refused = Command::new("found");
    assert_eq!(
        refusal(refused.env("PATH", format!("{closed}:/none"))),
        (126, ErrorKind::PermissionDenied)
    );
    // Without one, where the system has its programs.
    assert_eq!(said(Command::new("echo").arg("hi").env_clear()), "hi");
}

#[test]
fn what_cannot_be_executed_is_told() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "plain", "#!/bin/sh\necho plain", "644");
    file(folder.path(), "lost", "#!/no/such/interpreter", "755");
    let path = |name: &str| Command::new(folder.path().join(name));
    let denied = (126, ErrorKind::PermissionDenied);
    let missing = (127, ErrorKind::NotFound);
    assert_eq!(refusal(&mut path("plain")), denied);
    assert_eq!(refusal(&mut path("")), denied);
    assert_eq!(refusal(&mut path("none")), missing);
    assert_eq!(refusal(&mut path("lost")), missing);
    assert_eq!(
        refusal(&mut path("plain/none")),
        (126, ErrorKind::NotADirectory)
    );
    assert_eq!(refusal(&mut Command::new("")), missing);
    let long = refusal(&mut Command::new("x".repeat(5000)));
    assert_eq!(long, (126, ErrorKind::InvalidFilename));
    let many = refusal(sh("").arg("x".repeat(1 << 20)));
    assert_eq!(many, (126, ErrorKind::ArgumentListTooLong));
    for command in [
        &mut Command::new("a\0b"),
        sh("").arg("a\0b"),
        sh("").env("KEY", "a\0b"),
        sh("").current_dir("a\0b"),
    ] {
        assert_eq!(refusal(command), (126, ErrorKind::InvalidInput));
    }
    assert_eq!(refusal(sh("").process_group(i32::MAX)).0, 126);
}

/// As execvp(3), and so a shell, does it.
#[test]
fn a_script_without_a_first_line_is_run_by_the_shell() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "script", "echo \"$0: $*\"", "755");
    let path = folder.path().join("script");
    let said = said(Command::new(&path).args(["a", "b c"]));
    assert_eq!(said, format!("{}: a b c", path.display()));
}

/// The descriptors that whoever started this test meant all programs to have: its
/// own are closed by exec (`O_CLOEXEC`, in octal).
fn handed_down() -> String {
    let kept = (0..200).filter(|fd| {
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).unwrap_or_default();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
        flags.is_some_and(|flags| {
            let flags = u32::from_str_radix(flags.trim(), 8).unwrap();
            flags & 0o2_000_000 == 0
        })
    });
    let kept: Vec<String> = kept.map(|fd: u32| fd.to_string()).collect();
    kept.join("\n")
}

#[test]
fn no_descriptor_but_the_standard_three_is_the_programs() {
    let _open = (File::open("/").unwrap(), std::io::pipe().unwrap());
    let script =
        "n=0; while [ $n -lt 200 ]; do [ -e /proc/$$/fd/$n ] && echo $n; n=$((n+1)); done; true";
    let mut list = sh(script);
    let kept = handed_down();
    assert!(kept.starts_with("0\n1\n2"));
    assert_eq!(said(&mut list), kept);
    let output = communicate(&mut list, b"").unwrap();
    assert_eq!(output.stdout.trim_ascii_end(), kept.as_bytes());
    let here = File::open("/proc/self/exe").unwrap();
    list.stdin(Stdio::null()).stderr(here);
    assert_eq!(said(&mut list), kept);
}

#[test]
fn the_standard_files_are_what_was_set() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut command = sh("cat; echo error >&2");
    command
        .stdin(Stdio::null())
        .stderr(writer.try_clone().unwrap());
    command.stdout(writer);
    for _ in 0..2 {
        assert!(call(&mut command).unwrap().success());
    }
    drop(command);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "error\nerror\n");

    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"from a file").unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    assert_eq!(said(Command::new("cat").stdin(file)), "from a file");
}

/// Those of a status (proc_pid_status(5)): blocked, ignored, caught.
fn signals(status: &str) -> [u64; 3] {
    ["SigBlk:", "SigIgn:", "SigCgt:"].map(|name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        u64::from_str_radix(line.unwrap().trim(), 16).unwrap()
    })
}

#[test]
fn no_signal_is_blocked_in_the_program_and_none_is_ignored_for_rust() {
    let mut cat = Command::new("cat");
    cat.arg("/proc/self/status");
    let mut before = SigSet::empty();
    let some: SigSet = [Signal::SIGUSR1, Signal::SIGTERM].into_iter().collect();
    pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&some), Some(&mut before)).unwrap();
    let [_, ignored, _] = signals(&fs::read_to_string("/proc/self/status").unwrap());
    let sigpipe = 1 << (Signal::SIGPIPE as i32 - 1);
    assert_ne!(ignored & sigpipe, 0, "Rust's runtime ignores it");
    assert_eq!(signals(&said(&mut cat)), [0, ignored & !sigpipe, 0]);
    assert_eq!(signals(&said(restore_signals(&mut cat))), [0, 0, 0]);
    // And this thread's own are as they were.
    let mut after = SigSet::empty();
    pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&before), Some(&mut after)).unwrap();
    assert_eq!(after, before | some);
}

/// A fork would leave each page to be copied when it is written to next.
#[test]
fn the_callers_pages_are_not_copied() {
    const PAGE: usize = 4096;
    const PAGES: usize = 300;
    let mut memory = vec![0_u8; PAGES * PAGE];
    let mut faults = |touched: &str| {
        let before = getrusage(UsageWho::RUSAGE_THREAD).unwrap();
        memory.iter_mut().step_by(PAGE).for_each(|byte| *byte += 1);
        let after = getrusage(UsageWho::RUSAGE_THREAD).unwrap();
        let faults = after.minor_page_faults() - before.minor_page_faults();
        eprintln!("{faults} page faults {touched}");
        faults
    };
    faults("at first");
    assert!(call(&mut Command::new("true")).unwrap().success());
    assert!(faults("after the start of a program") < 30);
}

/// While other threads use the heap and start programs, good ones and bad ones.
#[test]
fn threads_start_programs_at_once() {
    thread::scope(|scope| {
        for n in 0..4 {
            scope.spawn(move || {
                for round in 0..50 {
                    let status = call(&mut sh(&format!("exit {n}"))).unwrap();
                    assert_eq!(status, ExitStatus::Code(n));
                    let input = vec![b'x'; 1000 * (round + 1)];
                    let output = communicate(&mut Command::new("cat"), &input).unwrap();
                    assert_eq!(output.stdout, input);
                    assert!(call(&mut Command::new("/none")).unwrap_err().is_missing());
                }
            });
        }
    });
}
