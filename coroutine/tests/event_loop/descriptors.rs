//! Pipes, sockets, and who shares them.

use std::cell::Cell;
use std::io::{self, ErrorKind, PipeReader, Read, Write, pipe};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use coroutine::event_loop::{Watched, run, sleep, spawn, timeout};
use rustix::io::fcntl_dupfd_cloexec;

use crate::{LONG, MS, yield_now};

#[test]
fn who_never_waits_does_not_keep_others_from_their_timers_and_descriptors() {
    run(async {
        let busy = spawn(async {
            loop {
                yield_now().await;
            }
        });
        let (reader, mut writer) = pipe().unwrap();
        let reader = Watched::new(reader).unwrap();
        // It waits before there is something to read.
        let late = spawn(sleep(LONG));
        let read = spawn(async move {
            let read = reader.read_with(|mut reader| reader.read(&mut [0]));
            timeout(2 * LONG, read).await
        });
        sleep(MS).await;
        writer.write_all(b"x").unwrap();
        assert!(matches!(read.await, Ok(Ok(Ok(1)))));
        // The event woke it, and not the time-out, whose last look finds it too.
        assert!(!late.is_finished());
        busy.abort();
    })
    .unwrap();
}

#[test]
fn a_descriptor_that_is_always_ready_does_not_starve_the_others() {
    run(async {
        let zero = Rc::new(Cell::new(false));
        let (reader, writer) = pipe().unwrap();
        let (reader, writer) = (Watched::new(reader).unwrap(), Watched::new(writer).unwrap());
        let done = Rc::clone(&zero);
        // Reads what it has written itself, and never finds the pipe empty.
        let greedy = spawn(async move {
            while !done.get() {
                writer.write_with(|mut w| w.write(b"x")).await.unwrap();
                reader.read_with(|mut r| r.read(&mut [0])).await.unwrap();
            }
        });
        sleep(MS).await;
        zero.set(true);
        timeout(LONG, greedy).await.unwrap().unwrap();
    })
    .unwrap();
}

#[test]
fn a_pipe_and_a_socket_are_waited_for_in_both_directions() {
    run(async {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let ours = Rc::new(Watched::new(ours).unwrap());
        let writer = Rc::clone(&ours);
        // More than fits: it has to wait, while the other task reads.
        let sent = spawn(async move {
            let block = vec![7; 1 << 20];
            let mut left = &block[..];
            while !left.is_empty() {
                let count = writer.write_with(|mut io| io.write(left)).await.unwrap();
                left = &left[count..];
            }
        });
        let reader = Rc::clone(&ours);
        let received = spawn(async move {
            let mut byte = [0];
            reader.read_with(|mut io| io.read(&mut byte)).await.unwrap();
            byte[0]
        });
        let peer = thread::spawn(move || {
            let mut theirs = theirs;
            let mut all = vec![0; 1 << 20];
            theirs.read_exact(&mut all).unwrap();
            theirs.write_all(b"!").unwrap();
            (all.iter().all(|byte| *byte == 7), theirs)
        });
        timeout(LONG, sent).await.unwrap().unwrap();
        assert_eq!(timeout(LONG, received).await.unwrap(), Ok(b'!'));
        let (right, theirs) = peer.join().unwrap();
        assert!(right);
        drop(theirs);
        // The end of file is something to read, each time.
        for _ in 0..2 {
            let read = ours.read_with(|mut io| io.read(&mut [0]));
            assert_eq!(timeout(LONG, read).await.unwrap().unwrap(), 0);
        }
    })
    .unwrap();
}

#[test]
fn two_may_wait_for_one_descriptor_and_one_may_give_up() {
    run(async {
        let (reader, mut writer) = pipe().unwrap();
        let reader = Rc::new(Watched::new(reader).unwrap());
        let waiters: Vec<_> = (0..3)
            .map(|_| {
                let reader = Rc::clone(&reader);
                spawn(async move { reader.read_with(|mut io| io.read(&mut [0])).await })
            })
            .collect();
        sleep(MS).await;
        let [first, second, third] = <[_; 3]>::try_from(waiters).unwrap();
        second.abort();
        writer.write_all(b"ab").unwrap();
        for waiter in [first, third] {
            assert_eq!(timeout(LONG, waiter).await.unwrap().unwrap().unwrap(), 1);
        }
    })
    .unwrap();
}

#[test]
fn a_descriptor_number_that_is_used_again_is_another_descriptor() {
    // High up, where no other test of this process opens one.
    let high = |reader: PipeReader| fcntl_dupfd_cloexec(&reader, 700).unwrap();
    run(async {
        for _ in 0..100 {
            let (reader, mut writer) = pipe().unwrap();
            let old = Watched::new(high(reader)).unwrap();
            let number = old.get_ref().as_raw_fd();
            // Its event is on its way when it is closed, and its number taken.
            writer.write_all(b"old").unwrap();
            drop(old);
            let (reader, mut fresh_writer) = pipe().unwrap();
            let reader = high(reader);
            assert_eq!(reader.as_raw_fd(), number);
            let fresh = Watched::new(reader).unwrap();
            let early = fresh.read_with(|io| Ok(rustix::io::read(io, &mut [0; 8])?));
            assert!(timeout(Duration::ZERO, early).await.is_err());
            yield_now().await;
            fresh_writer.write_all(b"new").unwrap();
            let mut got = [0; 3];
            let read = fresh.read_with(|io| Ok(rustix::io::read(io, &mut got)?));
            assert_eq!(timeout(LONG, read).await.unwrap().unwrap(), 3);
            assert_eq!(&got, b"new");
        }
    })
    .unwrap();
}

#[test]
fn a_file_on_a_disk_cannot_be_waited_for() {
    run(async {
        let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
        let error = Watched::new(file).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    })
    .unwrap();
}

#[test]
fn an_error_of_the_call_is_the_result() {
    run(async {
        let (reader, _writer) = pipe().unwrap();
        let reader = Watched::new(reader).unwrap();
        let error = reader
            .read_with(|_| Err::<(), _>(io::Error::other("mine")))
            .await;
        assert_eq!(error.unwrap_err().to_string(), "mine");
    })
    .unwrap();
}

#[test]
fn who_has_read_all_waits_for_more_and_does_not_ask_again_and_again() {
    run(async {
        let (reader, mut writer) = pipe().unwrap();
        let reader = Watched::new(reader).unwrap();
        writer.write_all(b"x").unwrap();
        let asked = Rc::new(Cell::new(0));
        let count = Rc::clone(&asked);
        let task = spawn(async move {
            for _ in 0..2 {
                let read = reader.read_with(|mut io| {
                    count.set(count.get() + 1);
                    io.read(&mut [0])
                });
                read.await.unwrap();
            }
        });
        sleep(MS).await;
        // It has read the byte, found nothing more, and waits since.
        assert_eq!(asked.get(), 2);
        writer.write_all(b"x").unwrap();
        task.await.unwrap();
        assert_eq!(asked.get(), 3);
    })
    .unwrap();
}
