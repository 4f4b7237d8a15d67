//! The curves, as pictures that follow the page between light and dark.

use std::fs;
use std::path::Path;

use plotters::prelude::*;

use crate::record::{Curve, Record};
use crate::table::shown;

/// Blue, orange, green, purple: told apart by eyes that do not see red and green,
/// with enough contrast on white and on black.
const COLOURS: [RGBColor; 4] = [
    RGBColor(0x1f, 0x77, 0xd0),
    RGBColor(0xd9, 0x6c, 0x00),
    RGBColor(0x1a, 0x8a, 0x5a),
    RGBColor(0x9a, 0x5f, 0xc8),
];
/// A grey that can be read on both.
const INK: RGBColor = RGBColor(0x76, 0x76, 0x76);

/// The picture's file name, without its ending.
pub(crate) fn name(curve: &Curve) -> String {
    let words = format!("figures {} {}", curve.package, curve.title).to_lowercase();
    let words = words.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-")
}

/// Draws each curve into the book's folder of pictures.
pub(crate) fn write(root: &Path, record: &Record) -> anyhow::Result<()> {
    for curve in &record.curves {
        let path = root.join(format!("docs/src/pictures/{}.svg", name(curve)));
        fs::write(path, draw(curve)?)?;
    }
    Ok(())
}

fn draw(curve: &Curve) -> anyhow::Result<String> {
    let points = || {
        curve
            .lines
            .iter()
            .flat_map(|(_, points)| points.iter().copied())
    };
    let range = |of: fn((f64, f64)) -> f64| {
        let least = points().map(of).fold(f64::INFINITY, f64::min);
        let most = points().map(of).fold(0.0, f64::max);
        (least * 0.7)..(most * 1.4)
    };
    let mut out = String::new();
    {
        let area = SVGBackend::with_string(&mut out, (720, 400)).into_drawing_area();
        let small = ("sans-serif", 14).into_font().color(&INK);
        let mut chart = ChartBuilder::on(&area)
            .caption(&curve.title, ("sans-serif", 18).into_font().color(&INK))
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(110)
            .build_cartesian_2d(range(|(x, _)| x).log_scale(), range(|(_, y)| y).log_scale())?;
        chart
            .configure_mesh()
            .axis_style(INK)
            .bold_line_style(INK.mix(0.3))
            .light_line_style(TRANSPARENT)
            .x_desc(&curve.axis)
            .x_label_formatter(&|x| count(*x))
            .y_label_formatter(&|y| shown(*y, &curve.unit))
            .label_style(small.clone())
            .draw()?;
        for (number, (name, points)) in curve.lines.iter().enumerate() {
            let colour = COLOURS[number % COLOURS.len()];
            let line = LineSeries::new(points.iter().copied(), colour.stroke_width(2));
            chart
                .draw_series(line.point_size(3))?
                .label(name)
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2))
                });
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .border_style(TRANSPARENT)
            .label_font(small)
            .draw()?;
        area.present()?;
    }
    Ok(out)
}

/// A size: 64 KiB, 1 million.
fn count(x: f64) -> String {
    match x {
        x if x >= 1e6 => format!("{:.0} M", x / 1e6),
        x if x >= 1e3 => format!("{:.0} k", x / 1e3),
        x => format!("{x:.0}"),
    }
}
