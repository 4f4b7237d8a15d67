//! The worker that the tests kill, stop and cut off.
//!
//! `SERVER QUEUE EFFECTS [MODE]`: takes tasks until it is killed; the effect of
//! a task is its id, written as a line to the file EFFECTS. It says `took ID
//! ATTEMPT`, and then what came of `done`. What it does besides is its mode:
//! `before` and `after` wait for ever before the effect, or after it;
//! `stop` stops itself (SIGSTOP) between the two.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write;

use common::say;
use jetstream_tasks::{Queue, Settings};
use rustix::process::{Signal, getpid, kill_process};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [server, name, effects] = &args[..3] else {
        return Err("SERVER QUEUE EFFECTS [MODE]".into());
    };
    let mode = args.get(3).map_or("", String::as_str);
    let queue: Queue<u64> = Queue::open(server, name, &Settings::new())?;
    let mut effects = OpenOptions::new().append(true).create(true).open(effects)?;
    say!("ready");
    loop {
        let task = queue.get(None)?;
        let id = task.id().to_string();
        say!("took {id} {}", task.attempt());
        if mode == "before" {
            wait_for_ever();
        }
        effects.write_all(format!("{id}\n").as_bytes())?;
        match mode {
            "after" => wait_for_ever(),
            "stop" => kill_process(getpid(), Signal::STOP)?,
            _ => {}
        }
        let result = task.value * 2;
        match task.done(&result) {
            Ok(()) => say!("done {id}"),
            Err(error) => say!("refused {error}"),
        }
    }
}

fn wait_for_ever() -> ! {
    loop {
        std::thread::park();
    }
}
