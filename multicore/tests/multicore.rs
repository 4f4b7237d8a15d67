//! The recipe and its examples, from outside.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use common::testing::{Finished, Manners, Program, example, until};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use predicates::prelude::*;

fn multicore() -> Program {
    Program::new(env!("CARGO_BIN_EXE_multicore"))
}

#[test]
fn manners() {
    Manners::of(env!("CARGO_BIN_EXE_multicore"))
        .quick(&["--seconds", "1.1"])
        .wrong(&[
            "--threads=0",
            "--threads=-1",
            "--seconds=-1",
            "--seconds=inf",
        ])
        .long(&["--seconds", "1000"], |_| true)
        .check();
}

/// What a run has said about itself.
struct Run {
    what: String,
    count: u32,
    wall: f64,
    cpu: f64,
    percent: f64,
    cores: String,
}

fn number(text: &str) -> f64 {
    text.trim()
        .parse()
        .unwrap_or_else(|_| panic!("'{text}' is no number"))
}

/// The lines that are shown meanwhile, and the summaries.
fn parse(done: &Finished) -> (Vec<String>, Vec<Run>) {
    let lines = done.lines();
    let is_live = |line: &&&str| line.contains("% of one core after");
    let live = lines.iter().filter(is_live).map(ToString::to_string);
    let rest: Vec<_> = lines.iter().filter(|line| !is_live(line)).collect();
    let run = |lines: &[&&str]| {
        let value = |index: usize, label: &str| lines[index].strip_prefix(label).unwrap();
        let (what, count) = lines[0].split_once(": ").unwrap();
        let (percent, of_cores) = value(3, "  CPU use    ")
            .split_once(" % of one core, ")
            .unwrap();
        let (of_cores, cores) = of_cores.split_once(" % of ").unwrap();
        number(of_cores);
        Run {
            what: what.to_string(),
            count: count.parse().unwrap(),
            wall: number(value(1, "  wall time  ").strip_suffix(" s").unwrap()),
            cpu: number(value(2, "  CPU time   ").strip_suffix(" s").unwrap()),
            percent: number(percent),
            cores: cores.to_string(),
        }
    };
    (live.collect(), rest.chunks(4).map(run).collect())
}

impl Run {
    #[track_caller]
    fn check(&self, what: &str, count: u32) {
        assert_eq!((self.what.as_str(), self.count), (what, count));
        // The three numbers belong together, as far as they are printed.
        let (low, high) = (self.cpu - 0.005, self.cpu + 0.005);
        let (least, most) = (low / (self.wall + 0.005), high / (self.wall - 0.005));
        let range = 100.0 * least - 0.1..100.0 * most + 0.1;
        assert!(
            range.contains(&self.percent),
            "{} not in {range:?}",
            self.percent
        );
    }
}

fn usable() -> u32 {
    multicore::Cores::of_this_process().unwrap().count()
}

#[test]
fn a_thread_for_each_core_by_default() {
    let done = multicore().args(["--seconds", "0.2"]).run().success();
    let (live, runs) = parse(&done);
    assert!(live.is_empty(), "{live:?}");
    assert_eq!(runs.len(), 1);
    runs[0].check("threads", usable());
}

#[test]
fn five_seconds_by_default() {
    multicore()
        .arg("--help")
        .run()
        .assert()
        .success()
        .stdout(predicate::str::contains("ends it sooner. [default: 5]"));
}

#[test]
fn the_use_is_shown_once_a_second() {
    let mut running = multicore()
        .args(["--seconds", "1000", "--threads", "3"])
        .start();
    // A busy machine may skip one, and shows none twice.
    let shown = |line: &str| {
        let (percent, after) = line.split_once(" % of one core after ").unwrap();
        let percent = number(percent.strip_prefix("threads: ").unwrap());
        (percent, number(after.strip_suffix(" s").unwrap()))
    };
    let first = shown(&running.next_line()).1;
    // It may get no time at all for a while.
    let second = running.line_where(|line| shown(line).0 > 0.0);
    assert!(1.0 <= first && first < shown(&second).1, "{first} {second}");
    running.interrupt();
    let (live, runs) = parse(&running.finish());
    assert!(live.len() >= 2);
    runs[0].check("threads", 3);
    assert!(runs[0].cpu > 0.0);
}

#[test]
fn processes_in_place_of_threads() {
    let args = ["--processes", "--seconds", "0.2", "--threads", "3"];
    let done = multicore().args(args).run().success();
    let (_, runs) = parse(&done);
    runs[0].check("processes", 3);
}

#[test]
fn ctrl_c_ends_it_with_the_summary() {
    for processes in [false, true] {
        let mut program = multicore().args(["--seconds", "1000", "--threads", "2"]);
        if processes {
            program = program.arg("--processes");
        }
        let mut running = program.start();
        running.next_line();
        assert_eq!(running.descendants().len(), if processes { 2 } else { 0 });
        running.interrupt();
        let done = running.finish();
        done.assert().code(130).stderr("");
        let (_, runs) = parse(&done);
        runs[0].check(if processes { "processes" } else { "threads" }, 2);
    }
}

#[test]
fn a_dead_process_is_reported() {
    let args = ["--processes", "--seconds", "1000", "--threads", "2"];
    let mut running = multicore().args(args).start();
    running.next_line();
    let child = running.descendants()[0];
    let pid = rustix::process::Pid::from_raw(child.try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    // It is a zombie until its parent looks after it, at the end.
    until("it is a zombie", || {
        let stat = std::fs::read_to_string(format!("/proc/{child}/stat"));
        stat.unwrap().contains(") Z ")
    });
    running.interrupt();
    let done = running.finish();
    done.assert()
        .code(1)
        .stdout(predicate::str::contains("wall").not());
    assert!(
        done.stderr.ends_with(" was killed by SIGKILL\n"),
        "{}",
        done.stderr
    );
    assert_eq!(done.stderr.lines().count(), 1);
}

#[test]
fn killing_it_leaves_no_process() {
    for program in [multicore().arg("--processes"), multicore()] {
        let mut running = program.args(["--seconds", "1000"]).start();
        running.next_line();
        running.signal(rustix::process::Signal::KILL);
        running.finish();
    }
}

#[test]
fn an_affinity_is_respected_and_named() {
    // Inherited by what this thread starts; the other tests' threads keep
    // theirs.
    let this = Pid::from_raw(0);
    let allowed = sched_getaffinity(this).unwrap();
    let mut one = CpuSet::new();
    let cpu = (0..CpuSet::count()).find(|cpu| allowed.is_set(*cpu).unwrap());
    one.set(cpu.unwrap()).unwrap();
    sched_setaffinity(this, &one).unwrap();
    let done = multicore().args(["--seconds", "0.1"]).run().success();
    sched_setaffinity(this, &allowed).unwrap();
    let (_, runs) = parse(&done);
    runs[0].check("threads", 1);
    let cores = &runs[0].cores;
    let limited = "the 1 core that this process may use (CPU affinity; the machine has ";
    assert!(
        cores.starts_with(limited) || cores == "the 1 core of this machine",
        "{cores}"
    );
}

#[test]
fn without_python_it_says_so() {
    let done = multicore()
        .args(["--python", "--seconds", "0.1"])
        .env("PATH", "")
        .run();
    done.assert()
        .code(1)
        .stdout("")
        .stderr("multicore: cannot run python3: No such file or directory (os error 2)\n");
}

#[test]
#[ignore = "needs python3"]
fn python_runs_the_same_loop_on_one_core() {
    let args = ["--python", "--seconds", "1", "--threads", "3"];
    let done = multicore().args(args).run().success();
    let (_, runs) = parse(&done);
    assert_eq!(runs.len(), 2);
    runs[0].check("Python's threads", 3);
    runs[1].check("threads", 3);
    assert!(
        runs[0].percent < 150.0,
        "the global lock lets one thread run"
    );
}

#[test]
#[ignore = "needs python3"]
fn ctrl_c_ends_python_too() {
    for mode in [&[][..], &["--processes"]] {
        let program = multicore()
            .args(["--python", "--seconds", "1000"])
            .args(mode);
        let mut running = program.start();
        running.next_line();
        running.interrupt();
        let done = running.finish();
        done.assert().code(130).stderr("");
        assert_eq!(parse(&done).1.len(), 2);
    }
}

#[test]
#[ignore = "needs python3"]
fn python_does_not_outlive_us() {
    let mut running = multicore().args(["--python", "--seconds", "1000"]).start();
    running.next_line();
    running.signal(rustix::process::Signal::KILL);
    running.finish();
}

#[test]
fn hundred_threads() {
    let done = Program::new(example("hundred_threads")).run().success();
    let (_, runs) = parse(&done);
    assert_eq!(runs.len(), 2);
    runs[0].check("threads", usable());
    runs[1].check("threads", 100);
}

#[test]
fn cpu_bound_or_io_bound_has_a_line_for_each_count() {
    let done = Program::new(example("cpu_bound_or_io_bound"))
        .run()
        .success();
    let lines = done.lines();
    assert_eq!(
        lines[0],
        "64 tasks of either kind, milliseconds for all of them"
    );
    assert_eq!(lines[1], "threads   computing    waiting");
    let rows: Vec<Vec<f64>> = lines[2..]
        .iter()
        .map(|line| line.split_whitespace().map(number).collect())
        .collect();
    assert!(
        rows.iter()
            .all(|row| row.len() == 3 && row[1] > 0.0 && row[2] > 0.0)
    );
    let cores = usable();
    let mut counts = vec![1, cores, 2 * cores, 4 * cores];
    counts.dedup();
    let threads: Vec<_> = rows.iter().map(|row| row[0] as u32).collect();
    assert_eq!(threads, counts);
}
