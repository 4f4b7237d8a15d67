//! Sends JSON: values whose shape nobody knows beforehand.
//!
//! ```console
//! $ cargo run -p ipc-pipe --example send_json
//! Child received: {"cups":3,"item":"tea","notes":["hot",null]}
//! Parent received: {"cups":3,"price":12}
//! As it is: cannot serialise or deserialise the message: `serde_json::value::Value` can be read only from a format that describes itself
//! ```
//!
//! Python: `connection.send_bytes(json.dumps(value).encode())`.
//!
//! What to notice: `send` and `recv` take any serde type with a fixed shape. A
//! `serde_json::Value` must ask the bytes for its shape, which only a format like
//! JSON can answer. So it is sent as JSON, which Python reads as well.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use anyhow::{Context, bail};
use common::{program, say};
use multiproc::connection::{Connection, Error};
use multiproc::process::Builder;
use serde_json::{Value, json};

fn main() -> ExitCode {
    program::example("Shows JSON sent over a pipe.", || {
        let (child, mut end) = Builder::new("child").spawn_with_connection(serve)?;
        let order = json!({"cups": 3, "item": "tea", "notes": ["hot", null]});
        end.send_bytes(&serde_json::to_vec(&order)?)?;
        let bill: Value = serde_json::from_slice(&end.recv_bytes().context("bill")?)?;
        say!("Parent received: {bill}");

        match end.recv::<Value>() {
            Err(error @ Error::Codec(_)) => {
                let error = error.to_string();
                say!("As it is: {}", error.split(',').next().unwrap_or(&error));
            }
            other => bail!("a value as it is: {other:?}"),
        }
        child.join_success()?;
        Ok(())
    })
}

fn serve(mut end: Connection) -> anyhow::Result<()> {
    let order: Value = serde_json::from_slice(&end.recv_bytes()?)?;
    say!("Child received: {order}");
    let price = order["cups"].as_u64().context("no cups")? * 4;
    let bill = json!({"cups": order["cups"], "price": price});
    end.send_bytes(&serde_json::to_vec(&bill)?)?;
    end.send(&bill)?;
    Ok(())
}
