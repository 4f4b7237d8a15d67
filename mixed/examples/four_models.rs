//! Processes, threads, an event loop and a mixture at the same work.
//!
//! <!-- numbers vary -->
//! ```text
//! $ cargo run -q -p mixed --example four_models -- --clients 8 --requests 10
//! 8 clients, 80 requests; each waits 5 ms and computes 100 us
//! model                          requests/s  worst ms  memory KiB  CPU us/request   a crash breaks
//! processes: 8                         1440       6.5        2300             250           1 of 8
//! threads: 8 in one process            1450       6.4         900             200           8 of 8
//! event loop: 1 thread                 1470       6.2         800             200           8 of 8
//! mixed: 2 processes of 4 threads      1450       6.6        1100             200           4 of 8
//! ```
//!
//! Without options: 200 clients. Use `--release` for figures.
//!
//! What to notice: at work that mostly waits all four serve alike, as long as
//! there is somebody for each who waits. They differ in memory, in what it costs
//! to switch, and in what a crash takes along. The memory is that of all processes
//! of the server together, with what they share counted once (`Pss` in
//! proc_pid_smaps(5)); the CPU time is theirs alone, not the clients'.
#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Parser;
use common::{program, say};
use mixed::client::{self, Answer};
use mixed::server::{Held, Settings, WORK, compute, serve};
use multiproc::process::Process;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;

/// Compares four models of a server at the same work.
#[derive(Parser)]
#[command(name = "four_models")]
struct Options {
    /// How many clients, and so how many that wait at the same time
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(2..=250))]
    clients: u16,
    /// How many requests each client sends
    #[arg(long, default_value_t = 100)]
    requests: u32,
}

#[derive(Clone, Copy)]
enum Model {
    Forked { processes: u16, threads: u16 },
    EventLoop,
}

// ANCHOR: models
fn main() -> ExitCode {
    program::run(|options: Options| {
        let Options { clients, requests } = options;
        let (wait, busy) = (WORK.0.as_millis(), WORK.1.as_micros());
        let all = u32::from(clients) * requests;
        say!("{clients} clients, {all} requests; each waits {wait} ms and computes {busy} us");
        say!(
            "{:<32} {:>10} {:>9} {:>11} {:>15} {:>16}",
            "model",
            "requests/s",
            "worst ms",
            "memory KiB",
            "CPU us/request",
            "a crash breaks"
        );
        let half = clients / 2;
        for (name, processes, threads) in [
            (format!("processes: {clients}"), clients, 1),
            (format!("threads: {clients} in one process"), 1, clients),
        ] {
            measure(
                &name,
                Model::Forked { processes, threads },
                clients,
                requests,
            )?;
        }
        measure("event loop: 1 thread", Model::EventLoop, clients, requests)?;
        let name = format!("mixed: 2 processes of {half} threads");
        let (processes, threads) = (2, half);
        measure(
            &name,
            Model::Forked { processes, threads },
            half * 2,
            requests,
        )
    })
}

fn start(model: Model, listener: &TcpListener) -> anyhow::Result<Process> {
    Ok(Process::spawn("server", || match model {
        Model::Forked { processes, threads } => {
            let settings = Settings::of(processes, threads);
            serve(listener, &settings).map(drop)
        }
        Model::EventLoop => event_loop(listener),
    })?)
}
// ANCHOR_END: models

/// The same server, with coroutines in one thread.
fn event_loop(listener: &TcpListener) -> io::Result<()> {
    let listener = listener.try_clone()?;
    listener.set_nonblocking(true)?;
    Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            loop {
                let (stream, _) = listener.accept().await?;
                tokio::spawn(answer(stream));
            }
        })
}

async fn answer(mut stream: TcpStream) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") && request.len() < 16 << 10 {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let held = request.starts_with(format!("GET {} ", Held::PATH).as_bytes());
    if !held {
        tokio::time::sleep(WORK.0).await;
        compute(WORK.1);
    }
    let body = format!(
        "process {}, thread MainThread, generation 1\n",
        std::process::id()
    );
    let end = if held { "end\n" } else { "" };
    let length = body.len() + end.len();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(format!("{head}{body}").as_bytes()).await?;
    if held {
        stream.read_exact(&mut [0]).await?;
        stream.write_all(end.as_bytes()).await?;
    }
    Ok(())
}

fn measure(name: &str, model: Model, clients: u16, requests: u32) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    rustix::net::listen(&listener, 4096)?;
    let address = listener.local_addr()?;
    let server = start(model, &listener)?;
    drop(listener);

    // One for each who could wait: so all are there, and all are known.
    let held = hold(address, clients)?;
    let mut pids: BTreeSet<u32> = held.iter().filter_map(Answer::process).collect();
    pids.insert(server.pid());
    held.into_iter()
        .try_for_each(|answer| answer.release().map(drop))?;

    let before = cpu_seconds(&pids)?;
    let start = Instant::now();
    let worst = ask_all(address, clients, requests)?;
    let wall = start.elapsed().as_secs_f64();
    let (cpu, memory) = (cpu_seconds(&pids)? - before, memory_kib(&pids)?);

    let held = hold(address, clients)?;
    let victim = held[0].process().context("who answers?")?;
    kill(Pid::from_raw(victim.cast_signed()), Signal::SIGKILL)?;
    let broken = held.into_iter().filter_map(|answer| answer.release().err());
    let broken = format!("{} of {clients}", broken.count());
    let all = f64::from(u32::from(clients) * requests);
    say!(
        "{name:<32} {:>10.0} {:>9.1} {memory:>11} {:>15.0} {broken:>16}",
        all / wall,
        worst.as_secs_f64() * 1e3,
        cpu * 1e6 / all
    );
    Ok(())
}

fn hold(address: SocketAddr, clients: u16) -> io::Result<Vec<Answer>> {
    (0..clients).map(|_| Answer::hold(address)).collect()
}

/// The longest that a client waited.
fn ask_all(address: SocketAddr, clients: u16, requests: u32) -> anyhow::Result<Duration> {
    let ask = move || -> io::Result<Duration> {
        let mut worst = Duration::ZERO;
        for _ in 0..requests {
            let asked = Instant::now();
            client::get(address, "/work")?;
            worst = worst.max(asked.elapsed());
        }
        Ok(worst)
    };
    let mut threads = Vec::new();
    for _ in 0..clients {
        // Small stacks: these are not what is measured.
        let builder = thread::Builder::new().stack_size(128 << 10);
        threads.push(builder.spawn(ask)?);
    }
    let mut worst = Duration::ZERO;
    // By their handles: the next server is forked after this.
    for thread in threads {
        let longest = thread
            .join()
            .map_err(|_| anyhow::anyhow!("a client panicked"))?;
        worst = worst.max(longest?);
    }
    Ok(worst)
}

/// Of all their threads, to the nanosecond (`/proc/PID/task/TID/schedstat`): the
/// hundredths of `/proc/PID/stat` would be rounded away in each process.
fn cpu_seconds(pids: &BTreeSet<u32>) -> anyhow::Result<f64> {
    let mut nanos = 0;
    for pid in pids {
        for task in fs::read_dir(format!("/proc/{pid}/task"))? {
            let used = fs::read_to_string(task?.path().join("schedstat"))?;
            let used = used.split_whitespace().next().context("schedstat")?;
            nanos += used.parse::<u64>()?;
        }
    }
    Ok(nanos as f64 / 1e9)
}

fn memory_kib(pids: &BTreeSet<u32>) -> anyhow::Result<u64> {
    let mut sum = 0;
    for pid in pids {
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
        let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        sum += number.context("no Pss")?.parse::<u64>()?;
    }
    Ok(sum)
}
