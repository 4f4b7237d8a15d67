//! The few shapes that the pictures need.
//!
//! A picture brings its own background, white, so that it can be read on a light
//! page and on a dark one. Text in a filled shape is white.

use std::fmt::{Display, Write};

/// A parent, a master, a program.
pub(crate) const BLUE: &str = "#3b6ea5";
/// A child, a worker.
pub(crate) const GREEN: &str = "#2f7d5b";
/// What is between them.
pub(crate) const PURPLE: &str = "#85569c";
/// Waiting, axes, and text without a shape.
pub(crate) const GRAY: &str = "#57606a";

/// A point, or a size, in pixels.
pub(crate) type Pair = (f64, f64);

/// A picture in the making.
pub(crate) struct Svg {
    text: String,
}

impl Svg {
    /// An empty picture; `title` is read out to who cannot see it.
    pub(crate) fn new((width, height): Pair, title: &str) -> Self {
        let mut svg = Svg {
            text: String::new(),
        };
        svg.add(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" role=\"img\" \
             font-family=\"system-ui, 'DejaVu Sans', sans-serif\" font-size=\"15\">\n\
             <title>{}</title>\n\
             <rect width=\"{width}\" height=\"{height}\" rx=\"6\" fill=\"#ffffff\"/>",
            escape(title)
        ));
        svg
    }

    /// A filled box.
    pub(crate) fn filled(&mut self, (x, y): Pair, (width, height): Pair, color: &str) {
        self.add(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             rx=\"5\" fill=\"{color}\"/>"
        ));
    }

    /// A box that is an outline.
    pub(crate) fn outline(
        &mut self,
        (x, y): Pair,
        (width, height): Pair,
        color: &str,
        dashed: bool,
    ) {
        let dashes = if dashed {
            " stroke-dasharray=\"5 4\""
        } else {
            ""
        };
        self.add(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             rx=\"5\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"{dashes}/>"
        ));
    }

    /// A filled box with a line of white text in its middle.
    pub(crate) fn labelled(&mut self, at: Pair, size: Pair, color: &str, label: impl Display) {
        self.filled(at, size, color);
        let middle = (at.0 + size.0 / 2.0, at.1 + size.1 / 2.0 + 5.0);
        self.write(middle, "middle", "#ffffff", label);
    }

    /// Text that starts at a point.
    pub(crate) fn text(&mut self, at: Pair, text: impl Display) {
        self.write(at, "start", GRAY, text);
    }

    /// Text around a point.
    pub(crate) fn centered(&mut self, at: Pair, text: impl Display) {
        self.write(at, "middle", GRAY, text);
    }

    /// Text that ends at a point.
    pub(crate) fn right(&mut self, at: Pair, text: impl Display) {
        self.write(at, "end", GRAY, text);
    }

    fn write(&mut self, (x, y): Pair, anchor: &str, color: &str, text: impl Display) {
        let text = escape(&text.to_string());
        self.add(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{color}\" \
             font-weight=\"600\">{text}</text>"
        ));
    }

    /// A line.
    pub(crate) fn line(&mut self, (x, y): Pair, (to_x, to_y): Pair, dashed: bool) {
        let dashes = if dashed {
            " stroke-dasharray=\"5 4\""
        } else {
            ""
        };
        self.add(format_args!(
            "<line x1=\"{x:.1}\" y1=\"{y:.1}\" x2=\"{to_x:.1}\" y2=\"{to_y:.1}\" \
             stroke=\"{GRAY}\" stroke-width=\"2\"{dashes}/>"
        ));
    }

    /// A line with a head at its end.
    pub(crate) fn arrow(&mut self, from: Pair, to: Pair) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy).max(1.0);
        let (ux, uy) = (dx / length * 10.0, dy / length * 10.0);
        let base = (to.0 - ux, to.1 - uy);
        self.line(from, base, false);
        self.add(format_args!(
            "<path d=\"M {:.1} {:.1} L {:.1} {:.1} L {:.1} {:.1} Z\" fill=\"{GRAY}\"/>",
            to.0,
            to.1,
            base.0 - uy / 2.0,
            base.1 + ux / 2.0,
            base.0 + uy / 2.0,
            base.1 - ux / 2.0,
        ));
    }

    /// The whole picture.
    pub(crate) fn finish(mut self) -> String {
        self.text.push_str("</svg>\n");
        self.text
    }

    fn add(&mut self, piece: std::fmt::Arguments<'_>) {
        // Writing into a string does not fail.
        let _ = writeln!(self.text, "{piece}");
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
