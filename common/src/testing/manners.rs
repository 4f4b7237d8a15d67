//! How every recipe behaves towards who calls it.

use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::thread;

use rustix::process::Signal;

use super::at_once::at_once;
use super::program::{Finished, Program, Running, example};

/// What ends a program from outside.
const ENDINGS: [Signal; 3] = [Signal::INT, Signal::TERM, Signal::HUP];

/// Checks a recipe's manners: usage errors, `--help` and its examples, a reader
/// that leaves, a full disk, Ctrl-C, `SIGTERM` and `SIGHUP`. Nobody may be left
/// behind.
///
/// ```no_run
/// // (not run: in a test, the path is `env!("CARGO_BIN_EXE_pool")`)
/// # use common::testing::Manners;
/// Manners::of("target/debug/pool")
///     .quick(&["--longest", "0.02"])
///     .wrong(&["--tasks=x", "--longest -1"])
///     .long(&["--longest", "100"], |line| line.starts_with("Run task"))
///     .check();
/// ```
#[derive(Debug)]
pub struct Manners {
    path: PathBuf,
    quick: Vec<String>,
    wrong: Vec<String>,
    long: Option<Long>,
    last_words: String,
}

/// The arguments, and what accepts the line after which it is ended.
type Long = (Vec<String>, fn(&str) -> bool);

impl Manners {
    /// Those of the program at `path`.
    pub fn of(path: impl AsRef<Path>) -> Self {
        Manners {
            path: path.as_ref().to_path_buf(),
            quick: Vec::new(),
            wrong: vec!["--bogus".to_string()],
            long: None,
            last_words: String::new(),
        }
    }

    /// The arguments of a run that is over soon.
    pub fn quick(mut self, args: &[&str]) -> Self {
        self.quick = args.iter().map(ToString::to_string).collect();
        self
    }

    /// Command lines that are usage errors, besides `--bogus`. Each one's first
    /// word, up to a `=`, is named in the message.
    pub fn wrong(mut self, lines: &[&str]) -> Self {
        self.wrong.extend(lines.iter().map(ToString::to_string));
        self
    }

    /// The arguments of a run that does not end by itself, and the line after
    /// which it is ended.
    pub fn long(mut self, args: &[&str], when: fn(&str) -> bool) -> Self {
        let args = args.iter().map(ToString::to_string).collect();
        self.long = Some((args, when));
        self
    }

    /// What it says on standard error when it is ended; nothing by default.
    pub fn last_words(mut self, words: &str) -> Self {
        self.last_words = words.to_string();
        self
    }

    /// Checks all of it.
    ///
    /// # Panics
    ///
    /// At the first fault, with the run that showed it.
    pub fn check(self) {
        let parts: [fn(&Self); 5] = [
            Self::check_usage,
            Self::check_help,
            Self::check_output,
            Self::check_timeline,
            Self::check_ends,
        ];
        // At once: the programs nap most of the time.
        let recipe = &self;
        thread::scope(|scope| {
            for part in parts {
                scope.spawn(move || part(recipe));
            }
        });
    }

    fn program(&self) -> Program {
        Program::new(&self.path)
    }

    fn check_usage(&self) {
        for line in &self.wrong {
            let done = self.program().args(line.split(' ')).run();
            let named = line.split(['=', ' ']).next().unwrap_or_default();
            let told = done.stderr.starts_with("error: ") && done.stderr.contains(named);
            assert!(
                done.status.code() == Some(2) && done.stdout.is_empty() && told,
                "'{line}' is a usage error, and its message names '{named}': {done:?}"
            );
        }
    }

    fn check_help(&self) {
        let done = self.program().arg("--help").run().success();
        let help = &done.stdout;
        let first = help.lines().next().unwrap_or_default();
        assert!(first.ends_with('.'), "a sentence, first of all: {help}");
        assert!(help.contains("\nUsage: cargo run "), "how to call: {help}");
        let (_, examples) = help
            .split_once("\nExamples:\n")
            .unwrap_or_else(|| panic!("no examples: {help}"));
        let examples: Vec<_> = examples.lines().map(str::trim).collect();
        assert_eq!(examples.len(), 2, "two examples: {help}");
        at_once(examples, |example| {
            let done = self.command(example).run();
            assert!(
                done.status.success() && done.stderr.is_empty(),
                "{example}: {done:?}"
            );
        });
    }

    /// A command line from the help, with what cargo would run in cargo's place.
    fn command(&self, line: &str) -> Program {
        let words = line.strip_prefix("cargo run ");
        let words = words.unwrap_or_else(|| panic!("not a call of cargo: {line}"));
        let (cargo, args) = words.split_once(" -- ").unwrap_or((words, ""));
        let path = match cargo.split_once("--example ") {
            Some((_, name)) => example(name.trim()),
            None => self.path.clone(),
        };
        // A shell, for the quotes.
        let script = format!("exec \"$0\" {args}");
        Program::new("/bin/sh").args(["-c", &script]).arg(path)
    }

    fn check_output(&self) {
        at_once(0..5, |_| {
            let done = self.program().args(&self.quick).head_1();
            assert!(
                done.status.success() && done.stderr.is_empty(),
                "a reader that leaves is no failure: {done:?}"
            );
        });
        let full = File::options()
            .write(true)
            .open("/dev/full")
            .expect("/dev/full");
        let done = self.program().args(&self.quick).stdout(full).run();
        assert!(
            done.status.code() == Some(1) && done.stderr.contains("No space left on device"),
            "a full disk is a failure that is told: {done:?}"
        );
        for closed in [">&-", "2>&-"] {
            let script = format!("exec \"$0\" \"$@\" {closed}");
            let sh = Program::new("/bin/sh").args(["-c", &script]);
            let done = sh.arg(&self.path).args(&self.quick).run();
            assert!(
                matches!(done.status.code(), Some(0 | 1)) && !done.stderr.contains("panicked"),
                "with {closed}: {done:?}"
            );
        }
    }

    fn check_timeline(&self) {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let path = std::env::temp_dir().join(format!("{name}-{}.svg", std::process::id()));
        let picture = path.to_str().expect("a path in UTF-8");
        let program = self.program().args(["--timeline", picture]);
        program.args(&self.quick).run().success();
        let drawn = std::fs::read_to_string(&path).expect("the picture");
        std::fs::remove_file(&path).expect("the picture");
        assert!(
            drawn.starts_with("<svg ") && drawn.ends_with("</svg>\n"),
            "no picture: {drawn}"
        );
        let program = self.program().args(["--timeline", "/nowhere/x.svg"]);
        let done = program.args(&self.quick).run();
        assert!(
            done.status.code() == Some(1) && done.stderr.contains("cannot write /nowhere/x.svg"),
            "a picture that cannot be written is told before the run: {done:?}"
        );
        assert_eq!(done.stdout, "");
    }

    fn check_ends(&self) {
        let Some((args, when)) = &self.long else {
            return;
        };
        // As the terminal does, and as `kill PID` does.
        let ways: [fn(&Running, Signal); 2] = [Running::signal_group, Running::signal];
        let all = ENDINGS.into_iter();
        at_once(
            all.flat_map(|signal| ways.map(|way| (signal, way))),
            |(signal, way)| {
                let mut running = self.program().args(args).start();
                running.line_where(when);
                way(&running, signal);
                let done = running.finish();
                assert_ended_by(&done, signal);
                assert_eq!(done.stderr, self.last_words, "ended by {signal:?}");
            },
        );
    }
}

/// Asserts that `signal` ended the program, as a shell tells it: whether it
/// died of the signal or gave the status that stands for it.
#[track_caller]
pub fn assert_ended_by(done: &Finished, signal: Signal) {
    let status = ExitStatus::from_raw(done.status.into_raw());
    assert!(
        status.signal() == Some(signal.as_raw()) || status.code() == Some(128 + signal.as_raw()),
        "{signal:?} ends it as {}: {done:?}",
        128 + signal.as_raw()
    );
}
