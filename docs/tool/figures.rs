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
            let machine = machine.trim_end_matches('.').split("; ");
            let machine: Vec<String> = machine.map(|word| catalog.try_label(word)).collect();
            let machine = machine.join("；");
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
            let title = of_cell(title, catalog);
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
        .map(
            |side| match (catalog.try_label(side), side.split_once(": ")) {
                (whole, Some((name, figure))) if whole == side => {
                    format!("{}：{}", catalog.try_label(name), catalog.try_label(figure))
                }
                (whole, _) => whole,
            },
        )
        .collect();
    cell.replace(bare, &sides.join("<br>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_curves_are_translated_where_there_are_words() {
        let words = [
            ("a queue: {} KiB", "队列，{} KiB"),
            ("a connection", "连接"),
            ("put and get", "存取"),
            ("cannot run here", "这里无法运行"),
            ("items", "元素数"),
            ("{} GiB of memory", "{} GiB 内存"),
        ];
        let catalog = Catalog::of(&words);
        let english = "Medians of one run with all sides in turn, on 2 CPUs; 8 GiB of memory.\n\n\
                       | a queue: 4 KiB | 5.0 µs | put and get: 2.0 µs<br>X 0.1: cannot run here |\n\
                       | a connection: Vec\\<u8> | 1 GB/s | |\n\n\
                       ![a connection: x, by items](pictures/x.svg)\n";
        let chinese = "各方在一次运行中轮流测量，取中位数。机器：2 CPUs；8 GiB 内存。\n\n\
                       | 队列，4 KiB | 5.0 µs | 存取：2.0 µs<br>X 0.1：这里无法运行 |\n\
                       | 连接：Vec\\<u8> | 1 GB/s | |\n\n\
                       ![连接：x，横轴：元素数](pictures/x.svg)\n";
        assert_eq!(translated(english, &catalog), chinese);
    }

    #[test]
    fn the_part_between_the_marks_is_replaced() {
        let text = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        assert_eq!(part(&text), Some("\nold\n"));
        assert_eq!(with_part(&text, "\nnew\n"), text.replace("old", "new"));
        assert_eq!(with_part("none", "x"), "none");
    }
}
