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
//! What to notice: each side waits for a message, so the lines have only one
//! order. The child learns that the parent is done from end of file, which comes
//! because nobody but the parent has the parent's end.
#![forbid(unsafe_code)]

mod options;

use std::process::ExitCode;

use anyhow::Context;
use common::{program, say};
use multiproc::connection::{Connection, Error};
use multiproc::process::Builder;
use options::{Options, Order};

// ANCHOR: recipe
fn main() -> ExitCode {
    program::run(|options: Options| {
        // Each side has only its own end.
        let serve = |end| serve(end, options.price);
        let (child, end) = Builder::new("child").spawn_with_connection(serve)?;
        let talked = talk(end, options.order);
        if talked.is_err() {
            // If the child died, that is the cause; what failed here follows from it.
            child.join_success()?;
        }
        talked?;
        say!("Parent: the child {}", child.join()?);
        Ok(())
    })
}

/// The parent's side of the dialogue. Its end is closed when it returns.
fn talk(mut end: Connection, order: Order) -> anyhow::Result<()> {
    end.send_bytes(b"hello from the parent")?;
    let answer = end.recv_bytes().context("parent: greeting")?;
    say!("Parent received: {}", String::from_utf8_lossy(&answer));

    end.send(&order)?;
    let (Order { item, cups }, amount): (_, u64) = end.recv().context("parent: bill")?;
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
