//! Our clients: threads that begin together and call for a second.

use std::error::Error;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pymanager::{AuthKey, Client, RemoteDict, RemoteQueue, raise_descriptor_limit};

/// For all clients to be connected, for their calls, and for their last answers.
const CONNECT: Duration = Duration::from_secs(15);
const CALLS: Duration = Duration::from_secs(1);
const END: Duration = Duration::from_secs(5);

/// What a client tells.
enum Told {
    Connected,
    /// So many calls, the longest of which took so long.
    Done(u64, Duration),
}

/// The start, for all at once.
#[derive(Default)]
struct Start {
    given: Mutex<bool>,
    told: Condvar,
}

/// Prints calls a second in all, the longest call in seconds, and the share of
/// the clients that came to an end.
pub(crate) fn drive(address: &str, what: &str, clients: u64) -> Result<(), Box<dyn Error>> {
    raise_descriptor_limit()?;
    let (tell, told) = channel();
    let start = Arc::<Start>::default();
    for n in 0..clients {
        let (address, what, tell) = (address.to_string(), what.to_string(), tell.clone());
        let start = Arc::clone(&start);
        thread::Builder::new()
            .stack_size(256 << 10)
            // One that fails is one that does not come to an end.
            .spawn(move || client(&address, &what, n, &tell, &start).ok())?;
    }
    collect(&told, clients, CONNECT, |told| {
        matches!(told, Told::Connected)
    });
    *start.given.lock().unwrap_or_else(PoisonError::into_inner) = true;
    start.told.notify_all();
    let (mut calls, mut worst) = (0, Duration::ZERO);
    let ended = collect(&told, clients, CALLS + END, |told| match told {
        Told::Done(count, longest) => {
            calls += count;
            worst = worst.max(longest);
            true
        }
        // Too late.
        Told::Connected => false,
    });
    let (worst, share) = (worst.as_secs_f64(), ended as f64 / clients as f64);
    println!("{} {worst} {share}", calls as f64 / CALLS.as_secs_f64());
    // Some may hang still.
    std::process::exit(0);
}

/// Hears the clients, until so many have told what is waited for; how many did
/// in time.
fn collect(
    told: &Receiver<Told>,
    clients: u64,
    patience: Duration,
    mut is_it: impl FnMut(Told) -> bool,
) -> u64 {
    let until = Instant::now() + patience;
    let mut count = 0;
    while count < clients {
        let left = until.saturating_duration_since(Instant::now());
        match told.recv_timeout(left) {
            Ok(told) => count += u64::from(is_it(told)),
            Err(_) => break,
        }
    }
    count
}

fn client(
    address: &str,
    what: &str,
    n: u64,
    tell: &Sender<Told>,
    start: &Start,
) -> Result<(), Box<dyn Error>> {
    let client = Client::connect(address, &AuthKey::new("abc"))?;
    let mut pair: Box<dyn FnMut(u64, bool) -> Result<(), pymanager::Error>> = match what {
        "queue" => {
            let tasks: RemoteQueue<u64> = client.queue("tasks")?;
            Box::new(move |item, first| match first {
                true => tasks.put(&item),
                false => tasks.get().map(drop),
            })
        }
        _ => {
            let scores: RemoteDict<String, u64> = client.remote("scores", &[])?;
            let key = n.to_string();
            Box::new(move |item, first| match first {
                true => scores.insert(&*key, &item),
                false => scores.get(&*key).map(drop),
            })
        }
    };
    // The connection for calls is there before the first that counts.
    pair(0, true)?;
    pair(0, false)?;
    tell.send(Told::Connected)?;
    let mut given = start.given.lock().unwrap_or_else(PoisonError::into_inner);
    while !*given {
        given = start
            .told
            .wait(given)
            .unwrap_or_else(PoisonError::into_inner);
    }
    drop(given);
    let (mut calls, mut worst) = (0, Duration::ZERO);
    let begin = Instant::now();
    let mut last = begin;
    while last.duration_since(begin) < CALLS {
        for first in [true, false] {
            pair(calls, first)?;
            let now = Instant::now();
            worst = worst.max(now.duration_since(last));
            last = now;
            calls += 1;
        }
    }
    tell.send(Told::Done(calls, worst))?;
    // The proxies' good-byes are no calls: the process ends without them.
    loop {
        thread::park();
    }
}
