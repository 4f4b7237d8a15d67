//! A parent and its child talk over a duplex pipe: a greeting, a structured
//! message, an answer, end of file.
//!
//! ```console
//! $ cargo run -p ipc-pipe
//! Child received: hello from the parent
//! Parent received: hello from the child
//! Child received: an order for 3 cups of tea
//! Parent received: a bill of 12 for 3 cups of tea
//! Child received: end of file
//! Parent: the child exited with status 0
//! ```
//!
//! Python: `a, b = multiprocessing.Pipe()`, `a.send(...)`, `b.recv()`.
//!
//! What to notice: each side waits for a message, so the lines have one order
//! only; and the child learns that the parent is done from end of file, which
//! comes because nobody but the parent has the parent's end.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use common::{program, say};
use multiproc::connection::{Connection, Error};
use multiproc::process::Builder;
use serde::{Deserialize, Serialize};

const EXAMPLES: &str = "Examples:
  cargo run -p ipc-pipe
  cargo run -p ipc-pipe -- --item coffee --cups 1000 --price 5";

/// Shows a dialogue between a parent and its child over a duplex pipe.
#[derive(Parser)]
#[command(name = "ipc-pipe", after_help = EXAMPLES)]
struct Options {
    /// What the parent orders
    #[arg(long, default_value = "tea")]
    item: String,
    /// How many cups of it
    #[arg(long, default_value_t = 3)]
    cups: u32,
    /// What the child asks for a cup
    #[arg(long, default_value_t = 4)]
    price: u32,
}

#[derive(Serialize, Deserialize)]
struct Order {
    item: String,
    cups: u32,
}

// ANCHOR: recipe
fn main() -> ExitCode {
    program::run(|options: Options| {
        // Each side has its own end alone.
        let serve = |end| serve(end, options.price);
        let (child, end) = Builder::new("child").spawn_with_connection(serve)?;
        let talked = talk(end, options.item, options.cups);
        if talked.is_err() {
            // A child that died is the cause; that it is gone, a consequence.
            child.join_success()?;
        }
        talked?;
        say!("Parent: the child {}", child.join()?);
        Ok(())
    })
}

/// The parent's side of the dialogue. Its end is closed when it returns.
fn talk(mut end: Connection, item: String, cups: u32) -> anyhow::Result<()> {
    end.send_bytes(b"hello from the parent")?;
    let answer = end.recv_bytes().context("parent: greeting")?;
    say!("Parent received: {}", String::from_utf8_lossy(&answer));

    end.send(&Order { item, cups })?;
    let (order, amount): (Order, u64) = end.recv().context("parent: bill")?;
    let Order { item, cups } = order;
    say!("Parent received: a bill of {amount} for {cups} cups of {item}");
    Ok(())
}

/// The child's side of the dialogue.
fn serve(mut end: Connection, price: u32) -> anyhow::Result<()> {
    let greeting = end.recv_bytes().context("greeting")?;
    say!("Child received: {}", String::from_utf8_lossy(&greeting));
    end.send_bytes(b"hello from the child")?;
    loop {
        let order: Order = match end.recv() {
            Err(Error::EndOfFile) => break,
            order => order.context("order")?,
        };
        let Order { item, cups } = &order;
        say!("Child received: an order for {cups} cups of {item}");
        let amount = u64::from(price) * u64::from(*cups);
        end.send(&(order, amount))?;
    }
    say!("Child received: end of file");
    Ok(())
}
// ANCHOR_END: recipe
