//! What starting and joining an empty child costs, beside a bare fork and
//! CPython's `Process`: `cargo bench -p fork`.
#![expect(clippy::unwrap_used, reason = "a bench fails by a panic")]

use common::measure::{Comparison, Unit, python, seconds};
use multiproc::process::{Process, exit_now};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

const PYTHON: &str = r#"
import multiprocessing, time
def nothing():
    pass
if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    n = 100
    start = time.perf_counter()
    for i in range(n):
        p = context.Process(target=nothing)
        p.start()
        p.join()
    print((time.perf_counter() - start) / n)
"#;

const ROUNDS: u32 = 1000;

fn main() {
    Comparison::new("start and join an empty child", Unit::Seconds)
        .rounds(7)
        .candidate("ours", || Some(each(|| assert!(spawn_join()))))
        .candidate("bare fork and wait", || Some(each(fork_wait)))
        .candidate("CPython", || python(PYTHON, &[]))
        .run();
}

fn each(work: impl Fn()) -> f64 {
    seconds(|| (0..ROUNDS).for_each(|_| work())) / f64::from(ROUNDS)
}

fn spawn_join() -> bool {
    Process::spawn("empty", || ())
        .unwrap()
        .join()
        .unwrap()
        .success()
}

fn fork_wait() {
    // SAFETY: this process has one thread.
    #[expect(unsafe_code, reason = "the bare system call is what is measured")]
    match unsafe { fork() }.unwrap() {
        ForkResult::Child => exit_now(0),
        ForkResult::Parent { child } => drop(waitpid(child, None).unwrap()),
    }
}
