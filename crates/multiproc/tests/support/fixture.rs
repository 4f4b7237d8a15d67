//! The program that the tests run: it ends, prints, reads or hangs as told.
//!
//! Not a recipe. An example rather than a binary of the package, so that
//! `cargo run -p subprocess` stays without question.
#![forbid(unsafe_code)]

use std::io::{self, Read, Write};
use std::process::{Command, Stdio, exit};

use rustix::process::{Signal, getpgrp, getpid, kill_process};

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut out = io::stdout().lock();
    match args[..] {
        ["exit", code] => exit(code.parse().expect("a status")),
        ["killed"] => {
            kill_process(getpid(), Signal::KILL)?;
        }
        // Standard input to standard output, and its length to standard error.
        ["echo"] => {
            let copied = io::copy(&mut io::stdin().lock(), &mut out)?;
            eprintln!("{copied}");
        }
        // Much on both outputs before a byte is read.
        ["flood", bytes] => {
            let chunk = [b'x'; 1 << 10];
            for _ in 0..bytes.parse::<usize>().expect("a number") / chunk.len() {
                out.write_all(&chunk)?;
                io::stderr().write_all(&chunk)?;
            }
            let read = io::stdin().lock().read_to_end(&mut Vec::new())?;
            write!(out, "{read}")?;
        }
        // A little input, much output, the rest of the input.
        ["sip"] => {
            let mut input = io::stdin().lock();
            rustix::io::read(&input, &mut [0; 5_000][..])?;
            out.write_all(&[b'x'; 300_000])?;
            out.flush()?;
            input.read_to_end(&mut Vec::new())?;
        }
        ["not-utf-8"] => out.write_all(b"caf\xe9\n")?,
        ["group"] => writeln!(out, "{} {}", getpgrp(), getpid())?,
        // In the places of ping and getent.
        ["127.0.0.1", "-c", "4"] => writeln!(out, "4 packets transmitted")?,
        ["hosts", "localhost"] => writeln!(out, "127.0.0.1 localhost")?,
        // Prints for ever.
        ["chatter"] => loop {
            io::stderr().write_all(b"x")?;
            out.write_all(&[b'x'; 1 << 10])?;
        },
        ["hang"] => {
            writeln!(out, "{}", getpid())?;
            out.flush()?;
            eprint!("hanging");
            hang()
        }
        // Ends at once, and leaves a child that keeps both outputs open.
        ["leave-child"] => {
            drop(out);
            Command::new(std::env::current_exe()?)
                .arg("hang")
                .stdin(Stdio::null())
                .spawn()?;
        }
        // Closes both outputs and stays.
        ["silent"] => {
            writeln!(out, "{}", getpid())?;
            out.flush()?;
            eprint!("closing");
            rustix::stdio::dup2_stdout(std::fs::File::open("/dev/null")?)?;
            rustix::stdio::dup2_stderr(std::fs::File::open("/dev/null")?)?;
            hang()
        }
        _ => exit(2),
    }
    Ok(())
}

fn hang() -> ! {
    loop {
        std::thread::park();
    }
}
