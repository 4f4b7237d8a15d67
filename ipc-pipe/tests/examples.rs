//! Each example prints what its header says.
#![forbid(unsafe_code)]

use std::env;
use std::ffi::OsString;
use std::os::unix::fs::symlink;

use common::testing::{Program, assert_headers_tell, example, pythons};

#[test]
fn headers_tell_what_is_printed() {
    assert_headers_tell(env!("CARGO_MANIFEST_DIR"));
}

/// The run in an example's header, which names the example.
fn documented(source: &str) -> (String, Vec<&str>) {
    let mut lines = source
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .skip_while(|line| !line.starts_with("$ cargo run"));
    let command = lines.next().expect("a run");
    let name = command.split(' ').next_back().expect("a name");
    let printed = lines.take_while(|line| !line.starts_with("```"));
    (name.to_string(), printed.collect())
}

#[test]
#[ignore = "needs python3"]
fn every_python_talks_to_us() {
    for python in pythons() {
        // Whatever its name is, it is found as `python3`.
        let folder = tempfile::tempdir().expect("a folder");
        symlink(&python.path, folder.path().join("python3")).expect("a link");
        let mut path = OsString::from(folder.path());
        path.push(":");
        path.push(env::var_os("PATH").unwrap_or_default());
        for source in [
            include_str!("../examples/talk_to_python.rs"),
            include_str!("../examples/listen_for_python.rs"),
            include_str!("../examples/connect_to_python.rs"),
        ] {
            let (name, expected) = documented(source);
            if name == "talk_to_python" && python.version.starts_with("2.") {
                // Its `Connection` is another class and writes no end of file.
                continue;
            }
            let program = Program::new(example(&name));
            let finished = program.env("PATH", &path).run().success();
            assert_eq!(finished.lines(), expected, "{name}, {}", python.version);
        }
    }
}

#[test]
#[ignore = "needs python3"]
fn python_ends_when_the_reader_leaves() {
    for name in ["talk_to_python", "listen_for_python", "connect_to_python"] {
        // It checks that nobody is left behind.
        Program::new(example(name)).head_1();
    }
}

#[test]
fn an_argument_is_a_usage_error() {
    let finished = Program::new(example("one_way")).arg("--loud").run();
    finished.assert().code(2).stdout("");
}

#[test]
fn without_python_the_error_names_it() {
    for name in ["talk_to_python", "listen_for_python", "connect_to_python"] {
        let program = Program::new(example(name));
        let finished = program.env("PATH", "/nowhere").run();
        let error = "cannot run 'python3': No such file or directory (os error 2)";
        let told = format!("{name}: {error}\n");
        finished.assert().code(1).stdout("").stderr(told);
    }
}
