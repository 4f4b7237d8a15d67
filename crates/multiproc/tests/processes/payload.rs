//! Large items: what they are made of, and what they cost.

use common::testing::{Check, checks};
use multiproc::connection::pipe;
use multiproc::process::Process;
use multiproc::queue::process::Queue;
use nix::sys::resource::{UsageWho, getrusage};
use serde::{Deserialize, Serialize};

pub(crate) const CHECKS: &[Check] = checks![
    large_items_go_through_a_queue,
    a_steady_flow_through_a_queue_takes_no_fresh_memory,
    a_steady_flow_through_a_connection_takes_no_fresh_memory,
    a_large_item_takes_its_room_in_the_ring_and_no_buffer_beside_it,
];

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Picture {
    name: String,
    pixels: Vec<u8>,
    depth: Vec<f32>,
    points: Vec<[f64; 3]>,
}

fn picture(size: usize) -> Picture {
    Picture {
        name: "a picture".to_string(),
        pixels: (0..size).map(|i| i as u8).collect(),
        depth: (0..size / 4).map(|i| i as f32).collect(),
        points: (0..size / 24).map(|i| [i as f64, 0.5, -1.0]).collect(),
    }
}

fn large_items_go_through_a_queue() {
    let queue: Queue<Picture> = Queue::with_capacity(8, 32 << 20).unwrap();
    let sizes = [0, 1, 255, 256, 4 << 10, 1 << 20, 9 << 20];
    let child = Process::spawn("child", || {
        sizes.iter().try_for_each(|size| queue.put(&picture(*size)))
    })
    .unwrap();
    for size in sizes {
        assert!(queue.get().unwrap() == picture(size), "{size}");
    }
    child.join_success().unwrap();
}

/// Pages that had to be fetched for this process so far.
fn faults() -> i64 {
    getrusage(UsageWho::RUSAGE_SELF)
        .unwrap()
        .minor_page_faults()
}

const SIZE: usize = 4 << 20;
const ROUNDS: usize = 20;

/// Runs `round`, which moves an item of [`SIZE`], until the memory for it is
/// there, and then checks that no more is fetched.
fn takes_no_fresh_memory(mut round: impl FnMut()) {
    (0..5).for_each(|_| round());
    let before = faults();
    (0..ROUNDS).for_each(|_| round());
    let pages = (SIZE / 4096) as i64;
    let each = (faults() - before) / ROUNDS as i64;
    assert!(each < pages / 10, "{each} page faults for {pages} pages");
}

fn a_steady_flow_through_a_queue_takes_no_fresh_memory() {
    let queue: Queue<Vec<u32>> = Queue::with_capacity(8, SIZE + 64).unwrap();
    let item = vec![7_u32; SIZE / 4];
    takes_no_fresh_memory(|| {
        queue.put(&item).unwrap();
        assert_eq!(queue.get().unwrap().len(), item.len());
    });
}

fn a_steady_flow_through_a_connection_takes_no_fresh_memory() {
    let item = vec![7_u32; SIZE / 4];
    let (mut receiver, sender) = pipe(false).unwrap();
    let child = Process::spawn("child", {
        let (mut sender, item) = (sender, &item);
        move || (0..ROUNDS + 5).try_for_each(|_| sender.send(item))
    })
    .unwrap();
    takes_no_fresh_memory(|| {
        assert_eq!(receiver.recv::<Vec<u32>>().unwrap().len(), item.len());
    });
    child.join_success().unwrap();
}

/// The most memory that this process had at a time.
fn most_memory() -> usize {
    let most = getrusage(UsageWho::RUSAGE_SELF).unwrap().max_rss();
    usize::try_from(most).unwrap() * 1024
}

/// Checks that `act` takes `sizes` times [`LARGE`] bytes of memory, and no half of one more.
fn takes(sizes: usize, act: impl FnOnce()) {
    let before = most_memory();
    act();
    let more = most_memory() - before;
    assert!(
        more < sizes * LARGE + LARGE / 2,
        "{more} bytes for {sizes} times {LARGE}"
    );
}

const LARGE: usize = 64 << 20;

fn a_large_item_takes_its_room_in_the_ring_and_no_buffer_beside_it() {
    goes_without_a_buffer(|| vec![7_u32; LARGE / 4]);
    goes_without_a_buffer(|| "7".repeat(LARGE));
}

/// The room that each process sees of the ring counts as its own.
fn goes_without_a_buffer<T>(make: fn() -> T)
where
    T: Serialize + serde::de::DeserializeOwned + PartialEq,
{
    let queue: Queue<T> = Queue::with_capacity(8, LARGE + 64).unwrap();
    let put = || {
        let item = make();
        takes(1, || queue.put(&item).unwrap());
    };
    let get = || takes(2, || drop(queue.get().unwrap()));
    for act in [&put as &dyn Fn(), &get] {
        let child = Process::spawn("child", act).unwrap();
        child.join_success().unwrap();
    }
}
