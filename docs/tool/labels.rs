//! Whether the labels of a picture can be read: on every theme of mdBook, and on a
//! narrow page.
//!
//! A label has to stand out against whatever is drawn below it, by the ratio that
//! WCAG 2.1 asks for; where the picture draws nothing, that is the page, in each of
//! the themes. A picture of which this cannot tell is faulty, too.

/// The themes' backgrounds (`--bg` in mdBook's `variables.css`).
const THEMES: [(&str, &str); 5] = [
    ("light", "#ffffff"),
    ("rust", "#e1e1db"),
    ("coal", "#131516"),
    ("navy", "#161923"),
    ("ayu", "#0f1419"),
];

/// <https://www.w3.org/TR/WCAG21/#contrast-minimum>
const CONTRAST: f64 = 4.5;

/// Of a letter, in pixels.
const SMALLEST: f64 = 12.0;

/// What a page of 400 pixels leaves to a picture at least: margins and a scroll bar
/// take the rest.
const PAGE: f64 = 345.0;

/// In units of the letters' height: how wide one of them is on the average, and how
/// high its middle is.
const LATIN: f64 = 0.55;
const MIDDLE: f64 = 0.35;

/// An area of one colour.
struct Area {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
    color: [f64; 3],
}

/// What is wrong with the labels of `svg`, a line each. A page that is narrower than
/// `least` scrolls, and does not make the picture smaller.
pub fn faults(svg: &str, least: f64) -> Vec<String> {
    let mut faults = Vec::new();
    let mut areas: Vec<Area> = Vec::new();
    let (mut letters, mut scale) = (None, 1.0);
    for element in svg.split('<') {
        let (tag, label) = element.split_once('>').unwrap_or((element, ""));
        let name = tag.split([' ', '/']).next().unwrap_or("");
        for unknown in ["class", "opacity", "fill-opacity", "style", "transform"] {
            if name == "style" || attribute(tag, unknown).is_some() {
                faults.push(format!("<{tag}>: this does not know {unknown}"));
            }
        }
        match name {
            "svg" => {
                letters = number(tag, "font-size");
                let width = number(tag, "width").unwrap_or(0.0);
                scale = width.min(PAGE).max(least) / width;
            }
            "rect" | "circle" => match area(tag) {
                Ok(area) => areas.extend(area),
                Err(why) => faults.push(format!("<{tag}>: {why}")),
            },
            "text" => match letters {
                Some(letters) => faults.extend(unreadable(tag, label, letters, scale, &areas)),
                None => faults.push("the picture has no font-size".to_string()),
            },
            _ => {}
        }
    }
    faults
}

fn area(tag: &str) -> Result<Option<Area>, String> {
    let fill = attribute(tag, "fill").unwrap_or("#000000");
    if fill == "none" {
        return Ok(None);
    }
    let color = color(fill)?;
    let of = |name| number(tag, name).unwrap_or(0.0);
    let (left, top, width, height) = match number(tag, "r") {
        Some(r) => (of("cx") - r, of("cy") - r, 2.0 * r, 2.0 * r),
        None => (of("x"), of("y"), of("width"), of("height")),
    };
    Ok(Some(Area {
        left,
        top,
        right: left + width,
        bottom: top + height,
        color,
    }))
}

fn unreadable(tag: &str, label: &str, letters: f64, scale: f64, areas: &[Area]) -> Vec<String> {
    let mut faults = Vec::new();
    let letters = number(tag, "font-size").unwrap_or(letters);
    if letters * scale < SMALLEST {
        let high = letters * scale;
        faults.push(format!("{label:?}: letters of {high:.1} pixels"));
    }
    let ink = match color(attribute(tag, "fill").unwrap_or("#000000")) {
        Ok(ink) => ink,
        Err(why) => return vec![format!("{label:?}: {why}")],
    };
    let wide = |c: char| if c.is_ascii() { LATIN } else { 1.0 };
    let width = letters * label.chars().map(wide).sum::<f64>();
    let x = number(tag, "x").unwrap_or(0.0);
    let y = number(tag, "y").unwrap_or(0.0) - letters * MIDDLE;
    let left = match attribute(tag, "text-anchor") {
        Some("middle") => x - width / 2.0,
        Some("end") => x - width,
        _ => x,
    };
    for share in [0.1, 0.5, 0.9] {
        let x = left + share * width;
        let below = areas.iter().rev().find(|area| {
            (area.left..=area.right).contains(&x) && (area.top..=area.bottom).contains(&y)
        });
        let below: Vec<(&str, [f64; 3])> = match below {
            Some(area) => vec![("what is below", area.color)],
            None => THEMES
                .iter()
                .filter_map(|(name, code)| Some((*name, color(code).ok()?)))
                .collect(),
        };
        for (what, ground) in below {
            let ratio = contrast(ink, ground);
            if ratio < CONTRAST {
                faults.push(format!("{label:?}: {ratio:.1} against {what}"));
            }
        }
    }
    // The same at several places.
    faults.sort();
    faults.dedup();
    faults
}

/// `#abc` or `#aabbcc`, as shares of the whole.
fn color(code: &str) -> Result<[f64; 3], String> {
    let fault = || format!("this does not know the colour {code}");
    let digits = code.strip_prefix('#').ok_or_else(fault)?;
    let step = match digits.len() {
        3 => 1,
        6 => 2,
        _ => return Err(fault()),
    };
    let mut color = [0.0; 3];
    for (number, part) in color.iter_mut().enumerate() {
        let part_of = digits.get(number * step..(number + 1) * step);
        let value = part_of.and_then(|part| u8::from_str_radix(part, 16).ok());
        let most = if step == 1 { 15.0 } else { 255.0 };
        *part = f64::from(value.ok_or_else(fault)?) / most;
    }
    Ok(color)
}

/// <https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio>
fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let (a, b) = (luminance(one), luminance(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(color: [f64; 3]) -> f64 {
    let [red, green, blue] = color.map(|part| match part <= 0.040_45 {
        true => part / 12.92,
        false => ((part + 0.055) / 1.055).powf(2.4),
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    Some(rest.split_once('"')?.0)
}

fn number(tag: &str, name: &str) -> Option<f64> {
    attribute(tag, name)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, body: &str) -> Vec<String> {
        let svg = format!("<svg width=\"{width}\" font-size=\"13\">{body}</svg>");
        faults(&svg, 0.0)
    }

    #[test]
    fn the_ratios_are_those_that_others_compute() {
        let against_white = |code| contrast(color(code).unwrap(), [1.0; 3]);
        assert!((against_white("#000") - 21.0).abs() < 0.001);
        // The best known pair on either side of the limit.
        assert!((against_white("#767676") - 4.54).abs() < 0.005);
        assert!((against_white("#777777") - 4.48).abs() < 0.005);
    }

    #[test]
    fn a_label_that_does_not_stand_out_is_told() {
        let ground = "<rect width=\"300\" height=\"90\" fill=\"#ffffff\"/>";
        let text = |color| format!("<text x=\"10\" y=\"40\" fill=\"{color}\">label</text>");
        assert!(picture(300, &format!("{ground}{}", text("#24292f"))).is_empty());
        assert_eq!(
            picture(300, &format!("{ground}{}", text("#999999"))),
            ["\"label\": 2.8 against what is below"]
        );
        // A bar under one end of it.
        let bar = "<rect x=\"30\" y=\"20\" width=\"90\" height=\"30\" fill=\"#3b6ea5\"/>";
        assert_eq!(
            picture(300, &format!("{ground}{bar}{}", text("#24292f"))).len(),
            1
        );
        // Without a ground of its own it is dark on a dark page.
        let told = picture(300, &text("#24292f"));
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told.iter().any(|fault| fault.ends_with("against navy")));
        assert!(picture(300, &text("#7f7f7f")).len() >= 2);
    }

    #[test]
    fn small_letters_and_what_cannot_be_known_are_told() {
        let text =
            "<rect width=\"900\" height=\"90\" fill=\"#fff\"/><text x=\"1\" y=\"40\">x</text>";
        assert!(picture(345, text).is_empty());
        assert_eq!(picture(600, text), ["\"x\": letters of 7.5 pixels"]);
        let svg = format!("<svg width=\"600\" font-size=\"13\">{text}</svg>");
        assert!(faults(&svg, 580.0).is_empty());
        for unknown in [
            "style=\"a\"",
            "opacity=\"0.5\"",
            "class=\"a\"",
            "fill=\"gray\"",
        ] {
            let told = picture(300, &format!("<text {unknown} x=\"1\" y=\"9\">x</text>"));
            assert!(
                told.iter().any(|fault| fault.contains("does not know")),
                "{unknown}"
            );
        }
    }
}
