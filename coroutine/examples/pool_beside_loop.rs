//! An event loop for the connections, processes for the computing.
//!
//! <!-- numbers vary -->
//! ```text
//! $ cargo run -q -p coroutine --example pool_beside_loop
//! http://127.0.0.1:41475/primes/N counts primes in 2 processes
//! GET /primes/1000: 200 OK, 168
//! 20 requests at the same time: 20 times 200 OK
//! GET /kill-worker: 500 Internal Server Error, task 21 was lost: process 'pool-worker' (4713) was killed by SIGKILL
//! 20 requests at the same time: 20 times 200 OK
//! ```
//!
//! With `-- --serve` it stays, for `curl`.
//!
//! What to notice: the thread with the connections never computes, so nobody
//! waits for anybody else's primes; and what a request does to its process costs
//! that request a 500 and nothing more. The order in `main`: the pool is forked
//! first, and then comes the runtime, which may have threads. The semaphore keeps
//! the pool's queue from filling up, since adding a task to a full one would block
//! the loop.
#![forbid(unsafe_code)]

use std::convert::Infallible;
use std::io;
use std::process::ExitCode;
use std::rc::Rc;

use anyhow::Context;
use clap::Parser;
use common::{program, say};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use multiproc::pool::Pool;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, LocalSet};

const WORKERS: usize = 2;
/// Tasks that are in the pool at a time.
const TASKS: usize = 100;
/// The largest number that is asked about.
const MOST: u32 = 10_000_000;

/// What the pool is asked: to count primes, or to die.
type Ask = Option<u32>;

/// Serves HTTP from an event loop, and computes in a pool of processes.
#[derive(Parser)]
#[command(name = "pool_beside_loop")]
struct Options {
    /// Stays, and serves until it is interrupted
    #[arg(long)]
    serve: bool,
}

struct Server {
    pool: Pool<Ask, u32>,
    room: Semaphore,
}

// ANCHOR: pool_beside_loop
fn main() -> ExitCode {
    program::run(|options: Options| {
        // First of all, while this process has one thread.
        let pool = Pool::new(WORKERS, answer)?;
        let room = Semaphore::new(TASKS);
        let server = Rc::new(Server { pool, room });
        let runtime = Builder::new_current_thread().enable_all().build()?;
        LocalSet::new().block_on(&runtime, async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            say!("http://{address}/primes/N counts primes in {WORKERS} processes");
            let serving = tokio::task::spawn_local(accept(listener, server));
            if options.serve {
                return serving.await.context("the server")?;
            }
            demonstrate(&address.to_string()).await
        })
    })
}

async fn accept(listener: TcpListener, server: Rc<Server>) -> anyhow::Result<()> {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            // It was gone again, or no descriptor is left: others will be.
            Err(_) => {
                tokio::task::yield_now().await;
                continue;
            }
        };
        let server = Rc::clone(&server);
        tokio::task::spawn_local(async move {
            let service = service_fn(|request| handle(&server, request));
            // What is wrong with one connection is its client's affair. The
            // timer shows out who does not send its request.
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn handle(
    server: &Server,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path();
    let ask = match path.strip_prefix("/primes/").map(str::parse) {
        Some(Ok(below)) if below <= MOST => Some(below),
        None if path == "/kill-worker" => None,
        _ => {
            return Ok(response(
                StatusCode::NOT_FOUND,
                "/primes/N, N at most 10000000\n",
            ));
        }
    };
    // An error would say that the semaphore is closed, which nobody does.
    let _room = server.room.acquire().await;
    Ok(match server.pool.apply_async(ask).await {
        Ok(count) => response(StatusCode::OK, &format!("{count}\n")),
        Err(error) => {
            let error = anyhow::Error::from(error);
            response(StatusCode::INTERNAL_SERVER_ERROR, &format!("{error:#}\n"))
        }
    })
}
// ANCHOR_END: pool_beside_loop

fn response(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text.to_string())));
    *response.status_mut() = status;
    response
}

/// In a worker.
fn answer(ask: Ask) -> u32 {
    let Some(below) = ask else {
        let own = rustix::process::getpid();
        let _ = rustix::process::kill_process(own, rustix::process::Signal::KILL);
        return 0;
    };
    let is_prime = |n: &u32| {
        (2..)
            .take_while(|d| d * d <= *n)
            .all(|d| !n.is_multiple_of(d))
    };
    let count = (2..below).filter(is_prime).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

async fn demonstrate(address: &str) -> anyhow::Result<()> {
    let (status, body) = get(address, "/primes/1000").await?;
    say!("GET /primes/1000: {status}, {body}");
    many(address).await?;
    let (status, body) = get(address, "/kill-worker").await?;
    say!("GET /kill-worker: {status}, {body}");
    many(address).await
}

async fn many(address: &str) -> anyhow::Result<()> {
    let mut requests = JoinSet::new();
    for _ in 0..20 {
        let address = address.to_string();
        requests.spawn(async move { get(&address, "/primes/20000").await });
    }
    let answers = requests.join_all().await;
    let mut good = 0;
    for answer in answers {
        let (status, body) = answer?;
        good += usize::from(status == "200 OK" && body == "2262");
    }
    say!("20 requests at the same time: {good} times 200 OK");
    Ok(())
}

/// The status and the body.
async fn get(address: &str, path: &str) -> io::Result<(String, String)> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.lines().next().and_then(|line| line.split_once(' '));
    let status = status.map_or("no answer", |(_, status)| status);
    Ok((status.to_string(), body.trim_end().to_string()))
}
