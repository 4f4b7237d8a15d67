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
use std::hint::black_box;
use std::time::Instant;

use ipc_channel::ipc;
use multiproc::process::Process;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |place: usize| arguments.get(place).map_or(Ok(0), |text| text.parse());
    let (count, bytes) = (number(1)?, number(2)?);
    let rate = match arguments.first().map(String::as_str) {
        Some("--version") => {
            println!("ipc-channel 0.23");
            return Ok(());
        }
        Some("one-way") => one_way(count, bytes)?,
        Some("small") => small(count)?,
        Some("round-trip") => round_trip(count, bytes)?,
        _ => return Err("what is to be measured?".into()),
    };
    println!("{rate}");
    Ok(())
}

fn small(count: usize) -> Result<f64, Failure> {
    let (sender, receiver) = ipc::channel::<u64>()?;
    let send = || sender.send(7).expect("the receiver is there");
    flow(count, send, || {
        black_box(receiver.recv()?);
        Ok(())
    })
}

/// Its channel of bytes, which goes round the codec. Each message is written in
/// full before it is sent, and read in full.
fn one_way(count: usize, bytes: usize) -> Result<f64, Failure> {
    let (sender, receiver) = ipc::bytes_channel()?;
    let mut message = vec![0; bytes];
    let send = || {
        black_box(&mut message).fill(7);
        sender.send(&message).expect("the receiver is there");
    };
    let mut sum = 0;
    let rate = flow(count, send, || {
        let message = receiver.recv()?;
        sum += message.iter().map(|byte| u64::from(*byte)).sum::<u64>();
        Ok(())
    })?;
    assert_eq!(sum, 7 * (count * bytes) as u64);
    Ok(rate)
}

/// What a child sends and this process receives: items a second.
fn flow(
    count: usize,
    mut send: impl FnMut(),
    mut receive: impl FnMut() -> Result<(), Failure>,
) -> Result<f64, Failure> {
    let producer = Process::spawn("producer", || (0..count).for_each(|_| send()))?;
    let start = Instant::now();
    (0..count).try_for_each(|_| receive())?;
    let rate = count as f64 / start.elapsed().as_secs_f64();
    producer.join_success()?;
    Ok(rate)
}

fn round_trip(count: usize, bytes: usize) -> Result<f64, Failure> {
    let (there, their_end) = ipc::bytes_channel()?;
    let (back, our_end) = ipc::bytes_channel()?;
    let echo = Process::spawn("echo", || {
        for _ in 0..count {
            let message = their_end.recv().expect("the sender is there");
            back.send(&message).expect("the receiver is there");
        }
    })?;
    let message = vec![7; bytes];
    let start = Instant::now();
    for _ in 0..count {
        there.send(&message)?;
        our_end.recv()?;
    }
    let rate = count as f64 / start.elapsed().as_secs_f64();
    echo.join_success()?;
    Ok(rate)
}
