//! `multiproc::process`: descriptors, a child's and its parent's.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::{AtomicU32, Ordering};

use common::testing::{Check, checks};
use multiproc::connection;
use multiproc::process::{Builder, Process, SpawnError};
use multiproc::shared::Shared;

use crate::process::loop_forever;

pub(crate) const CHECKS: &[Check] = checks![
    moved_pipe_ends_close,
    descriptors_do_not_leak,
    no_descriptor_left_is_a_clear_error,
    a_child_with_a_connection_closes_the_right_ends,
    a_closed_descriptor_keeps_its_number,
];

fn moved_pipe_ends_close() {
    let (mut read, write) = std::io::pipe().unwrap();
    let child = Process::spawn("writer", move || (&write).write_all(b"hello").unwrap()).unwrap();
    let mut all = String::new();
    // Would wait for ever if the parent still had the writing end.
    read.read_to_string(&mut all).unwrap();
    assert_eq!(all, "hello");
    child.join_success().unwrap();

    let (mut read, write) = std::io::pipe().unwrap();
    let child = Builder::new("reader")
        .close_in_child(&write)
        .spawn(|| (&read).read_to_string(&mut String::new()).map(drop))
        .unwrap();
    drop(write);
    child.join_success().unwrap();
    assert_eq!(read.read(&mut [0]).unwrap(), 0);
}

fn open_descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

fn descriptors_do_not_leak() {
    let before = open_descriptors();
    for _ in 0..100 {
        Process::spawn("child", || assert_eq!(open_descriptors(), before))
            .unwrap()
            .join_success()
            .unwrap();
    }
    assert_eq!(open_descriptors(), before);
}

fn no_descriptor_left_is_a_clear_error() {
    use nix::sys::resource::{Resource, setrlimit};
    let mut children = Vec::new();
    setrlimit(Resource::RLIMIT_NOFILE, 12, 12).unwrap();
    let error = loop {
        match Process::spawn("child", loop_forever) {
            Ok(child) => children.push(child),
            Err(error) => break error,
        }
        assert!(children.len() < 20);
    };
    assert!(
        matches!(&error, SpawnError::System(io) if io.raw_os_error() == Some(libc::EMFILE)),
        "{error}"
    );
    drop(children);
    assert_eq!(nix::sys::wait::wait(), Err(nix::errno::Errno::ECHILD));
    // Nor was there one for a moment, which could have done something.
    let ran = Shared::new(AtomicU32::new(0)).unwrap();
    let _all: Vec<_> = std::iter::from_fn(|| fs::File::open("/dev/null").ok()).collect();
    for _ in 0..200 {
        Process::spawn("child", || {
            ran.fetch_add(1, Ordering::Relaxed);
        })
        .unwrap_err();
    }
    assert_eq!(ran.load(Ordering::Relaxed), 0);
}

fn a_child_with_a_connection_closes_the_right_ends() {
    let (child, mut connection) = Builder::new("adder")
        .spawn_with_connection(|mut connection| {
            let (a, b): (i64, i64) = connection.recv()?;
            connection.send(&(a + b))?;
            // The parent drops its end: nobody else has it.
            match connection.recv_bytes() {
                Err(connection::Error::EndOfFile) => Ok::<(), connection::Error>(()),
                other => panic!("{other:?}"),
            }
        })
        .unwrap();
    connection.send(&(3_i64, 4_i64)).unwrap();
    assert_eq!(connection.recv::<i64>().unwrap(), 7);
    drop(connection);
    child.join_success().unwrap();

    let (child, mut connection) = Builder::new("victim")
        .spawn_with_connection(|_connection| loop_forever())
        .unwrap();
    child.kill().unwrap();
    // Would wait for ever if the parent had the child's end, too.
    assert!(matches!(
        connection.recv_bytes(),
        Err(connection::Error::EndOfFile)
    ));
}

/// Whoever in the child still believes to own the descriptor does no harm to
/// another file that might have got its number.
fn a_closed_descriptor_keeps_its_number() {
    let (first, mut read) = (std::io::pipe().unwrap(), std::io::pipe().unwrap());
    let child = Builder::new("child")
        .close_in_child(&first.0)
        .close_in_child(&first.1)
        .close_in_child(&read.1)
        .spawn(|| {
            let file = fs::File::open("/proc/self/stat").unwrap();
            for closed in [first.0.as_fd(), first.1.as_fd(), read.1.as_fd()] {
                assert_ne!(file.as_raw_fd(), closed.as_raw_fd());
            }
            let written = (&first.1).write_all(b"!").unwrap_err();
            assert_eq!(written.raw_os_error(), Some(libc::EBADF));
            let mut byte = [0];
            let got = (&first.0).read(&mut byte).unwrap_err();
            assert_eq!(got.raw_os_error(), Some(libc::EBADF));
        });
    child.unwrap().join_success().unwrap();
    drop(read.1);
    assert_eq!(read.0.read(&mut [0]).unwrap(), 0);
}
