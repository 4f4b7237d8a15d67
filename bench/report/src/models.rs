//! The picture of the four models: a group of bars for each thing measured.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::record::Record;

/// The run that is drawn.
const COMMAND: &str = "--example four_models";

/// What its columns are, and how to read the bars.
const GROUPS: [&str; 4] = [
    "requests a second (more is better)",
    "the longest wait in ms (less is better)",
    "memory in KiB (less is better)",
    "CPU time of a request in µs (less is better)",
];

/// The same kind of thing has the same colour as in the pictures of runs:
/// processes, threads, coroutines; the mixture is of processes.
const COLOURS: [&str; 4] = ["#2f7d5b", "#9c5a17", "#a03c62", "#3b6ea5"];

/// Draws the record's run into the book, if there is one.
pub(crate) fn write(root: &Path, record: &Record) -> anyhow::Result<()> {
    let run = record.transcripts.iter();
    let Some((_, text)) = run
        .into_iter()
        .find(|(command, _)| command.contains(COMMAND))
    else {
        return Ok(());
    };
    let rows = rows(text).context("four_models printed something else")?;
    fs::write(root.join("docs/src/pictures/models.svg"), draw(&rows))?;
    Ok(())
}

/// A model's name, and its number in each group.
type Row = (String, [f64; GROUPS.len()]);

fn rows(text: &str) -> Option<Vec<Row>> {
    let mut rows = Vec::new();
    for line in text.lines().skip(2) {
        let (name, numbers) = line.split_once("  ")?;
        let mut words = numbers.split_whitespace();
        let mut found = [0.0; GROUPS.len()];
        for number in &mut found {
            *number = words.next()?.parse().ok()?;
        }
        rows.push((name.to_string(), found));
    }
    (!rows.is_empty()).then_some(rows)
}

/// As narrow as a narrow page, the letters 13 high, on a background of its own.
fn draw(rows: &[Row]) -> String {
    const WIDTH: f64 = 400.0;
    let mut body = String::new();
    let mut y = 8.0;
    let text = |body: &mut String, y: f64, weight: u32, text: &str| {
        let _ = writeln!(
            body,
            "<text x=\"10\" y=\"{y:.0}\" fill=\"#24292f\" font-weight=\"{weight}\">{text}</text>"
        );
    };
    for (group, title) in GROUPS.iter().enumerate() {
        y += 22.0;
        text(&mut body, y, 600, title);
        let most = rows.iter().map(|(_, numbers)| numbers[group]);
        let most = most.fold(1e-9, f64::max);
        for ((name, numbers), colour) in rows.iter().zip(COLOURS.iter().cycle()) {
            y += 19.0;
            let number = numbers[group];
            text(&mut body, y, 400, &format!("{name}: {number}"));
            y += 6.0;
            let width = (WIDTH - 20.0) * number / most;
            let _ = writeln!(
                body,
                "<rect x=\"10\" y=\"{y:.0}\" width=\"{width:.1}\" height=\"8\" fill=\"{colour}\"/>"
            );
            y += 8.0;
        }
        y += 8.0;
    }
    let height = y + 6.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" \
         width=\"{WIDTH}\" height=\"{height:.0}\" role=\"img\" font-size=\"13\" \
         font-family=\"system-ui, 'DejaVu Sans', sans-serif\">\n\
         <title>Four models of a server at the same work</title>\n\
         <rect width=\"{WIDTH}\" height=\"{height:.0}\" rx=\"6\" fill=\"#ffffff\"/>\n{body}</svg>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_has_a_bar_in_each_group() {
        let text = "2 clients\nmodel  requests/s\nthreads: 2    10   1.5   20   3    2 of 2\n\
                    event loop: 1   5   3.0   10   2    2 of 2\n";
        let rows = rows(text).unwrap();
        assert_eq!(
            rows[1],
            ("event loop: 1".to_string(), [5.0, 3.0, 10.0, 2.0])
        );
        let picture = draw(&rows);
        assert_eq!(picture.matches("height=\"8\"").count(), 8);
        assert!(picture.contains("width=\"190.0\""), "{picture}");
    }
}
