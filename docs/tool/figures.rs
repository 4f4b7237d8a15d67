//! The part of a chapter that the benchmarks' report writes, in both editions.

use super::catalog::Catalog;

const BEGIN: &str = "<!-- FIGURES: written by bench/report, not by hand -->";
const END: &str = "<!-- END OF FIGURES -->";

/// What stands before the description of the machine.
const MACHINE: &str = "Medians of one run with all sides in turn, on ";

/// What stands between the marks, if there are any.
pub fn part(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(BEGIN)?;
    Some(rest.split_once(END)?.0)
}

/// The text with `part` between its marks, if it has any.
pub fn with_part(text: &str, part: &str) -> String {
    let marks = text.split_once(BEGIN).zip(text.split_once(END));
    match marks {
        Some(((head, _), (_, tail))) => format!("{head}{BEGIN}{part}{END}{tail}"),
        None => text.to_string(),
    }
}

/// The English part with the catalogue's words for what rows measure and curves
/// show. What it lacks stays in English: names are the same in both.
pub fn translated(part: &str, catalog: &Catalog) -> String {
    let mut out = String::new();
    for line in part.split_inclusive('\n') {
        let (line, end) = line
            .strip_suffix('\n')
            .map_or((line, ""), |line| (line, "\n"));
        if let Some(machine) = line.strip_prefix(MACHINE) {
            let machine = machine.trim_end_matches('.');
            out.push_str(&format!(
                "各方在一次运行中轮流测量，取中位数。机器：{machine}。"
            ));
        } else if line.starts_with("| ") {
            let cells: Vec<String> = line
                .split(" | ")
                .map(|cell| of_cell(cell, catalog))
                .collect();
            out.push_str(&cells.join(" | "));
        } else if let Some((title, rest)) = line.strip_prefix("![").and_then(|l| l.split_once("]("))
        {
            let (title, axis) = title.rsplit_once(", by ").unwrap_or((title, ""));
            let title = catalog.try_label(title);
            let axis = match axis {
                "" => String::new(),
                axis => format!("，横轴：{}", catalog.try_label(axis)),
            };
            out.push_str(&format!("![{title}{axis}]({rest}"));
        } else {
            out.push_str(&catalog.try_label(line));
        }
        out.push_str(end);
    }
    out
}

/// `name: figure` for each side, or a title.
fn of_cell(cell: &str, catalog: &Catalog) -> String {
    let bare = cell.trim_matches(['|', ' ']);
    let sides: Vec<String> = bare
        .split("<br>")
        .map(|side| match side.split_once(": ") {
            Some((name, figure)) if catalog.try_get(side).is_none() => {
                format!("{}: {}", catalog.try_label(name), catalog.try_label(figure))
            }
            _ => catalog.try_label(side),
        })
        .collect();
    cell.replace(bare, &sides.join("<br>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_between_the_marks_is_replaced() {
        let text = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        assert_eq!(part(&text), Some("\nold\n"));
        assert_eq!(with_part(&text, "\nnew\n"), text.replace("old", "new"));
        assert_eq!(with_part("none", "x"), "none");
    }
}
