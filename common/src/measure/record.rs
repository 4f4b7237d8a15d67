//! What a run finds, as lines of JSON for the program that writes the tables.

use std::env;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;

use super::Unit;

/// The environment variable that names the file to which a run appends.
pub const RECORD: &str = "MEASURE_RECORD";

pub(super) fn comparison(title: &str, unit: Unit, rounds: usize, table: &[(String, Option<f64>)]) {
    let rows = table.iter().map(|(name, median)| {
        let name = quoted(name);
        match median {
            Some(number) => format!("[{name},{number:e}]"),
            None => format!("[{name},null]"),
        }
    });
    let rows: Vec<String> = rows.collect();
    append(&format!(
        "{{\"kind\":\"comparison\",\"title\":{},\"unit\":\"{unit:?}\",\"rounds\":{rounds},\"rows\":[{}]}}",
        quoted(title),
        rows.join(",")
    ));
}

pub(super) fn curve(title: &str, axis: &str, unit: Unit, lines: &[(String, Vec<(f64, f64)>)]) {
    let lines = lines.iter().map(|(name, points)| {
        let points: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("[{x:e},{y:e}]"))
            .collect();
        format!("[{},[{}]]", quoted(name), points.join(","))
    });
    let lines: Vec<String> = lines.collect();
    append(&format!(
        "{{\"kind\":\"curve\",\"title\":{},\"axis\":{},\"unit\":\"{unit:?}\",\"lines\":[{}]}}",
        quoted(title),
        quoted(axis),
        lines.join(",")
    ));
}

/// Appends a line to the record, where one is wanted. A record that cannot be
/// written would look like a row that was not measured: that is no way to go on.
fn append(line: &str) {
    let Some(path) = env::var_os(RECORD) else {
        return;
    };
    let file = OpenOptions::new().create(true).append(true).open(&path);
    let written = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
    if let Err(error) = written {
        panic!("cannot append to {}: {error}", path.display());
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_quoted() {
        assert_eq!(quoted("a \"b\" \\ \n é"), "\"a \\\"b\\\" \\\\ \\u000a é\"");
    }
}
