//! Transcripts, in the book's chapters and in the headers of examples, and how
//! they are held against real runs.
//!
//! A transcript is a block marked `console` whose first line is a `cargo run`
//! command; the other lines are what it prints. The numbers 4700 to 4799 stand
//! for process identifiers: each of them for one and the same number throughout
//! the transcript, and two of them for two numbers. A comment in the line
//! before the block says what else differs from run to run:
//!
//! - `<!-- any order -->`: the lines may come in any order.
//! - `<!-- numbers vary -->`: every number may be another, its sign too, and
//!   columns shift with them. The member's other tests relate them.
//! - `<!-- repeats vary -->`: of lines that are alike, numbers apart, there may be
//!   more or fewer, but not none.
//! - `<!-- not run: REASON -->`: the block is not executed.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::path::Path;

use super::program::{Program, example};
use super::text::mask_numbers;

const PIDS: RangeInclusive<u64> = 4700..=4799;

/// A run that the book shows.
#[derive(Debug)]
pub struct Transcript {
    /// The file's name and the line, for whoever has to mend it.
    place: String,
    example: Option<String>,
    arguments: Vec<String>,
    lines: Vec<String>,
    any_order: bool,
    numbers_vary: bool,
    repeats_vary: bool,
}

/// The runs of `member`'s programs that `text` shows, which comes from the file
/// `name`.
pub(super) fn transcripts_in(name: &str, text: &str, member: &str) -> Vec<Transcript> {
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate();
    let mut before = "";
    while let Some((number, line)) = lines.next() {
        if !line.starts_with("```") {
            before = line;
            continue;
        }
        let how = std::mem::take(&mut before);
        let block: Vec<&str> = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| *line != "```")
            .collect();
        if line != "```console" || how.contains("not run:") {
            continue;
        }
        let place = format!("{name}:{}", number + 1);
        let (command, output) = block.split_first().expect("a command");
        let mut words = command.split_whitespace().map(str::to_string);
        let start: Vec<String> = words.by_ref().take(3).collect();
        assert_eq!(start, ["$", "cargo", "run"], "{place}: what is this run?");
        let mut words: Vec<String> = words.collect();
        words.retain(|word| word != "-q" && word != "--release");
        assert_eq!(words[0], "-p", "{place}");
        if words[1] != member {
            continue;
        }
        let (example, rest) = match words.get(2).map(String::as_str) {
            Some("--example") => (Some(words[3].clone()), &words[4..]),
            _ => (None, &words[2..]),
        };
        let arguments = match rest.split_first() {
            None => Vec::new(),
            Some((dashes, arguments)) => {
                assert_eq!(dashes, "--", "{place}");
                arguments.to_vec()
            }
        };
        found.push(Transcript {
            place,
            example,
            arguments,
            lines: output.iter().map(|line| line.to_string()).collect(),
            any_order: how.contains("any order"),
            numbers_vary: how.contains("numbers vary"),
            repeats_vary: how.contains("repeats vary"),
        });
    }
    found
}

impl Transcript {
    /// The example whose run it is; `None` for the recipe itself.
    pub fn example(&self) -> Option<&str> {
        self.example.as_deref()
    }

    /// The arguments that it was given.
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }

    /// What it printed.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// The command, ready to run; `recipe` is the path of the member's binary.
    pub fn program(&self, recipe: impl AsRef<Path>) -> Program {
        let program = match &self.example {
            None => Program::new(recipe.as_ref()),
            Some(name) => Program::new(example(name)),
        };
        program.args(&self.arguments)
    }

    /// Asserts that `output` could stand in its place.
    ///
    /// # Panics
    ///
    /// When it could not; says what the chapter has and what came.
    #[track_caller]
    pub fn assert_tells(&self, output: &str) {
        let normal = |line: &str| match self.numbers_vary {
            false => line.trim_end().to_string(),
            true => {
                let words: Vec<&str> = line.split_whitespace().collect();
                mask_numbers(&words.join(" ")).replace("-#", "#")
            }
        };
        let mut expected: Vec<String> = self.lines.iter().map(|line| normal(line)).collect();
        let mut got: Vec<String> = output.lines().map(normal).collect();
        if self.repeats_vary {
            expected.dedup();
            got.dedup();
        }
        let same = expected.len() == got.len()
            && match (self.any_order, self.numbers_vary) {
                (false, _) => in_order(&expected, &got),
                (true, false) => permutation(&expected, &mut got.clone(), &Pids::default()),
                // No identifiers are left to relate.
                (true, true) => sorted(&expected) == sorted(&got),
            };
        assert!(
            same,
            "{}: there stands\n{}\nbut this came:\n{output}",
            self.place,
            self.lines.join("\n")
        );
    }
}

fn in_order(expected: &[String], got: &[String]) -> bool {
    let mut pids = Pids::default();
    expected.iter().zip(got).all(|(a, b)| {
        let matched = pids.matched(a, b);
        matched.map(|more| pids = more).is_some()
    })
}

fn sorted(lines: &[String]) -> Vec<&String> {
    let mut lines: Vec<_> = lines.iter().collect();
    lines.sort_unstable();
    lines
}

/// Whether `got`, in some order, is `expected`.
fn permutation(expected: &[String], got: &mut Vec<String>, pids: &Pids) -> bool {
    let Some((first, rest)) = expected.split_first() else {
        return got.is_empty();
    };
    (0..got.len()).any(|index| {
        let Some(more) = pids.matched(first, &got[index]) else {
            return false;
        };
        let line = got.remove(index);
        let found = permutation(rest, got, &more);
        got.insert(index, line);
        found
    })
}

/// What the book's process identifiers stand for in a run.
#[derive(Clone, Default)]
struct Pids(HashMap<u64, u64>);

impl Pids {
    /// What is known when the line `expected` stands for the line `got`;
    /// `None` when it cannot.
    fn matched(&self, expected: &str, got: &str) -> Option<Pids> {
        let mut pids = self.clone();
        let (expected, got) = (pieces(expected), pieces(got));
        let same = expected.len() == got.len()
            && expected
                .iter()
                .zip(&got)
                .all(|(a, b)| match (a.parse(), b.parse()) {
                    (Ok(a), Ok(b)) if PIDS.contains(&a) => pids.stands_for(a, b),
                    _ => a == b,
                });
        same.then_some(pids)
    }

    fn stands_for(&mut self, a: u64, b: u64) -> bool {
        match self.0.get(&a) {
            Some(known) => *known == b,
            None if self.0.values().any(|known| *known == b) => false,
            None => self.0.insert(a, b).is_none(),
        }
    }
}

/// `line` cut into runs of digits and what is between them.
fn pieces(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let digit = first.is_ascii_digit();
        let end = rest
            .find(|c: char| c.is_ascii_digit() != digit)
            .unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transcript(mark: &str) -> Transcript {
        let text = format!(
            "Text.\n\n{mark}\n```console\n$ cargo run -p fork -- --n 2\n\
             I am 4711.\nMy child is 4712 of 2.\n```\n"
        );
        transcripts_in("fork.md", &text, "fork").pop().expect("one")
    }

    fn tells(transcript: &Transcript, output: &str) -> bool {
        std::panic::catch_unwind(|| transcript.assert_tells(output)).is_ok()
    }

    #[test]
    fn identifiers_are_related() {
        let plain = transcript("");
        assert_eq!(plain.arguments(), ["--n", "2"]);
        assert!(tells(&plain, "I am 7.\nMy child is 99999 of 2.\n"));
        // One number for two processes; another number that is none; order.
        assert!(!tells(&plain, "I am 7.\nMy child is 7 of 2.\n"));
        assert!(!tells(&plain, "I am 7.\nMy child is 8 of 3.\n"));
        assert!(!tells(&plain, "My child is 8 of 2.\nI am 7.\n"));
        assert!(!tells(&plain, "I am 7.\n"));
    }

    #[test]
    fn marks_allow_what_they_say() {
        let any = transcript("<!-- any order -->");
        assert!(tells(&any, "My child is 8 of 2.\nI am 7.\n"));
        assert!(!tells(&any, "My child is 7 of 2.\nI am 7.\n"));
        assert!(!tells(&any, "I am 7.\nI am 7.\n"));
        let vary = transcript("<!-- numbers vary -->");
        assert!(tells(&vary, "I am 7.\nMy  child is 7 of 3.\n"));
        assert!(!tells(&vary, "I am 7.\nMy son is 7 of 3.\n"));
        let repeats = transcript("<!-- numbers vary; repeats vary -->");
        assert!(tells(&repeats, "I am 7.\nI am 8.\nMy child is -7 of 3.\n"));
        assert!(!tells(&repeats, "I am 7.\nI am 8.\n"));
    }

    #[test]
    fn other_blocks_are_passed_over() {
        let text = "<!-- not run: it needs a network -->\n```console\n$ curl\n```\n\
                    ```text\n$ cargo run -p fork\n```\n\
                    ```console\n$ cargo run -q -p pool --example map\nx\n```\n";
        assert!(transcripts_in("x.md", text, "fork").is_empty());
        let found = transcripts_in("x.md", text, "pool");
        assert_eq!(found[0].example(), Some("map"));
        assert_eq!(found[0].lines(), ["x"]);
    }
}
