//! How to test code that forks: a test program without threads.
#![forbid(unsafe_code)]

// ANCHOR: checks
use std::process::ExitCode;

use multiproc::process::{ExitStatus, Process};
use multiproc::queue::process::Queue;

/// What is checked, each under its name. A check panics when it fails.
const CHECKS: [(&str, fn()); 2] = [
    ("a_child_puts_what_its_parent_gets", puts),
    ("a_child_that_panics_exits_with_101", panics),
];

fn main() -> ExitCode {
    let mut failed = 0;
    for (name, check) in CHECKS {
        // Each in a process of its own: one that hangs or dies takes no other
        // along, and its children go with it.
        let child = Process::spawn(name, check).expect("this program has one thread");
        let ok = matches!(child.join(), Ok(ExitStatus::Code(0)));
        println!("test {name} ... {}", if ok { "ok" } else { "FAILED" });
        failed += u8::from(!ok);
    }
    ExitCode::from(failed)
}

fn puts() {
    let queue = Queue::new().expect("shared memory");
    let child = Process::spawn("child", || queue.put(&42)).expect("a child");
    assert_eq!(queue.get().expect("an item"), 42);
    child.join_success().expect("a child that succeeds");
}

fn panics() {
    let child = Process::spawn("child", || panic!("as it should")).expect("a child");
    assert_eq!(child.join().expect("its end"), ExitStatus::Code(101));
}
// ANCHOR_END: checks
