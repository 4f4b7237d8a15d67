//! iceoryx2's publish-subscribe, to measure ourselves against. What to do is on
//! the command line; the answer is a number on standard output.
//!
//! ```text
//! iceoryx2-peer one-way COUNT BYTES     samples a second, of 8, 4,096, … bytes
//! iceoryx2-peer round-trip COUNT        round trips of a u64 a second, busy polling
//! ```
//!
//! COUNT is the most: both sides poll, so that on a busy machine each waits for the
//! other to be given a processor, and after some seconds there are no more.
//! Nothing is lost: the publisher waits where a subscriber's queue is full. Each
//! sample is written in full before it is sent, and read in full.

use std::env;
use std::error::Error;
use std::hint::spin_loop;
use std::time::{Duration, Instant};

use iceoryx2::port::publisher::Publisher;
use iceoryx2::port::subscriber::Subscriber;
use iceoryx2::prelude::*;
use iceoryx2::service::port_factory::publish_subscribe::PortFactory;
use multiproc::process::Process;
use multiproc::queue::process::Queue;

type Failure = Box<dyn Error>;

/// When to stop, whatever was asked for.
const LONG_ENOUGH: Duration = Duration::from_secs(3);

/// What the last sample is filled with, those before the first that counts, and the
/// others.
const LAST: u8 = 1;
const EARLY: u8 = 2;
const BYTE: u8 = 7;

fn main() -> Result<(), Failure> {
    set_log_level(LogLevel::Error);
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |place: usize| arguments.get(place).map_or(Ok(0), |text| text.parse());
    let (count, bytes) = (number(1)?, number(2)?);
    let rate = match arguments.first().map(String::as_str) {
        Some("--version") => {
            println!("iceoryx2 0.10");
            return Ok(());
        }
        Some("one-way") => one_way(count, bytes)?,
        Some("round-trip") => round_trip(count)?,
        _ => return Err("what is to be measured?".into()),
    };
    println!("{rate}");
    Ok(())
}

/// A name that no other run has: services are the whole machine's.
fn name(of: &str) -> String {
    format!("bench/{of}/{}", std::process::id())
}

type Out = Publisher<ipc::Service, [u8], ()>;
type In = Subscriber<ipc::Service, [u8], ()>;

fn service(name: &str) -> Result<PortFactory<ipc::Service, [u8], ()>, Failure> {
    let node = NodeBuilder::new().create::<ipc::Service>()?;
    let service = node
        .service_builder(&name.try_into()?)
        .publish_subscribe::<[u8]>()
        .enable_safe_overflow(false)
        .subscriber_max_buffer_size(64)
        .open_or_create()?;
    Ok(service)
}

fn out(name: &str, bytes: usize) -> Result<Out, Failure> {
    let service = service(name)?;
    let publisher = service.publisher_builder();
    Ok(publisher.initial_max_slice_len(bytes).create()?)
}

fn incoming(name: &str) -> Result<In, Failure> {
    Ok(service(name)?
        .subscriber_builder()
        .buffer_size(64)
        .create()?)
}

fn send(out: &Out, bytes: usize, byte: u8) -> Result<(), Failure> {
    let sample = out.loan_slice_uninit(bytes)?;
    sample.write_from_fn(|_| byte).send()?;
    Ok(())
}

/// Busy polling, as iceoryx2 is at its fastest; the sum has read every byte.
fn receive(incoming: &In) -> Result<u64, Failure> {
    loop {
        if let Some(sample) = incoming.receive()? {
            return Ok(sample.payload().iter().map(|byte| u64::from(*byte)).sum());
        }
        spin_loop();
    }
}

/// Does `work` so often, or until it has been done for long enough: how often.
fn repeat(count: usize, mut work: impl FnMut() -> Result<(), Failure>) -> Result<usize, Failure> {
    let start = Instant::now();
    for done in 0..count {
        // A look at the clock costs as much as a small sample.
        if done % 64 == 0 && start.elapsed() > LONG_ENOUGH {
            return Ok(done);
        }
        work()?;
    }
    Ok(count)
}

/// Runs `peer` in a child, and `work` here once the child says that it is ready.
fn beside(
    peer: impl FnOnce(&Queue<()>) -> Result<(), Failure>,
    work: impl FnOnce() -> Result<f64, Failure>,
) -> Result<f64, Failure> {
    let ready: Queue<()> = Queue::new()?;
    let child = Process::spawn("peer", || peer(&ready).map_err(|error| error.to_string()))?;
    ready.get()?;
    let rate = work()?;
    child.join_success()?;
    Ok(rate)
}

fn one_way(count: usize, bytes: usize) -> Result<f64, Failure> {
    let name = name("one-way");
    let (connected, all_read): (Queue<()>, Queue<u64>) = (Queue::new()?, Queue::new()?);
    let [last, early] = [LAST, EARLY].map(|byte| u64::from(byte) * bytes as u64);
    let read = |ready: &Queue<()>| -> Result<(), Failure> {
        let incoming = incoming(&name)?;
        ready.put(&())?;
        receive(&incoming)?;
        connected.put(&())?;
        let mut sum = 0;
        loop {
            match receive(&incoming)? {
                begin if begin == early => {}
                end if end == last => return Ok(all_read.put(&sum)?),
                bytes => sum += bytes,
            }
        }
    };
    beside(read, || {
        let out = out(&name, bytes)?;
        // A subscriber connects at its first look after the publisher is there. What
        // was sent before is lost where it fills the buffer, without an error.
        send(&out, bytes, EARLY)?;
        while connected.get_timeout(Duration::from_millis(10)).is_err() {
            send(&out, bytes, EARLY)?;
        }
        let start = Instant::now();
        let count = repeat(count, || send(&out, bytes, BYTE))?;
        send(&out, bytes, LAST)?;
        let sum = all_read.get()?;
        let rate = count as f64 / start.elapsed().as_secs_f64();
        if sum != u64::from(BYTE) * (count * bytes) as u64 {
            let each = u64::from(BYTE) * bytes as u64;
            return Err(format!("of {count} samples {} were read", sum / each).into());
        }
        Ok(rate)
    })
}

fn round_trip(count: usize) -> Result<f64, Failure> {
    let (there, back) = (name("there"), name("back"));
    let echo = |ready: &Queue<()>| -> Result<(), Failure> {
        let incoming = incoming(&there)?;
        let out = out(&back, 8)?;
        ready.put(&())?;
        while receive(&incoming)? != 8 * u64::from(LAST) {
            send(&out, 8, BYTE)?;
        }
        Ok(())
    };
    // Both services are there before the child asks for them.
    let mine = incoming(&back)?;
    beside(echo, || {
        let out = out(&there, 8)?;
        let start = Instant::now();
        let count = repeat(count, || {
            send(&out, 8, BYTE)?;
            receive(&mine).map(drop)
        })?;
        let rate = count as f64 / start.elapsed().as_secs_f64();
        send(&out, 8, LAST)?;
        Ok(rate)
    })
}
