//! The tables: all rows in the book's chapter of figures, some in the README and in
//! the chapter on the durable queue.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

use crate::chart;
use crate::record::{Comparison, Curve, Record};

const BEGIN: &str = "<!-- FIGURES: written by bench/report, not by hand -->";
const END: &str = "<!-- END OF FIGURES -->";

/// What the README shows, by title: comparisons, and two curves.
const README: [&str; 20] = [
    "start and join an empty child",
    "run an empty program, from a process of 1 GB",
    "apply_async of an empty task, 2 workers",
    "imap of an empty task, one by one, 2 workers",
    "pool of 4, start to first result",
    "map of 1 ms tasks, 2 workers: share of time in tasks",
    "a process queue: u64, one to one",
    "a process queue: 4 KiB written and read, in place",
    "a process queue: Vec<u8>, 64 KiB",
    "a process queue: Vec<f64>, 64 KiB",
    "a thread queue: one to one, no bound",
    "a connection: round trips of 32 bytes",
    "a connection: 1 MiB, a new buffer for each",
    "a manager's queue: put and get, one client",
    "a manager: put and get on one queue, one Python client",
    "a manager: put and get on one queue, 8 Python clients",
    "a manager: connect() of a Python client",
    "a manager: a Python client's proxy of a queue",
    "bytes through a process queue",
    "put and get on one queue: calls a second in all",
];

/// A chapter that shows the rows of its own package.
const CHAPTERS: [(&str, &str); 1] = [("durable", "docs/src/durable.md")];

/// Writes the README's table and the book's, and gives the titles of which the
/// README's has no row.
pub(crate) fn write(root: &Path, record: &Record) -> anyhow::Result<Vec<&'static str>> {
    let machine = machine(record);
    // In the order of the list, which is that of the recipes.
    let rows = README
        .iter()
        .filter_map(|title| record.comparisons.iter().find(|row| row.title == **title));
    let rows: Vec<_> = rows.collect();
    let curves = README
        .iter()
        .filter_map(|title| record.curves.iter().find(|curve| curve.title == **title));
    let curves: Vec<_> = curves.collect();
    let text = format!(
        "{machine}{}{}",
        table(&rows),
        pictures(&curves, "docs/src/")
    );
    replace(&root.join("README.md"), &text)?;

    let mut all = machine.clone();
    let mut packages: Vec<&str> = Vec::new();
    let rows = record.comparisons.iter().map(|row| &*row.package);
    for package in rows.chain(record.curves.iter().map(|curve| &*curve.package)) {
        if !packages.contains(&package) {
            packages.push(package);
        }
    }
    for package in packages {
        let part = of(record, package);
        let _ = write!(all, "## `cargo bench -p {package}`\n\n{part}");
        for (_, chapter) in CHAPTERS.iter().filter(|(name, _)| *name == package) {
            replace(&root.join(chapter), &format!("{machine}{part}"))?;
        }
    }
    replace(&root.join("docs/src/figures.md"), &all)?;

    let measured = |title: &str| {
        let rows = record.comparisons.iter().map(|row| &row.title);
        rows.chain(record.curves.iter().map(|curve| &curve.title))
            .any(|found| found == title)
    };
    Ok(README
        .into_iter()
        .filter(|title| !measured(title))
        .collect())
}

/// The rows and the curves of a package.
fn of(record: &Record, package: &str) -> String {
    let rows: Vec<_> = record
        .comparisons
        .iter()
        .filter(|row| row.package == package)
        .collect();
    let curves: Vec<_> = record
        .curves
        .iter()
        .filter(|curve| curve.package == package)
        .collect();
    table(&rows) + &pictures(&curves, "")
}

fn machine(record: &Record) -> String {
    format!(
        "Medians of one run with all sides in turn, on {}.\n\n",
        record.machine
    )
}

fn pictures(curves: &[&Curve], folder: &str) -> String {
    let mut out = String::new();
    for curve in curves.iter().filter(|curve| chart::has_points(curve)) {
        let name = chart::name(curve);
        let _ = writeln!(
            out,
            "![{}, by {}]({folder}pictures/{name})\n",
            curve.title, curve.axis
        );
    }
    out
}

fn table(rows: &[&Comparison]) -> String {
    let mut out = String::new();
    if rows.is_empty() {
        return out;
    }
    out += "| what | here | beside it (ours is so many times as good) |\n| --- | --- | --- |\n";
    for row in rows {
        let Some(((name, ours), others)) = row.rows.split_first() else {
            continue;
        };
        let number = ours.map_or("cannot run here".to_string(), |ours| shown(ours, &row.unit));
        let here = match &**name {
            "ours" => number,
            name => format!("{name}: {number}"),
        };
        let beside: Vec<String> = others
            .iter()
            .map(|(name, number)| match (number, ours) {
                (Some(number), Some(ours)) => {
                    let less = matches!(&*row.unit, "Seconds" | "Bytes");
                    let ratio = if less { number / ours } else { ours / number };
                    let (number, ratio) = (shown(*number, &row.unit), shown(ratio, ""));
                    format!("{name}: {number} ({ratio}×)")
                }
                (Some(number), None) => format!("{name}: {}", shown(*number, &row.unit)),
                (None, _) => format!("{name}: cannot run here"),
            })
            .collect();
        let _ = writeln!(
            out,
            "| {} | {here} | {} |",
            cell(&row.title),
            beside.join("<br>")
        );
    }
    out + "\n"
}

/// In a table `<u8>` would be taken for HTML.
fn cell(title: &str) -> String {
    title.replace('<', "\\<")
}

/// A number with three significant digits, and its unit.
pub(crate) fn shown(number: f64, unit: &str) -> String {
    let (number, unit) = match unit {
        "PerSecond" if number >= 1e6 => (number / 1e6, " M/s"),
        "PerSecond" if number >= 1e3 => (number / 1e3, " k/s"),
        "PerSecond" => (number, " /s"),
        "Seconds" if number >= 1.0 => (number, " s"),
        "Seconds" if number >= 1e-3 => (number * 1e3, " ms"),
        "Seconds" => (number * 1e6, " µs"),
        "BytesPerSecond" => (number / 1e9, " GB/s"),
        "Bytes" => (number / 1e6, " MB"),
        "Share" => (number * 100.0, " %"),
        _ => (number, ""),
    };
    let digits = match number.abs() {
        n if n >= 100.0 => 0,
        n if n >= 10.0 => 1,
        _ => 2,
    };
    format!("{number:.digits$}{unit}")
}

/// Puts `text` between the two marks of a file.
fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let old = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let (Some(begin), Some(end)) = (old.find(BEGIN), old.find(END)) else {
        bail!("{} has no place for figures", path.display());
    };
    let head = &old[..begin + BEGIN.len()];
    fs::write(
        path,
        format!("{head}\n\n{}\n\n{}", text.trim_end(), &old[end..]),
    )?;
    Ok(())
}
