//! Stopped at a step, perhaps with a lock in hand: nobody's call takes longer
//! than it may, and once it goes on, nothing is lost.

use std::cell::Cell;
use std::time::{Duration, Instant};

use multiproc::deadline::Deadline;
use multiproc::queue::Error;
use multiproc::queue::process::Ring;

use crate::at_steps;
use crate::stepped::{Stepped, Steps, at_each_step};

at_steps![stopped_in_a_put, stopped_in_a_get, stopped_in_the_line];

/// A deadline, and far longer than a call takes that keeps to it.
const SHORT: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(60);

/// What has gone in and out of a ring, by this process.
struct Counted<'a> {
    ring: &'a Ring,
    put: Cell<usize>,
    got: Cell<usize>,
}

impl Counted<'_> {
    fn puts(&self, put: impl Fn(&[u8]) -> Result<(), Error>) {
        let start = Instant::now();
        match put(&[0; 8]) {
            Ok(()) => self.put.set(self.put.get() + 1),
            Err(Error::Full) => {}
            Err(error) => panic!("{error}"),
        }
        assert!(start.elapsed() < LONG);
    }

    fn gets(&self, get: impl Fn(&mut Vec<u8>) -> Result<(), Error>) {
        let start = Instant::now();
        match get(&mut Vec::new()) {
            Ok(()) => self.got.set(self.got.get() + 1),
            Err(Error::Empty) => {}
            Err(error) => panic!("{error}"),
        }
        assert!(start.elapsed() < LONG);
    }

    fn every_way(&self) {
        let ring = self.ring;
        self.puts(|item| ring.try_put(item));
        self.gets(|item| ring.try_get(item));
        self.puts(|item| ring.put(item, Deadline::after(SHORT)));
        self.gets(|item| ring.get(item, Deadline::after(SHORT)));
        assert_eq!(ring.claimed(0), None);
    }
}

/// Stops at each eighth step (it takes some tenths of a second) of `act` on a ring of `full` items, and tries everything.
/// `act` puts or gets one item.
fn stop_at_each_step(
    steps: Steps,
    full: usize,
    until_asleep: bool,
    act: impl Fn(&Ring) -> Result<(), Error>,
) {
    at_each_step(steps, |step| {
        let ring = Ring::new(100, 120, 1).unwrap();
        let counted = Counted {
            ring: &ring,
            put: Cell::new(0),
            got: Cell::new(0),
        };
        (0..full).for_each(|_| counted.puts(|item| ring.try_put(item)));
        let mut child = Stepped::start(|| act(&ring).unwrap());
        if until_asleep {
            child.run_until_asleep();
            counted.gets(|item| ring.try_get(item));
        }
        child.step(if steps == Steps::All { 8 * step } else { step } + fastrand::usize(..8));
        let done = child.done;
        counted.every_way();
        if until_asleep {
            // Perhaps others went ahead of it, and it still needs room.
            counted.gets(|item| ring.get(item, Deadline::after(SHORT)));
        }
        child.finish();
        while ring.try_get(&mut Vec::new()).is_ok() {
            counted.got.set(counted.got.get() + 1);
        }
        let act = usize::from(full < 8 || until_asleep);
        let (put, got) = (counted.put.get(), counted.got.get());
        if full == 2 {
            // One was got by the child.
            assert_eq!(put, got + 1);
        } else {
            assert_eq!(put + act, got);
        }
        ring.try_put(&[0; 120]).unwrap();
        !done
    });
}

fn stopped_in_a_put(steps: Steps) {
    stop_at_each_step(steps, 1, false, |ring| ring.try_put(&[9; 20]));
}

fn stopped_in_a_get(steps: Steps) {
    stop_at_each_step(steps, 2, false, |ring| {
        ring.get(&mut Vec::new(), Deadline::NEVER)
    });
}

fn stopped_in_the_line(steps: Steps) {
    stop_at_each_step(steps, 8, true, |ring| ring.put(&[9; 8], Deadline::NEVER));
}
