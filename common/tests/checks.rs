//! How checks that fork are run: this program runs itself with some that fail.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::fs;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use common::testing::{Finished, Program, checks, run_checks};
use multiproc::process::Process;
use multiproc::shared::Shared;

/// Which list to run.
const LIST: &str = "COMMON_TESTS_CHECKS";

/// Longer than anything here.
const LONG: Duration = Duration::from_secs(1000);

static PRESENT: OnceLock<Shared<AtomicU32>> = OnceLock::new();
static DESCRIPTORS: AtomicUsize = AtomicUsize::new(0);

fn main() {
    let Ok(list) = std::env::var(LIST) else {
        some_fail();
        half_a_line_is_ended();
        two_at_once();
        none_is_disturbed();
        one_that_hangs_is_ended();
        a_program_that_hangs_is_ended();
        return;
    };
    PRESENT.set(Shared::new(AtomicU32::new(0)).unwrap()).ok();
    DESCRIPTORS.store(open_descriptors(), Ordering::Relaxed);
    run_checks(match &*list {
        "some fail" => checks![passes, fails, ends, fails_too],
        "half a line" => checks![half_a_line, fails],
        "hangs" => checks![hangs, passes],
        "two at once" => checks![meets_another, meets_one],
        _ => const { &[("the_usual_descriptors", the_usual_descriptors as fn()); 30] },
    });
}

fn run(list: &str, at_once: u32) -> Finished {
    Program::new(std::env::current_exe().unwrap())
        .env(LIST, list)
        .env("RUST_TEST_THREADS", at_once.to_string())
        .run()
}

/// What a check prints is shown once it has failed, behind its name.
fn some_fail() {
    for at_once in [1, 3, 50] {
        let done = run("some fail", at_once);
        assert_eq!(done.status.code(), Some(1), "{done:?}");
        let shown = done.stdout.replace("\n  ", "; ");
        let starts = |start: &str| {
            let found: Vec<_> = done
                .lines()
                .into_iter()
                .filter(|line| line.starts_with(start))
                .collect();
            assert_eq!(found.len(), 1, "{start}: {done:?}");
        };
        starts("test checks::passes ... ok (");
        starts("test checks::ends ... FAILED (");
        assert!(
            shown.contains("; the check exited with status 3\n"),
            "{shown}"
        );
        for name in ["fails", "fails_too"] {
            let own = done
                .stdout
                .split("test checks::")
                .find(|part| part.split(' ').next() == Some(name));
            let own = own.unwrap();
            assert!(own.contains(&format!("printed by {name}\n")), "{own}");
            assert!(own.contains(&format!("panic of {name}\n")), "{own}");
        }
        assert!(!shown.contains("printed by passes"), "{shown}");
        assert!(
            shown.contains("\ntest result: FAILED. 1 passed; 3 failed;"),
            "{shown}"
        );
    }
}

/// What a check prints is shown once, and by itself, even if it does not end.
fn half_a_line_is_ended() {
    let done = run("half a line", 1);
    let halves = done.stdout.matches("half a line").count();
    let alone = done.lines().contains(&"half a line");
    assert!(halves == 1 && alone, "{done:?}");
}

fn two_at_once() {
    let done = run("two at once", 2).success();
    assert!(done.stdout.contains(" 2 passed; 0 failed;"), "{done:?}");
}

fn none_is_disturbed() {
    run("descriptors", 6).success();
}

/// And so are its children, or `run` would fail.
fn one_that_hangs_is_ended() {
    let done = Program::new(std::env::current_exe().unwrap())
        .env(LIST, "hangs")
        .env("CHECK_SECONDS", "5")
        .run();
    let told = done
        .stdout
        .contains("  the check was still running after 5s\nit hangs\n");
    assert!(told && done.status.code() == Some(1), "{done:?}");
    assert!(done.stdout.contains(" 1 passed; 1 failed;"), "{done:?}");
}

fn a_program_that_hangs_is_ended() {
    let program = || {
        let sh = Program::new("sh").args(["-c", "echo $$; sleep 1000 & wait"]);
        sh.deadline(Duration::from_millis(300))
    };
    type Way = (fn(Program), &'static str);
    let ways: [Way; 2] = [
        (|program| drop(program.run()), "did not end in time"),
        (
            |program| drop(program.start().line_where(|line| line == "no such line")),
            "printed no further line in time",
        ),
    ];
    for (way, told) in ways {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(|_| {}));
        let panicked = catch_unwind(AssertUnwindSafe(|| way(program())));
        panic::set_hook(hook);
        let panic = panicked.unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(text.contains(told), "{text}");
    }
}

fn hangs() {
    let _child = Process::spawn("child", || thread::sleep(LONG)).unwrap();
    println!("it hangs");
    thread::sleep(LONG);
}

fn passes() {
    println!("printed by passes");
}

fn fails() {
    println!("printed by fails");
    panic!("panic of fails");
}

fn fails_too() {
    println!("printed by fails_too");
    panic!("panic of fails_too");
}

fn half_a_line() {
    print!("half a line");
    std::process::exit(3);
}

fn ends() {
    std::process::exit(3);
}

fn meets_another() {
    let present = PRESENT.get().unwrap();
    present.fetch_add(1, Ordering::SeqCst);
    while present.load(Ordering::SeqCst) < 2 {
        thread::sleep(Duration::from_millis(1));
    }
}

fn meets_one() {
    meets_another();
}

/// Nothing of the checks that run beside it.
fn the_usual_descriptors() {
    assert_eq!(open_descriptors(), DESCRIPTORS.load(Ordering::Relaxed));
}

fn open_descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}
