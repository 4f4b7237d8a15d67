//! Command lines, with all `--help` texts in the same form.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Arg, ArgAction, Command, Parser, value_parser};

/// The option that every program has: a picture of its run.
const TIMELINE: &str = "timeline";

/// Parses the command line; a wrong one ends the program with a message. Also
/// returns the file into which to draw the run, if any.
pub(super) fn parse<Options: Parser>() -> (Options, Option<PathBuf>) {
    let command = Options::command();
    let called = match command.get_name() {
        name if is_example() => format!("cargo run --example {name} --"),
        name => format!("cargo run -p {name} --"),
    };
    let command = in_form(command.arg(timeline()));
    let mut matches = command.bin_name(called).get_matches();
    let picture = matches.remove_one::<PathBuf>(TIMELINE);
    let options = Options::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    (options, picture)
}

fn timeline() -> Arg {
    Arg::new(TIMELINE)
        .long(TIMELINE)
        .value_name("FILE.svg")
        .value_parser(value_parser!(PathBuf))
        .global(true)
        .display_order(1000)
        .help("Draws the run into this file")
}

/// How this program was called, without the wish for a picture: the picture's
/// title.
pub(super) fn command_line() -> String {
    let mut words = std::env::args();
    let program = words.next().unwrap_or_default();
    let name = Path::new(&program).file_name().unwrap_or_default();
    let mut line = name.to_string_lossy().into_owned();
    while let Some(word) = words.next() {
        match word.strip_prefix("--timeline") {
            Some("") => drop(words.next()),
            Some(rest) if rest.starts_with('=') => {}
            _ => line = format!("{line} {word}"),
        }
    }
    line
}

/// Parses the command line of an example that has no other option. Returns its name
/// and the file into which to draw the run, if any.
pub(super) fn parse_none(about: &'static str) -> (String, Option<PathBuf>) {
    let path = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&path)
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let command = Command::new(name.clone()).about(about).arg(timeline());
    let called = format!("cargo run --example {name} --");
    let mut matches = in_form(command).bin_name(called).get_matches();
    let picture = matches.remove_one(TIMELINE);
    (name, picture)
}

/// Cargo builds examples into a folder of that name.
fn is_example() -> bool {
    let path = std::env::current_exe().unwrap_or_default();
    let folder = path.parent().and_then(Path::file_name);
    folder.is_some_and(|folder| folder == "examples")
}

/// Ends sentences in a full stop, which clap removes from doc comments.
fn in_form(command: Command) -> Command {
    let about = command.get_about().map(ToString::to_string);
    let command = match about {
        Some(about) => command.about(sentence(&about)),
        None => command,
    };
    let help = Arg::new("help").short('h').long("help");
    command
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .arg(help.action(ArgAction::Help).help("Print this help"))
        .mut_args(|arg| {
            // `--longest -3` is a wrong number, not an unknown option.
            let arg = match arg.get_action().takes_values() {
                true if !arg.is_allow_hyphen_values_set() => arg.allow_negative_numbers(true),
                _ => arg,
            };
            let help = arg.get_help().map(ToString::to_string);
            match help {
                Some(help) => arg.help(sentence(&help)),
                None => arg,
            }
        })
        .mut_subcommands(in_form)
}

fn sentence(text: &str) -> String {
    let text = text.trim_end();
    let end = if text.ends_with('.') { "" } else { "." };
    format!("{text}{end}")
}

/// Reads a number of seconds for clap: `0.5`, `3`.
///
/// # Errors
///
/// What is wrong with `text`.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| "not a number of seconds".to_string())?;
    if seconds < 0.0 {
        return Err("a number of seconds is not negative".to_string());
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| "too many seconds".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_neither_negative_nor_endless() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for text in ["-1", "-3", "inf", "nan", "soon", "1e300"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
