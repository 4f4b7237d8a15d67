//! What a program does when a process that it waits for dies, or when the system
//! refuses it a thread or a process.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use super::at_once::at_once;
use super::program::{Finished, Program};

/// Runs `program` `rounds` times and each time kills one of the processes that it
/// has started, at a random moment. The program must end by itself, before the
/// deadline, without a panic, and leave no process behind.
///
/// # Panics
///
/// If it does not, with the run that showed it.
#[track_caller]
pub fn assert_notices_deaths(rounds: u32, program: impl Fn() -> Program + Sync) {
    at_once(0..rounds, |round| {
        let seed = u64::from(std::process::id()) << 32 | u64::from(round);
        let mut random = fastrand::Rng::with_seed(seed);
        let running = program().start();
        let mut killed = false;
        // Past its deadline `finish` fails.
        while !killed && running.is_running() && !running.is_late() {
            // Sometimes kill the first process seen, sometimes wait much longer.
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
    });
}

/// Runs the program at `path` as users with a limit on threads and processes,
/// once for each limit from one to `most`. The program must end by itself, without
/// a panic, and leave no process behind. Only root can do this.
///
/// # Panics
///
/// If it does not, with the run that showed it; or if not called by root.
#[track_caller]
pub fn assert_takes_refusals(most: u32, path: impl AsRef<Path>) {
    assert!(
        rustix::process::getuid().is_root(),
        "this test has to be run as root"
    );
    // A folder that this user may enter.
    let folder = std::env::temp_dir().join(format!("refusals-{}", std::process::id()));
    let copy = folder.join(path.as_ref().file_name().expect("a name"));
    fs::create_dir_all(&folder).expect("a folder");
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("permissions");
    fs::copy(path, &copy).expect("a copy");
    let runs = Mutex::new(Vec::new());
    at_once(1..=most, |limit| {
        // One shell calls it `-u`, another `-p`.
        let script = "ulimit -u $0 2>&- || ulimit -p $0; exec \"$1\"";
        let shell = Program::new("/bin/sh").args(["-c", script, &limit.to_string()]);
        let shell = shell.arg(&copy).current_dir("/");
        // A user of its own: the limit is on all that he runs.
        let done = shell.uid(471_100 + limit).run();
        runs.lock().expect("no panic").push(done);
    });
    fs::remove_dir_all(&folder).expect("removed");
    let runs = runs.into_inner().expect("no panic");
    runs.iter().for_each(assert_calm);
}

#[track_caller]
fn assert_calm(done: &Finished) {
    assert!(
        done.status.code().is_some() && !done.stderr.contains("panicked"),
        "neither a panic nor a death: {done:?}"
    );
}
