//! The tables: all rows in the book's chapter of figures, some in the README.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

use crate::record::{Comparison, Record};

const BEGIN: &str = "<!-- FIGURES: written by bench/report, not by hand -->";
const END: &str = "<!-- END OF FIGURES -->";

/// The comparisons that the README shows, by title.
const README: [&str; 14] = [
    "start and join an empty child",
    "apply_async of an empty task, 2 workers",
    "imap of an empty task, one by one, 2 workers",
    "pool of 4, start to first result",
    "map of 1 ms tasks, 2 workers: share of time in tasks",
    "u64, one producer, one consumer",
    "4 KiB written and read in place",
    "Vec<u8> of 64 KiB, one producer, one consumer",
    "Vec<f64> of 64 KiB, one producer, one consumer",
    "One to one, unbounded",
    "Round trips of a message of 32 bytes",
    "Messages of 1 MiB, one way, new buffer each",
    "put + get on one connection",
    "connect() of a Python client",
];

/// Writes the README's table and the book's.
pub(crate) fn write(root: &Path, record: &Record) -> anyhow::Result<()> {
    let chosen = record
        .comparisons
        .iter()
        .filter(|row| README.contains(&&*row.title));
    replace(&root.join("README.md"), &table(record, chosen))?;
    let mut all = String::new();
    let mut packages: Vec<&str> = Vec::new();
    for comparison in &record.comparisons {
        if !packages.contains(&&*comparison.package) {
            packages.push(&comparison.package);
        }
    }
    for package in packages {
        let rows = record
            .comparisons
            .iter()
            .filter(|row| row.package == package);
        let _ = write!(
            all,
            "## `cargo bench -p {package}`\n\n{}\n",
            table(record, rows)
        );
        for curve in record
            .curves
            .iter()
            .filter(|curve| curve.package == package)
        {
            let name = crate::chart::name(curve);
            let _ = writeln!(
                all,
                "![{}, by {}](pictures/{name}.svg)\n",
                curve.title, curve.axis
            );
        }
    }
    replace(&root.join("docs/src/figures.md"), all.trim_end())
}

fn table<'a>(record: &Record, rows: impl Iterator<Item = &'a Comparison>) -> String {
    let mut out = format!(
        "Medians of one run with all sides in turn, on {}.\n\n\
         | what | here | beside it |\n| --- | --- | --- |\n",
        record.machine
    );
    for row in rows {
        let Some(((_, ours), others)) = row.rows.split_first() else {
            continue;
        };
        let here = ours.map_or("cannot run here".to_string(), |ours| shown(ours, &row.unit));
        let beside: Vec<String> = others
            .iter()
            .map(|(name, number)| match (number, ours) {
                (Some(number), Some(ours)) => {
                    let less = matches!(&*row.unit, "Seconds" | "Bytes");
                    let ratio = if less { number / ours } else { ours / number };
                    format!("{name}: {} ({ratio:.2} ×)", shown(*number, &row.unit))
                }
                (Some(number), None) => format!("{name}: {}", shown(*number, &row.unit)),
                (None, _) => format!("{name}: cannot run here"),
            })
            .collect();
        let _ = writeln!(out, "| {} | {here} | {} |", row.title, beside.join("<br>"));
    }
    out
}

/// A number with three significant digits, and its unit.
pub(crate) fn shown(number: f64, unit: &str) -> String {
    let (number, unit) = match unit {
        "PerSecond" if number >= 1e6 => (number / 1e6, " million/s"),
        "PerSecond" if number >= 1e3 => (number / 1e3, " thousand/s"),
        "PerSecond" => (number, "/s"),
        "Seconds" if number >= 1.0 => (number, " s"),
        "Seconds" if number >= 1e-3 => (number * 1e3, " ms"),
        "Seconds" => (number * 1e6, " µs"),
        "BytesPerSecond" => (number / 1e9, " GB/s"),
        "Bytes" => (number / f64::from(1 << 20), " MiB"),
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
