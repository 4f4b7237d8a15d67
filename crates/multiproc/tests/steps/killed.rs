//! Killed at a step: only what the dead process held is lost, nothing is torn, and
//! nobody waits for the dead.

use std::time::Duration;

use multiproc::deadline::Deadline;
use multiproc::queue::Error;
use multiproc::queue::process::Ring;
use multiproc::shared::{Array, Mutex, Shared};

use crate::at_steps;
use crate::stepped::{Stepped, Steps, at_each_step};

at_steps![
    killed_in_a_lock,
    killed_in_an_array,
    killed_in_a_put,
    killed_in_a_get,
    killed_in_a_claim,
    killed_in_the_line,
    killed_when_its_turn_has_come,
    killed_in_task_done,
    killed_in_close,
];

/// Longer than any call takes, unless it waits for the dead.
const SOON: Duration = Duration::from_secs(60);

/// Steps `act` on what `new` made up to each step, kills, and lets `check` look
/// at what is left, with whether `act` was over.
pub(crate) fn kill_at_each_step<S>(
    steps: Steps,
    new: impl Fn() -> S,
    act: impl Fn(&S),
    check: impl Fn(&S, bool),
) {
    at_each_step(steps, |step| {
        let scene = new();
        let mut child = Stepped::start(|| act(&scene));
        child.step(step);
        let done = child.done;
        child.kill();
        check(&scene, done);
        !done
    });
}

/// 16 units: 8 items of 8 bytes.
pub(crate) fn ring(items: u8) -> Ring {
    let ring = Ring::new(100, 120, 1).unwrap();
    (1..=items).for_each(|n| ring.try_put(&[n; 8]).unwrap());
    ring
}

/// All that is left in the ring, by its first byte.
pub(crate) fn rest(ring: &Ring) -> Vec<u8> {
    let mut item = Vec::new();
    let mut rest = Vec::new();
    loop {
        match ring.try_get(&mut item) {
            Ok(()) => {
                assert!(item.iter().all(|byte| *byte == item[0]), "torn: {item:?}");
                rest.push(item[0]);
            }
            Err(Error::Empty) => break,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(ring.is_empty());
    rest
}

pub(crate) fn soon() -> Deadline {
    Deadline::after(SOON)
}

fn killed_in_a_lock(steps: Steps) {
    let new = || Shared::new(Mutex::new((1_u64, 1_u64))).unwrap();
    let act = |lock: &Shared<Mutex<(u64, u64)>>| {
        let mut value = lock.lock().unwrap();
        value.0 += 1;
        value.1 += 1;
    };
    kill_at_each_step(steps, new, act, |lock, done| {
        match lock.lock_timeout(SOON).unwrap() {
            Ok(value) => assert!(*value == (2, 2) || *value == (1, 1) && !done),
            Err(died) => drop(died.into_inner()),
        }
        // Told once.
        drop(lock.lock().unwrap());
    });
}

/// What is not told to be unfinished is old or new, and nobody waits.
fn killed_in_an_array(steps: Steps) {
    let new = || Array::in_parts(3, 2, |_| 1_u64).unwrap();
    let act = |array: &Array<u64>| array.write(..2).unwrap().fill(2);
    kill_at_each_step(steps, new, act, |array, done| {
        match array.read_timeout(.., SOON).unwrap() {
            Ok(all) => {
                assert!(all[..4] == [2; 4] || all[..4] == [1; 4] && !done);
                assert_eq!(all[4..], [1; 2]);
            }
            Err(_) => assert!(!done),
        }
        let mended = array.write_timeout(.., SOON).unwrap();
        mended.unwrap_or_else(|died| died.into_inner()).fill(3);
        assert_eq!(array.read_timeout(.., SOON).unwrap().unwrap()[..], [3; 6]);
    });
}

fn killed_in_a_put(steps: Steps) {
    let act = |ring: &Ring| ring.try_put(&[2; 20]).unwrap();
    kill_at_each_step(
        steps,
        || ring(1),
        act,
        |ring, done| {
            assert!(ring.len() == 2 || ring.len() == 1 && !done);
            let put = ring.len() == 2;
            assert_eq!(ring.unfinished(), ring.len());
            ring.put(&[3; 8], soon()).unwrap();
            assert_eq!(rest(ring), if put { &[1, 2, 3][..] } else { &[1, 3] });
            ring.try_put(&[4; 120]).unwrap();
        },
    );
}

fn killed_in_a_get(steps: Steps) {
    kill_a_getter(steps, |ring| ring.try_get(&mut Vec::new()).unwrap());
}

/// `act` gets the first of two items.
pub(crate) fn kill_a_getter(steps: Steps, act: impl Fn(&Ring)) {
    kill_at_each_step(
        steps,
        || ring(2),
        act,
        |ring, done| {
            ring.try_put(&[3; 8]).unwrap();
            let rest = rest(ring);
            assert!(rest == [2, 3] || rest == [1, 2, 3] && !done);
        },
    );
}

/// The item is in the ring, or claimed, or dealt with: always one of them.
fn killed_in_a_claim(steps: Steps) {
    let new = || (ring(2), Shared::new(Mutex::new(false)).unwrap());
    let act = |(ring, dealt_with): &(Ring, Shared<Mutex<bool>>)| {
        let mut item = Vec::new();
        ring.claim(0, &mut item, Deadline::NEVER).unwrap();
        *dealt_with.lock().unwrap() = item[0] == 1;
        ring.release(0);
    };
    kill_at_each_step(steps, new, act, |(ring, dealt_with), done| {
        let dealt_with = *dealt_with.lock().unwrap_or_else(|died| died.into_inner());
        let claimed = match ring.claimed(0) {
            None => false,
            Some(tag) => {
                assert_eq!(tag, [1; 8]);
                true
            }
        };
        assert!(!(done && claimed));
        let rest = rest(ring);
        // Between dealing with it and the release it is both.
        assert_eq!(
            rest,
            if claimed || dealt_with {
                &[2][..]
            } else {
                &[1, 2]
            }
        );
        assert_eq!(ring.claimed(0), None);
    });
}

/// Killed on its way into the line, behind another, or out again in the end.
/// Before it sleeps it looks around for thousands of instructions, so some of
/// them have to be enough.
fn killed_in_the_line(steps: Steps) {
    const EVERY: usize = if cfg!(debug_assertions) { 400 } else { 25 };
    at_each_step(steps, |step| {
        let ring = ring(8);
        let mut first = Stepped::start(|| ring.put(&[9; 120], Deadline::NEVER).unwrap());
        first.run_until_asleep();
        let mut child = Stepped::start(|| {
            let result = ring.put(&[10; 8], Deadline::after(Duration::from_micros(1)));
            assert!(matches!(result, Err(Error::Full)));
        });
        child.step(EVERY * step + fastrand::usize(..EVERY));
        let done = child.done;
        child.kill();
        ring.try_get(&mut Vec::new()).unwrap();
        // The first one still asks for all of it.
        assert!(matches!(ring.try_put(&[11; 8]), Err(Error::Full)));
        first.kill();
        ring.try_put(&[11; 8]).unwrap();
        assert_eq!(rest(&ring), [2, 3, 4, 5, 6, 7, 8, 11]);
        !done && (steps == Steps::All || step < 70)
    });
}

/// Killed while it sleeps in the line and room comes.
fn killed_when_its_turn_has_come(steps: Steps) {
    at_each_step(steps, |step| {
        let ring = ring(8);
        let mut child = Stepped::start(|| ring.put(&[9; 8], Deadline::NEVER).unwrap());
        child.run_until_asleep();
        ring.try_get(&mut Vec::new()).unwrap();
        child.step(step);
        let done = child.done;
        child.kill();
        let put = ring.len() == 8;
        assert!(put || !done);
        if put {
            ring.try_get(&mut Vec::new()).unwrap();
        }
        ring.try_put(&[10; 8]).unwrap();
        let left = if put {
            [3, 4, 5, 6, 7, 8, 9, 10]
        } else {
            [2, 3, 4, 5, 6, 7, 8, 10]
        };
        assert_eq!(rest(&ring), left);
        !done
    });
}

fn killed_in_task_done(steps: Steps) {
    let new = || {
        let ring = ring(2);
        ring.task_done().unwrap();
        ring
    };
    kill_at_each_step(
        steps,
        new,
        |ring| ring.task_done().unwrap(),
        |ring, done| {
            assert!(ring.unfinished() == 0 || !done);
            if ring.unfinished() > 0 {
                ring.task_done().unwrap();
            }
            assert!(ring.join(soon()));
            assert!(matches!(ring.task_done(), Err(Error::TooManyDone)));
        },
    );
}

fn killed_in_close(steps: Steps) {
    kill_at_each_step(
        steps,
        || ring(0),
        Ring::close,
        |ring, done| {
            assert!(ring.is_closed() || !done);
            if !ring.is_closed() {
                ring.put(&[1; 8], soon()).unwrap();
                assert_eq!(rest(ring), [1]);
            }
            ring.close();
            assert!(matches!(
                ring.get(&mut Vec::new(), soon()),
                Err(Error::Closed)
            ));
        },
    );
}
