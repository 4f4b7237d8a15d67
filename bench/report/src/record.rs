//! What the benchmarks have recorded.

use anyhow::{Context, bail};
use serde_json::Value;

/// The record of one run.
pub(crate) struct Record {
    pub(crate) machine: String,
    pub(crate) comparisons: Vec<Comparison>,
    pub(crate) curves: Vec<Curve>,
    /// Runs that the book shows: the command, and what it printed.
    pub(crate) transcripts: Vec<(String, String)>,
}

/// The same work by several candidates, ours first.
pub(crate) struct Comparison {
    pub(crate) package: String,
    pub(crate) title: String,
    pub(crate) unit: String,
    /// `None` for a candidate that could not run.
    pub(crate) rows: Vec<(String, Option<f64>)>,
}

/// A line: its name and its points.
pub(crate) type Line = (String, Vec<(f64, f64)>);

/// The same work at several sizes.
pub(crate) struct Curve {
    pub(crate) package: String,
    pub(crate) title: String,
    pub(crate) axis: String,
    pub(crate) unit: String,
    pub(crate) lines: Vec<Line>,
}

impl Record {
    pub(crate) fn read(text: &str) -> anyhow::Result<Self> {
        let mut record = Record {
            machine: String::new(),
            comparisons: Vec::new(),
            curves: Vec::new(),
            transcripts: Vec::new(),
        };
        let mut package = String::new();
        for line in text.lines() {
            let value: Value = serde_json::from_str(line).with_context(|| line.to_string())?;
            let field = |name: &str| value[name].as_str().unwrap_or_default().to_string();
            match value["kind"].as_str() {
                Some("machine") => record.machine = field("text"),
                Some("bench") => package = field("package"),
                Some("comparison") => record.comparisons.push(Comparison {
                    package: package.clone(),
                    title: field("title"),
                    unit: field("unit"),
                    rows: list(&value["rows"], |row| Some((name(row), row[1].as_f64()))),
                }),
                Some("curve") => record.curves.push(Curve {
                    package: package.clone(),
                    title: field("title"),
                    axis: field("axis"),
                    unit: field("unit"),
                    lines: list(&value["lines"], |line| {
                        let point = |point: &Value| Some((point[0].as_f64()?, point[1].as_f64()?));
                        Some((name(line), list(&line[1], point)))
                    }),
                }),
                Some("transcript") => {
                    record.transcripts.push((field("command"), field("text")));
                }
                _ => bail!("not a record: {line}"),
            }
        }
        Ok(record)
    }
}

fn name(row: &Value) -> String {
    row[0].as_str().unwrap_or_default().to_string()
}

fn list<T>(value: &Value, each: impl Fn(&Value) -> Option<T>) -> Vec<T> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(each)
        .collect()
}
