//! The curves, as pictures for a narrow page. Like all of the book's pictures they
//! bring their own background, so that they can be read on a dark page as well.

use std::fs;
use std::path::Path;

use plotters::coord::ranged1d::ValueFormatter;
use plotters::prelude::*;

use crate::record::{Curve, Record};

/// Blue, orange, green, purple: told apart by eyes that do not see red and green,
/// and each with a contrast of more than 3 to white.
const COLOURS: [RGBColor; 4] = [
    RGBColor(0x1f, 0x77, 0xd0),
    RGBColor(0xc9, 0x5f, 0x00),
    RGBColor(0x1a, 0x8a, 0x5a),
    RGBColor(0x9a, 0x5f, 0xc8),
];
const INK: RGBColor = RGBColor(0x24, 0x29, 0x2f);
const GRID: RGBColor = RGBColor(0xd0, 0xd7, 0xde);

/// In pixels. The letters stay as high as the text around the picture.
const WIDTH: u32 = 400;
const HEIGHT: u32 = 260;
const LINE: u32 = 19;
/// The charting crate makes 13 pixels of it, as the rest is.
const TEXT: f64 = 13.0 * 1.24;
/// So many letters of a title fit.
const LETTERS: usize = 54;

/// How the pictures' names begin.
const PREFIX: &str = "figures-";

/// The picture's file name.
pub(crate) fn name(curve: &Curve) -> String {
    let words = format!("{} {}", curve.package, curve.title).to_lowercase();
    let words = words.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    format!("{PREFIX}{}.svg", words.join("-"))
}

/// Whether there is anything to be seen.
pub(crate) fn has_points(curve: &Curve) -> bool {
    curve.lines.iter().any(|(_, points)| !points.is_empty())
}

/// Draws each curve into the book's folder of pictures, and removes those of
/// earlier runs, which no chapter shows any more.
pub(crate) fn write(root: &Path, record: &Record) -> anyhow::Result<()> {
    for folder in ["docs/src/pictures", "docs/src-zh/pictures"] {
        for entry in fs::read_dir(root.join(folder))? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(PREFIX) {
                fs::remove_file(entry.path())?;
            }
        }
    }
    for curve in record.curves.iter().filter(|curve| has_points(curve)) {
        let path = root.join("docs/src/pictures").join(name(curve));
        fs::write(path, draw(curve)?)?;
    }
    Ok(())
}

/// Title and legend above, each line of its own; the plot below.
fn draw(curve: &Curve) -> anyhow::Result<String> {
    let mut head = String::new();
    let mut y = 5;
    let ink = hex(INK);
    for line in wrapped(&curve.title) {
        y += LINE;
        let line = escaped(&line);
        head +=
            &format!("<text x=\"10\" y=\"{y}\" fill=\"{ink}\" font-weight=\"600\">{line}</text>\n");
    }
    for ((name, _), colour) in curve.lines.iter().zip(COLOURS.iter().cycle()) {
        y += LINE;
        let (colour, name, top) = (hex(*colour), escaped(name), y - 10);
        head += &format!(
            "<rect x=\"12\" y=\"{top}\" width=\"10\" height=\"10\" fill=\"{colour}\"/>\n\
             <text x=\"30\" y=\"{y}\" fill=\"{ink}\">{name}</text>\n"
        );
    }
    let top = y + 6;
    let height = top + HEIGHT;
    let title = escaped(&curve.title);
    let plot = plot(curve, top)?;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" role=\"img\" font-size=\"13\" \
         font-family=\"system-ui, 'DejaVu Sans', sans-serif\">\n\
         <title>{title}</title>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" rx=\"6\" fill=\"#ffffff\"/>\n\
         {head}{plot}</svg>\n"
    ))
}

/// Axes and lines, from `top` down, without the `<svg>` around them.
fn plot(curve: &Curve, top: u32) -> anyhow::Result<String> {
    let points = || curve.lines.iter().flat_map(|(_, points)| points.iter());
    let range = |of: fn(&(f64, f64)) -> f64| {
        let all = || points().map(of).filter(|number| *number > 0.0);
        let (least, most) = (
            all().fold(f64::INFINITY, f64::min),
            all().fold(0.0, f64::max),
        );
        match most / least {
            // So that there are labels: they stand at powers of ten.
            ratio if ratio < 30.0 => {
                let (least, most) = ((least / 1.1).log10(), (most * 1.1).log10());
                10_f64.powf(least.floor())..10_f64.powf(most.ceil())
            }
            _ => (least / 1.4)..(most * 1.4),
        }
    };
    let mut out = String::new();
    {
        let size = (WIDTH, top + HEIGHT);
        let area = SVGBackend::with_string(&mut out, size).into_drawing_area();
        let mut builder = ChartBuilder::on(&area);
        builder
            .margin_top(top + 8)
            .margin_right(16)
            .x_label_area_size(44)
            .y_label_area_size(88);
        let across = range(|(x, _)| *x).log_scale();
        // A share may be nothing at all.
        if curve.unit == "Share" {
            lines(&mut builder.build_cartesian_2d(across, 0.0..1.05)?, curve)?;
        } else {
            let up = range(|(_, y)| *y).log_scale();
            lines(&mut builder.build_cartesian_2d(across, up)?, curve)?;
        }
        area.present()?;
    }
    Ok(body(&out))
}

type Chart<'a, 'b, X, Y> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<X, Y>>;

fn lines<X, Y>(chart: &mut Chart<'_, '_, X, Y>, curve: &Curve) -> anyhow::Result<()>
where
    X: Ranged<ValueType = f64> + ValueFormatter<f64>,
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    chart
        .configure_mesh()
        .axis_style(INK)
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .x_labels(8)
        .y_labels(7)
        .x_desc(&curve.axis)
        .x_label_formatter(&|x| scaled(*x, ""))
        .y_label_formatter(&|y| tick(*y, &curve.unit))
        .label_style(("sans-serif", TEXT).into_font().color(&INK))
        .draw()?;
    for ((_, points), colour) in curve.lines.iter().zip(COLOURS.iter().cycle()) {
        let line = LineSeries::new(points.iter().copied(), colour.stroke_width(2));
        chart.draw_series(line)?;
        let dots = points
            .iter()
            .map(|point| Circle::new(*point, 3, colour.filled()));
        chart.draw_series(dots)?;
    }
    Ok(())
}

/// What is inside a picture of the charting crate: its labels without the line
/// breaks around them, nothing said of fonts and opacity that is so anyway.
fn body(svg: &str) -> String {
    let inner = svg.split_once('\n').map_or("", |(_, rest)| rest);
    let inner = inner.trim_end().trim_end_matches("</svg>");
    let mut out = String::new();
    for part in inner.split_inclusive('<') {
        let (head, label) = part.split_once('>').unwrap_or((part, ""));
        let own = |word: &&str| !word.starts_with("font-") && *word != "opacity=\"1\"";
        let words: Vec<&str> = head.split(' ').filter(own).collect();
        out += &words.join(" ");
        match (part.contains('>'), head.starts_with("text ")) {
            (false, _) => {}
            (_, true) => out += &format!(">{}<", label.trim_end_matches('<').trim()),
            (_, false) => out += &format!(">{label}"),
        }
    }
    out
}

/// A number at the axis, short.
fn tick(number: f64, unit: &str) -> String {
    match unit {
        "PerSecond" => scaled(number, "/s"),
        "Seconds" if number >= 0.999 => format!("{number:.0} s"),
        "Seconds" if number >= 0.999e-3 => format!("{} ms", short(number * 1e3)),
        "Seconds" if number >= 0.999e-6 => format!("{} µs", short(number * 1e6)),
        "Seconds" => format!("{} ns", short(number * 1e9)),
        "BytesPerSecond" if number < 0.999e9 => format!("{} MB/s", short(number / 1e6)),
        "BytesPerSecond" => format!("{} GB/s", short(number / 1e9)),
        "Bytes" => format!("{} MB", short(number / 1e6)),
        "Share" => format!("{:.0} %", number * 100.0),
        _ => short(number),
    }
}

fn scaled(number: f64, unit: &str) -> String {
    let (number, prefix) = match number {
        n if n >= 0.999e6 => (n / 1e6, " M"),
        n if n >= 0.999e3 => (n / 1e3, " k"),
        n => (n, if unit.is_empty() { "" } else { " " }),
    };
    format!("{}{prefix}{unit}", short(number))
}

/// Without noughts at the end.
fn short(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

fn wrapped(title: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in title.split(' ') {
        let fits = lines
            .last()
            .is_some_and(|line| line.len() + word.len() < LETTERS);
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if fits => *line += &format!(" {word}"),
            _ => lines.push(word.to_string()),
        }
    }
    lines
}

fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve() -> Curve {
        Curve {
            package: "pool".to_string(),
            title: "a Vec<u8> through a queue, and a title that is longer than one line"
                .to_string(),
            axis: "bytes in it".to_string(),
            unit: "BytesPerSecond".to_string(),
            lines: vec![
                ("ours".to_string(), vec![(8.0, 1e8), (1e6, 5e9)]),
                ("CPython".to_string(), Vec::new()),
            ],
        }
    }

    /// WCAG's contrast to white.
    fn contrast(RGBColor(red, green, blue): RGBColor) -> f64 {
        let part = |part: u8| match f64::from(part) / 255.0 {
            low if low <= 0.040_45 => low / 12.92,
            high => ((high + 0.055) / 1.055).powf(2.4),
        };
        1.05 / (0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue) + 0.05)
    }

    #[test]
    fn everything_can_be_told_from_the_background() {
        assert!(contrast(INK) > 4.5);
        for colour in COLOURS {
            assert!(contrast(colour) > 3.0, "{colour:?}");
        }
    }

    #[test]
    fn a_picture_has_title_legend_and_labels_on_a_line_each() {
        let picture = draw(&curve()).unwrap();
        for label in [
            "ours",
            "CPython",
            "bytes in it",
            "1 GB/s",
            "than one line",
            "1 k",
        ] {
            assert!(
                picture.contains(&format!(">{label}</text>")),
                "{label}: {picture}"
            );
        }
        assert!(picture.contains("Vec&lt;u8&gt;"));
        assert_eq!(picture.matches("<svg").count(), 1);
        assert_eq!(picture.matches("</svg>").count(), 1);
        assert_eq!(picture.matches("<circle").count(), 2);
        let name = name(&curve());
        assert!(name.starts_with("figures-pool-a-vec-u8-through"), "{name}");
    }

    #[test]
    fn a_share_of_nothing_and_no_point_at_all_can_be_drawn() {
        let mut curve = curve();
        curve.unit = "Share".to_string();
        curve.lines[0].1 = vec![(1.0, 1.0), (512.0, 0.0)];
        assert!(draw(&curve).unwrap().contains(">100 %</text>"));
        curve.lines.clear();
        assert!(!has_points(&curve));
    }
}
