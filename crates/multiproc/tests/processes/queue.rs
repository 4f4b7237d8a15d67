//! `multiproc::queue::process`.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use common::checks;
use multiproc::deadline::Deadline;
use multiproc::process::{ExitStatus, Process};
use multiproc::queue::Error;
use multiproc::queue::process::{Queue, Ring};
use nix::sys::resource::{Resource, setrlimit};
use serde::{Deserialize, Serialize};

use crate::Check;

pub(crate) const CHECKS: &[Check] = checks![
    any_serde_type_passes,
    one_producer_is_heard_in_order,
    many_producers_and_consumers,
    put_is_seen_at_once,
    a_producer_may_exit_at_once,
    items_are_bounded,
    bytes_are_bounded,
    an_item_too_large_changes_nothing,
    the_largest_item_fits,
    items_wrap_around_the_end,
    timeouts_and_tries,
    a_blocked_put_goes_on,
    close_drains_and_wakes,
    task_done_and_join,
    what_is_no_such_item_is_an_error,
    odd_capacities,
    a_claim_comes_before_the_memory_for_the_item,
];

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Item {
    Nothing,
    Text(String),
    Map(BTreeMap<u32, Vec<f64>>),
}

fn any_serde_type_passes() {
    let queue = Queue::new().unwrap();
    let items = [
        Item::Nothing,
        Item::Text("é".repeat(1000)),
        Item::Map(BTreeMap::from([(1, vec![0.5, 1.5]), (2, vec![])])),
    ];
    let child = Process::spawn("writer", || {
        items.iter().for_each(|item| queue.put(item).unwrap())
    });
    let got: Vec<_> = (0..3).map(|_| queue.get().unwrap()).collect();
    assert_eq!(got, items);
    child.unwrap().join_success().unwrap();

    // An item without bytes is an item.
    let queue = Queue::new().unwrap();
    queue.put(&()).unwrap();
    assert_eq!(queue.len(), 1);
    queue.get().unwrap();
}

fn one_producer_is_heard_in_order() {
    let queue = Queue::with_capacity(100, 1000).unwrap();
    let child = Process::spawn("writer", || {
        (0..50_000_u32).for_each(|n| queue.put(&n).unwrap())
    });
    for n in 0..50_000 {
        assert_eq!(queue.get().unwrap(), n);
    }
    child.unwrap().join_success().unwrap();
    assert!(queue.is_empty());
}

fn many_producers_and_consumers() {
    const EACH: u64 = 20_000;
    let queue = Queue::with_capacity(64, 4096).unwrap();
    let sums = Queue::new().unwrap();
    let consumers: Vec<_> = (0..3)
        .map(|_| {
            Process::spawn("consumer", || {
                let (mut count, mut sum) = (0_u64, 0_u64);
                loop {
                    match queue.get() {
                        Ok(n) => (count, sum) = (count + 1, sum + n),
                        Err(Error::Closed) => break,
                        Err(error) => panic!("{error}"),
                    }
                }
                sums.put(&(count, sum)).unwrap();
            })
            .unwrap()
        })
        .collect();
    let producers: Vec<_> = (0..3)
        .map(|_| {
            Process::spawn("producer", || {
                (0..EACH).for_each(|n| queue.put(&n).unwrap())
            })
            .unwrap()
        })
        .collect();
    producers
        .iter()
        .for_each(|child| child.join_success().unwrap());
    queue.close();
    consumers
        .iter()
        .for_each(|child| child.join_success().unwrap());
    let (count, sum) = (0..3)
        .map(|_| sums.get().unwrap())
        .fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    assert_eq!((count, sum), (3 * EACH, 3 * (EACH - 1) * EACH / 2));
}

fn put_is_seen_at_once() {
    // Python's `empty()` lies for a while after a `put`.
    let queue = Queue::new().unwrap();
    for n in 0..10_000_u32 {
        queue.put(&n).unwrap();
        assert!(!queue.is_empty());
        assert_eq!(queue.try_get().unwrap(), n);
        assert!(queue.is_empty());
    }
}

fn a_producer_may_exit_at_once() {
    let queue = Queue::new().unwrap();
    for n in 0..200_u32 {
        let child = Process::spawn("producer", || -> () {
            queue.put(&n).unwrap();
            multiproc::process::exit_now(0)
        });
        assert_eq!(
            child.map(|child: Process| child.join().unwrap()).unwrap(),
            ExitStatus::Code(0)
        );
        assert_eq!(queue.try_get().unwrap(), n);
    }
}

fn items_are_bounded() {
    let queue = Queue::with_capacity(3, 1 << 20).unwrap();
    assert_eq!(queue.capacity(), 3);
    (0..3_u8).for_each(|n| queue.try_put(&n).unwrap());
    assert!(queue.is_full());
    assert!(matches!(queue.try_put(&3), Err(Error::Full)));
    assert_eq!(queue.get().unwrap(), 0);
    assert!(!queue.is_full());
    queue.try_put(&3).unwrap();
}

fn bytes_are_bounded() {
    let queue: Queue<Vec<u8>> = Queue::with_capacity(1000, 1000).unwrap();
    let mut count = 0;
    while queue.try_put(&vec![1; 100]).is_ok() {
        count += 1;
    }
    assert!((7..=9).contains(&count), "{count}");
    assert!(matches!(
        queue.put_timeout(&vec![1; 100], Duration::from_millis(5)),
        Err(Error::Full)
    ));
    queue.get().unwrap();
    queue.try_put(&vec![1; 100]).unwrap();
}

fn an_item_too_large_changes_nothing() {
    let queue: Queue<Vec<u8>> = Queue::with_capacity(10, 1000).unwrap();
    queue.put(&vec![7]).unwrap();
    let Err(Error::TooLarge { bytes, limit }) = queue.put(&vec![0; 5000]) else {
        panic!("it was not refused");
    };
    assert!(
        bytes >= 5000 && (1000..5000).contains(&limit),
        "{bytes} {limit}"
    );
    assert_eq!(queue.len(), 1);
    assert_eq!(queue.get().unwrap(), [7]);
}

fn the_largest_item_fits() {
    let queue: Queue<Vec<u8>> = Queue::with_capacity(10, 1000).unwrap();
    // Two bytes of it are the length of the vector.
    for _ in 0..5 {
        queue.try_put(&vec![9; 998]).unwrap();
        assert_eq!(queue.get().unwrap(), vec![9; 998]);
    }
}

fn items_wrap_around_the_end() {
    let queue: Queue<Vec<u8>> = Queue::with_capacity(10, 1000).unwrap();
    for round in 0..5000_usize {
        let item = vec![round as u8; round * 37 % 480];
        queue.put(&item).unwrap();
        queue.put(&item).unwrap();
        assert_eq!(queue.get().unwrap(), item);
        assert_eq!(queue.get().unwrap(), item);
    }
}

fn timeouts_and_tries() {
    let queue: Queue<u8> = Queue::with_capacity(1, 64).unwrap();
    let short = Duration::from_millis(10);
    assert!(matches!(queue.try_get(), Err(Error::Empty)));
    assert!(matches!(queue.get_timeout(short), Err(Error::Empty)));
    queue.put(&1).unwrap();
    assert!(matches!(queue.put_timeout(&2, short), Err(Error::Full)));
    assert_eq!(queue.get_timeout(Duration::MAX).unwrap(), 1);
}

fn a_blocked_put_goes_on() {
    let queue: Queue<u32> = Queue::with_capacity(1, 64).unwrap();
    let children: Vec<_> = (0..3)
        .map(|_| {
            Process::spawn("producer", || {
                (0..1000).for_each(|n| queue.put(&n).unwrap())
            })
            .unwrap()
        })
        .collect();
    for _ in 0..3000 {
        queue.get().unwrap();
    }
    children
        .iter()
        .for_each(|child| child.join_success().unwrap());
}

fn close_drains_and_wakes() {
    let queue: Queue<u32> = Queue::with_capacity(2, 64).unwrap();
    queue.put(&1).unwrap();
    queue.put(&2).unwrap();
    let closed = |result: Result<u32, Error>| i32::from(!matches!(result, Err(Error::Closed)));
    let putter = Process::spawn("putter", || closed(queue.put(&3).map(|()| 3))).unwrap();
    assert_eq!(
        putter.join_timeout(Duration::from_millis(20)).unwrap(),
        None
    );
    queue.close();
    putter.join_success().unwrap();
    assert!(matches!(queue.try_put(&3), Err(Error::Closed)));
    assert_eq!((queue.get().unwrap(), queue.get().unwrap()), (1, 2));
    assert!(matches!(queue.get(), Err(Error::Closed)));
    assert!(matches!(queue.try_get(), Err(Error::Closed)));

    let queue: Queue<u32> = Queue::new().unwrap();
    let getters: Vec<_> = (0..5)
        .map(|_| Process::spawn("getter", || closed(queue.get())).unwrap())
        .collect();
    thread::sleep(Duration::from_millis(20)); // most of them sleep by now; none need
    queue.close();
    getters
        .iter()
        .for_each(|child| child.join_success().unwrap());
}

fn task_done_and_join() {
    let queue: Queue<u32> = Queue::new().unwrap();
    queue.join(); // nothing was put: nothing to wait for
    assert!(matches!(queue.task_done(), Err(Error::TooManyDone)));
    (0..100).for_each(|n| queue.put(&n).unwrap());
    assert_eq!(queue.unfinished(), 100);
    assert!(!queue.join_timeout(Duration::from_millis(5)));
    let worker = || {
        while queue.get().is_ok() {
            queue.task_done().unwrap();
        }
    };
    let workers: Vec<_> = (0..3)
        .map(|_| Process::spawn("worker", worker).unwrap())
        .collect();
    queue.join();
    assert!(queue.is_empty());
    assert_eq!(queue.unfinished(), 0);
    assert!(matches!(queue.task_done(), Err(Error::TooManyDone)));
    assert!(!queue.is_closed());
    queue.close();
    assert!(queue.is_closed());
    workers
        .iter()
        .for_each(|child| child.join_success().unwrap());
}

fn what_is_no_such_item_is_an_error() {
    /// Writes one thing and reads another.
    #[derive(Debug)]
    struct Liar;
    impl Serialize for Liar {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_u8(200)
        }
    }
    impl<'de> Deserialize<'de> for Liar {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            String::deserialize(deserializer).map(|_| Liar)
        }
    }
    let queue: Queue<Liar> = Queue::new().unwrap();
    queue.put(&Liar).unwrap();
    assert!(matches!(queue.get(), Err(Error::Codec(_))));
    assert!(queue.is_empty());

    /// Cannot be written.
    #[derive(Debug, Deserialize)]
    struct Mute;
    impl Serialize for Mute {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("on purpose"))
        }
    }
    let queue: Queue<Mute> = Queue::new().unwrap();
    assert!(matches!(queue.put(&Mute), Err(Error::Codec(_))));
    assert!(queue.is_empty());
}

fn odd_capacities() {
    assert!(Queue::<u8>::with_capacity(0, 10).is_err());
    assert!(Queue::<u8>::with_capacity(10, 0).is_err());
    assert!(Queue::<u8>::with_capacity(usize::MAX, 10).is_err());
    assert!(Queue::<u8>::with_capacity(10, usize::MAX).is_err());
    // The largest, its item's length included; pages are taken when touched.
    assert!(Queue::<u8>::with_capacity(10, (8 << 30) - 8).is_ok());
    assert!(Queue::<u8>::with_capacity(10, (8 << 30) - 7).is_err());
    let queue = Queue::with_capacity(1, 1).unwrap();
    queue.put(&1_u8).unwrap();
    assert_eq!(queue.get().unwrap(), 1);
}

/// A consumer that dies of the size of its item must not leave it to the next
/// one, and that to the next.
fn a_claim_comes_before_the_memory_for_the_item() {
    let ring = Ring::new(10, 64 << 20, 1).unwrap();
    let mut item = vec![7; 48 << 20];
    item[..8].copy_from_slice(&1_u64.to_ne_bytes());
    ring.try_put(&item).unwrap();
    ring.try_put(&2_u64.to_ne_bytes()).unwrap();
    let take = || {
        // What the process has is all that it gets.
        setrlimit(Resource::RLIMIT_AS, 1 << 20, 1 << 20).unwrap();
        setrlimit(Resource::RLIMIT_CORE, 0, 0).unwrap();
        ring.claim(0, &mut Vec::new(), Deadline::NEVER).unwrap();
    };
    let died = Process::spawn("consumer", take).unwrap().join().unwrap();
    assert_eq!(died, ExitStatus::Signal(6));
    assert_eq!(ring.claimed(0), Some(1_u64.to_ne_bytes()));
    let mut next = Vec::new();
    ring.try_get(&mut next).unwrap();
    assert!(next == 2_u64.to_ne_bytes(), "{} bytes", next.len());
    assert_eq!(ring.claimed(0), None);
}
