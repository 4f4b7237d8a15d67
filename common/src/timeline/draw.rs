//! The picture: time goes down, each line is a row, each lane a column.
//!
//! It is drawn for a narrow page: no wider than 400 pixels, the letters 13 high.
//! It brings its own background, so that it can be read on a dark page too.

use std::fmt::Write as _;
use std::time::Duration;

use super::Event;
use super::lanes::{self, Kind};

/// Of the picture, and of a letter on the average, in pixels.
const WIDTH: f64 = 400.0;
const LETTER: f64 = 7.3;

/// Between two rows at least, and what the whole time adds to that in all.
const ROW: f64 = 20.0;
const STRETCH: f64 = 240.0;

/// Where the lanes begin; how far they may reach, and lie apart.
const LEFT: f64 = 74.0;
const LANES: f64 = 120.0;
const APART: f64 = 16.0;

/// More rows than these are counted and not drawn.
const ROWS: usize = 200;

const INK: &str = "#24292f";
const FAINT: &str = "#c9d1d9";

pub(super) fn picture(title: &str, events: &[Event], parent: u32) -> String {
    let (lanes, numbers) = lanes::of(events, parent);
    let shown = &events[..events.len().min(ROWS)];
    let apart = APART.min(LANES / lanes.len().max(1) as f64);
    let x = |lane: usize| LEFT + (lane as f64 + 0.5) * apart;
    let right = x(lanes.len()) + 2.0;
    let letters = ((WIDTH - right - 8.0) / LETTER) as usize;

    let mut body = String::new();
    let mut y = 26.0;
    text(&mut body, 10.0, y, true, title);
    for lane in &lanes {
        y += ROW;
        shape(&mut body, lane.kind, 18.0, y - 4.5);
        text(&mut body, 32.0, y, false, &lane.name);
    }
    y += 14.0;
    let _ = writeln!(
        body,
        "<line x1=\"10\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\" stroke=\"{FAINT}\"/>",
        WIDTH - 10.0
    );

    let whole = shown.last().map_or(Duration::ZERO, |last| last.time);
    let mut rows = Vec::new();
    let mut before = Duration::ZERO;
    for event in shown {
        let share = (event.time - before).as_secs_f64() / whole.as_secs_f64().max(1e-9);
        before = event.time;
        y += ROW + STRETCH * share;
        let lines = wrapped(&event.text, letters);
        rows.push((y, lines.len()));
        y += (lines.len().max(1) - 1) as f64 * (ROW - 3.0);
    }
    for (number, lane) in lanes.iter().enumerate() {
        let of_lane = (0..shown.len()).filter(|event| numbers[*event] == number);
        let of_lane: Vec<usize> = of_lane.collect();
        let (Some(first), Some(last)) = (of_lane.first(), of_lane.last()) else {
            continue;
        };
        let (from, to, x) = (rows[*first].0 - 4.5, rows[*last].0 - 4.5, x(number));
        let _ = writeln!(
            body,
            "<line x1=\"{x:.1}\" y1=\"{from:.1}\" x2=\"{x:.1}\" y2=\"{to:.1}\" \
             stroke=\"{}\" stroke-width=\"3\"/>",
            lane.kind.color()
        );
    }
    let unit = if whole < Duration::from_secs(1) {
        "ms"
    } else {
        "s"
    };
    for ((event, (y, _)), lane) in shown.iter().zip(&rows).zip(&numbers) {
        let time = match unit {
            "ms" => format!("{:.1} ms", event.time.as_secs_f64() * 1e3),
            _ => format!("{:.2} s", event.time.as_secs_f64()),
        };
        text(&mut body, 10.0, *y, false, &time);
        let (at, level) = (x(*lane), y - 4.5);
        let _ = writeln!(
            body,
            "<line x1=\"{at:.1}\" y1=\"{level:.1}\" x2=\"{right:.1}\" y2=\"{level:.1}\" stroke=\"{FAINT}\"/>"
        );
        shape(&mut body, lanes[*lane].kind, at, level);
        for (number, line) in wrapped(&event.text, letters).iter().enumerate() {
            text(
                &mut body,
                right + 4.0,
                y + number as f64 * (ROW - 3.0),
                false,
                line,
            );
        }
    }
    if events.len() > ROWS {
        y += ROW;
        let more = format!("and {} lines more", events.len() - ROWS);
        text(&mut body, right + 4.0, y, false, &more);
    }
    let height = y + 16.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" \
         width=\"{WIDTH}\" height=\"{height:.0}\" role=\"img\" font-size=\"13\" \
         font-family=\"system-ui, 'DejaVu Sans', 'Noto Sans CJK SC', sans-serif\">\n\
         <title>{title}</title>\n\
         <rect width=\"{WIDTH}\" height=\"{height:.0}\" rx=\"6\" fill=\"#ffffff\"/>\n{body}</svg>\n",
        title = escaped(title)
    )
}

fn text(body: &mut String, x: f64, y: f64, bold: bool, text: &str) {
    let weight = if bold { " font-weight=\"600\"" } else { "" };
    let text = escaped(text);
    let _ = writeln!(
        body,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" fill=\"{INK}\"{weight}>{text}</text>"
    );
}

/// A colour and a form for each kind: not everybody sees colours.
fn shape(body: &mut String, kind: Kind, x: f64, y: f64) {
    let color = kind.color();
    let _ = match kind {
        Kind::Parent => writeln!(
            body,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"10\" height=\"10\" fill=\"{color}\"/>",
            x - 5.0,
            y - 5.0
        ),
        Kind::Child => writeln!(
            body,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5.5\" fill=\"{color}\"/>"
        ),
        Kind::Thread => writeln!(
            body,
            "<path d=\"M {x:.1} {:.1} l 6.5 6.5 l -6.5 6.5 l -6.5 -6.5 Z\" fill=\"{color}\"/>",
            y - 6.5
        ),
        Kind::Coroutine => writeln!(
            body,
            "<path d=\"M {x:.1} {:.1} l 6.5 11 l -13 0 Z\" fill=\"{color}\"/>",
            y - 6.0
        ),
    };
}

/// Cut between words where there are any, into lines of so many letters.
fn wrapped(text: &str, letters: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word = word;
        let last = lines.last().map_or(0, |line| line.chars().count());
        if last > 0 && last + 1 + word.chars().count() > letters {
            lines.push(String::new());
        } else if last > 0 {
            lines.last_mut().expect("one").push(' ');
        }
        while word.chars().count() > letters {
            let cut = word
                .char_indices()
                .nth(letters)
                .map_or(word.len(), |(at, _)| at);
            lines.last_mut().expect("one").push_str(&word[..cut]);
            lines.push(String::new());
            word = &word[cut..];
        }
        lines.last_mut().expect("one").push_str(word);
    }
    lines
}

/// What XML allows, and no markup.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(nanos: u64, process: u32, text: &str) -> Event {
        Event {
            time: Duration::from_nanos(nanos),
            process,
            thread: "main".to_string(),
            main: true,
            coroutine: String::new(),
            text: text.to_string(),
        }
    }

    #[test]
    fn rows_go_down_with_time_and_text_is_no_markup() {
        let events = [
            event(0, 1, "a <b> & c"),
            event(10, 2, "d"),
            event(1_000, 1, "e"),
        ];
        let picture = picture("x", &events, 1);
        assert!(picture.contains(">a &lt;b&gt; &amp; c<"), "{picture}");
        let height = |text: &str| {
            let (before, _) = picture.split_once(&format!(">{text}<")).expect("there");
            let y = before.rsplit(" y=\"").next().expect("y");
            y.split('"').next().expect("y").parse::<f64>().expect("y")
        };
        let (d, e) = (height("d"), height("e"));
        // A long wait is a long way, and two lines never share a row.
        assert!(e - d > STRETCH * 0.9 && d - height("a &lt;b&gt; &amp; c") >= ROW);
    }

    #[test]
    fn long_words_and_many_lines_do_not_leave_the_picture() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("abcdefgh i", 3), ["abc", "def", "gh", "i"]);
        assert_eq!(wrapped("中文中文", 3), ["中文中", "文"]);
        let many: Vec<Event> = (0..1_000).map(|n| event(n, n as u32, "x")).collect();
        let picture = picture("many", &many, 0);
        assert!(picture.contains(">and 800 lines more<"));
        assert!(super::picture("none", &[], 0).contains("</svg>"));
    }
}
