//! ipc-channel, to measure ourselves against. What to do is on the command line;
//! the answer is a number on standard output.
//!
//! ```text
//! ipc-channel-peer one-way COUNT BYTES     items a second, of BYTES bytes
//! ipc-channel-peer small COUNT             items a second, of a u64
//! ipc-channel-peer round-trip COUNT BYTES  round trips a second
//! ```

use std::env;
use std::error::Error;
use std::time::Instant;

use ipc_channel::ipc;
use multiproc::process::Process;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_bytes::ByteBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |place: usize| arguments.get(place).map_or(Ok(0), |text| text.parse());
    let (count, bytes) = (number(1)?, number(2)?);
    let rate = match arguments.first().map(String::as_str) {
        Some("--version") => {
            println!("ipc-channel 0.23");
            return Ok(());
        }
        Some("one-way") => one_way(count, &ByteBuf::from(vec![7; bytes]))?,
        Some("small") => one_way(count, &7_u64)?,
        Some("round-trip") => round_trip(count, bytes)?,
        _ => return Err("what is to be measured?".into()),
    };
    println!("{rate}");
    Ok(())
}

fn one_way<T>(count: usize, item: &T) -> Result<f64, Box<dyn Error>>
where
    T: Clone + Serialize + DeserializeOwned,
{
    let (sender, receiver) = ipc::channel::<T>()?;
    let producer = Process::spawn("producer", || {
        for _ in 0..count {
            sender.send(item.clone()).expect("the receiver is there");
        }
    })?;
    let start = Instant::now();
    for _ in 0..count {
        receiver.recv()?;
    }
    let rate = count as f64 / start.elapsed().as_secs_f64();
    producer.join_success()?;
    Ok(rate)
}

fn round_trip(count: usize, bytes: usize) -> Result<f64, Box<dyn Error>> {
    let (there, their_end) = ipc::channel::<ByteBuf>()?;
    let (back, our_end) = ipc::channel::<ByteBuf>()?;
    let echo = Process::spawn("echo", || {
        for _ in 0..count {
            let message = their_end.recv().expect("the sender is there");
            back.send(message).expect("the receiver is there");
        }
    })?;
    let message = ByteBuf::from(vec![7; bytes]);
    let start = Instant::now();
    for _ in 0..count {
        there.send(message.clone())?;
        our_end.recv()?;
    }
    let rate = count as f64 / start.elapsed().as_secs_f64();
    echo.join_success()?;
    Ok(rate)
}
