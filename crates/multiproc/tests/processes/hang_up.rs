//! A connection that was made with a child: who drops it hangs up, whoever else
//! has a copy.

use std::io::Write;
use std::os::unix::net::UnixStream;

use common::testing::{Check, checks};
use multiproc::connection::{Connection, Error};
use multiproc::process::{Builder, Process, SpawnError};
use multiproc::shared::{Mutex, Shared};

use crate::process::loop_forever;

pub(crate) const CHECKS: &[Check] = checks![
    the_end_reaches_children_made_earlier,
    the_end_reaches_a_parent_past_its_grandchild,
    what_was_sent_before_the_end_arrives,
    an_end_moved_into_a_later_child_stays_open,
    an_end_moved_into_no_child_hangs_up,
    an_end_sent_away_stays_open,
    a_descriptor_given_away_stays_open,
    a_copy_dropped_in_a_child_is_only_closed,
];

/// Answers until the other side hangs up.
fn echo(mut peer: Connection) -> Result<(), Error> {
    loop {
        match peer.recv::<u64>() {
            Ok(number) => peer.send(&number)?,
            Err(Error::EndOfFile) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

fn echo_child() -> (Process, Connection) {
    Builder::new("echo").spawn_with_connection(echo).unwrap()
}

fn assert_answers(connection: &mut Connection) {
    connection.send(&7_u64).unwrap();
    assert_eq!(connection.recv::<u64>().unwrap(), 7);
}

fn the_end_reaches_children_made_earlier() {
    let children: Vec<_> = (0..3).map(|_| echo_child()).collect();
    let other = Process::spawn("other", loop_forever).unwrap();
    // The first goes first, while the others have copies of the parent's end.
    for (child, mut connection) in children {
        assert_answers(&mut connection);
        drop(connection);
        child.join_success().unwrap();
    }
    let (child, mut connection) = echo_child();
    let another = Process::spawn("another", loop_forever).unwrap();
    connection.close();
    child.join_success().unwrap();
    drop((other, another));
}

fn the_end_reaches_a_parent_past_its_grandchild() {
    let (child, mut connection) = Builder::new("child")
        .spawn_with_connection(|peer| {
            let _grandchild = Process::spawn("grandchild", loop_forever).unwrap();
            drop(peer);
            loop_forever();
        })
        .unwrap();
    assert!(matches!(connection.recv_bytes(), Err(Error::EndOfFile)));
    child.kill().unwrap();
}

fn what_was_sent_before_the_end_arrives() {
    let (child, mut connection) = Builder::new("sum")
        .spawn_with_connection(|mut peer| {
            for expected in 0..1000 {
                assert_eq!(peer.recv::<u64>().unwrap(), expected);
            }
            assert!(matches!(peer.recv_bytes(), Err(Error::EndOfFile)));
            assert!(matches!(peer.send(&1_u64), Err(Error::BrokenPipe)));
        })
        .unwrap();
    let other = Process::spawn("other", loop_forever).unwrap();
    for number in 0..1000_u64 {
        connection.send(&number).unwrap();
    }
    drop(connection);
    child.join_success().unwrap();
    drop(other);
}

fn an_end_moved_into_a_later_child_stays_open() {
    let (echo, mut connection) = echo_child();
    let user = Process::spawn("user", move || assert_answers(&mut connection)).unwrap();
    user.join_success().unwrap();
    // The user had the only copy.
    echo.join_success().unwrap();
}

fn an_end_moved_into_no_child_hangs_up() {
    let (echo, mut connection) = echo_child();
    let other = Process::spawn("other", loop_forever).unwrap();
    let lock = Shared::new(Mutex::new(0_u64)).unwrap();
    let guard = lock.lock();
    let failed = Process::spawn("user", move || assert_answers(&mut connection));
    assert!(matches!(failed, Err(SpawnError::LockHeld)));
    drop(guard);
    echo.join_success().unwrap();
    drop(other);
}

fn an_end_sent_away_stays_open() {
    let (echo, end) = echo_child();
    let (user, mut connection) = Builder::new("user")
        .spawn_with_connection(|mut peer| assert_answers(&mut peer.recv_connection().unwrap()))
        .unwrap();
    connection.send_connection(end).unwrap();
    user.join_success().unwrap();
    drop(connection);
    echo.join_success().unwrap();
}

fn a_descriptor_given_away_stays_open() {
    let (echo, mut connection) = echo_child();
    assert_answers(&mut connection);
    let mut stream = UnixStream::from(connection.into_fd().unwrap());
    stream.write_all(&[]).unwrap();
    let mut connection = Connection::from_fd(stream).unwrap();
    assert_answers(&mut connection);
    drop(connection);
    echo.join_success().unwrap();
}

fn a_copy_dropped_in_a_child_is_only_closed() {
    let (echo, connection) = echo_child();
    let mut connections = vec![connection];
    Process::spawn("other", || connections.clear())
        .unwrap()
        .join_success()
        .unwrap();
    assert_answers(&mut connections[0]);
    drop(connections);
    echo.join_success().unwrap();
}
