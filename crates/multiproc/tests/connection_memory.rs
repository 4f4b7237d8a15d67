//! What connections take from the heap: nothing for a message received into a
//! buffer, and nothing for a length that is only announced.

#![expect(unsafe_code, reason = "a global allocator is unsafe to implement")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use multiproc::connection::{Connection, Error, pipe};

/// The system's allocator, with an account for each thread: tests run side by
/// side.
struct Counting;

thread_local! {
    static TAKEN: Cell<usize> = const { Cell::new(0) };
    static TIMES: Cell<usize> = const { Cell::new(0) };
}

fn note(bytes: usize) {
    TAKEN.with(|taken| taken.set(taken.get() + bytes));
    TIMES.with(|times| times.set(times.get() + 1));
}

// SAFETY: every call is handed to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller keeps the same promises that are asked for here.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size.saturating_sub(layout.size()));
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many bytes `work` takes, and in how many requests.
fn taken(work: impl FnOnce()) -> (usize, usize) {
    let before = (TAKEN.get(), TIMES.get());
    work();
    (TAKEN.get() - before.0, TIMES.get() - before.1)
}

#[test]
fn a_message_received_into_a_buffer_takes_nothing() {
    for (mut receiver, mut sender) in [pipe(true).unwrap(), pipe(false).unwrap()] {
        let message = [7; 5_000];
        let mut buffer = [0; 5_000];
        // The buffer for receiving ahead comes with the first message.
        sender.send_bytes(&message).unwrap();
        receiver.recv_bytes_into(&mut buffer).unwrap();
        let used = taken(|| {
            for _ in 0..100 {
                for size in [0, 1, 300, 4_096, 4_999, 5_000] {
                    sender.send_bytes(&message[..size]).unwrap();
                    assert_eq!(receiver.recv_bytes_into(&mut buffer).unwrap(), size);
                }
            }
        });
        assert_eq!(used, (0, 0));
    }
}

#[test]
fn a_vector_takes_its_own_memory_and_no_more() {
    let (mut receiver, mut sender) = pipe(true).unwrap();
    // One that fits into the pipe, which has nobody else to empty it.
    let value = vec![7.5_f64; 20_000];
    sender
        .send_bytes(b"the buffer for receiving ahead")
        .unwrap();
    receiver.recv_bytes().unwrap();
    assert_eq!(taken(|| sender.send(&value).unwrap()), (0, 0));
    let used = taken(|| assert!(receiver.recv::<Vec<f64>>().unwrap() == value));
    assert_eq!(used, (size_of_val(&value[..]), 1));
}

#[test]
fn a_length_over_the_limit_takes_nothing() {
    let (ours, mut peer) = UnixStream::pair().unwrap();
    let mut connection = Connection::from_fd(ours).unwrap();
    peer.write_all(&[0xff; 4]).unwrap();
    peer.write_all(&(1_u64 << 63).to_be_bytes()).unwrap();
    let (bytes, _) = taken(|| {
        let refused = connection.recv_bytes();
        assert!(matches!(refused, Err(Error::TooLarge { .. })));
    });
    assert!(bytes < 8_192, "{bytes} bytes");
}

#[test]
fn a_length_within_the_limit_takes_memory_as_its_bytes_come() {
    let (ours, mut peer) = UnixStream::pair().unwrap();
    let mut connection = Connection::from_fd(ours).unwrap();
    connection.set_limit(usize::MAX);
    peer.write_all(&[0xff; 4]).unwrap();
    peer.write_all(&(1_u64 << 40).to_be_bytes()).unwrap();
    peer.write_all(b"that is all").unwrap();
    let (bytes, _) = taken(|| {
        let late = connection.recv_bytes_timeout(Duration::ZERO);
        assert!(matches!(late, Err(Error::TimedOut)));
    });
    assert!(bytes < 2 << 20, "{bytes} bytes");
}
