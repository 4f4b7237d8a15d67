//! What becomes of a program when somebody that it waits for dies, or when the
//! system refuses it a thread or a process.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use super::program::{Finished, Program};

/// Runs `program` `rounds` times and kills one of the processes that it has
/// started, another and at another moment each time. It has to end by itself,
/// before the deadline, without a panic, and leave nobody behind.
///
/// # Panics
///
/// When it does otherwise, with the run that showed it.
#[track_caller]
pub fn assert_notices_deaths(rounds: u32, program: impl Fn() -> Program) {
    let mut random = fastrand::Rng::with_seed(u64::from(std::process::id()));
    for _ in 0..rounds {
        let running = program().start();
        let mut killed = false;
        while !killed && running.is_running() {
            // Sometimes the first that is seen, sometimes much later.
            let patience = random.u32(0..60);
            (0..patience).for_each(|_| thread::yield_now());
            let others = running.descendants();
            if let Some(victim) = random.choice(others)
                && random.u32(0..3) == 0
                && let Some(pid) = i32::try_from(victim).ok().and_then(Pid::from_raw)
            {
                killed = kill_process(pid, Signal::KILL).is_ok();
            }
        }
        assert_calm(&running.finish());
    }
}

/// Runs the program at `path` as a user who may have only so many threads and
/// processes, from one to `most`. It has to end by itself, without a panic, and
/// leave nobody behind. Only root can do this.
///
/// # Panics
///
/// When it does otherwise, with the run that showed it; when not called by root.
#[track_caller]
pub fn assert_takes_refusals(most: usize, path: impl AsRef<Path>) {
    assert!(
        rustix::process::getuid().is_root(),
        "this test has to be run as root"
    );
    // A place where that user may go.
    let folder = std::env::temp_dir().join(format!("refusals-{}", std::process::id()));
    let copy = folder.join(path.as_ref().file_name().expect("a name"));
    fs::create_dir_all(&folder).expect("a folder");
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("permissions");
    fs::copy(path, &copy).expect("a copy");
    let runs = (1..=most).map(|limit| {
        // One shell calls it `-u`, another `-p`.
        let script = "ulimit -u $0 2>&- || ulimit -p $0; exec \"$1\"";
        let shell = Program::new("/bin/sh").args(["-c", script, &limit.to_string()]);
        shell.arg(&copy).current_dir("/").uid(471_100).run()
    });
    let runs: Vec<_> = runs.collect();
    fs::remove_dir_all(&folder).expect("removed");
    runs.iter().for_each(assert_calm);
}

#[track_caller]
fn assert_calm(done: &Finished) {
    assert!(
        done.status.code().is_some() && !done.stderr.contains("panicked"),
        "neither a panic nor a death: {done:?}"
    );
}
