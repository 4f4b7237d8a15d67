//! Killed at a step of writing and reading in place.

use multiproc::deadline::Deadline;
use multiproc::queue::process::Ring;

use crate::at_steps;
use crate::killed::{kill_a_getter, kill_at_each_step, rest, ring, soon};
use crate::stepped::{Stepped, Steps, at_each_step};

at_steps![
    killed_while_it_writes_in_place,
    killed_while_it_writes_over_the_end,
    killed_while_it_reads_in_place,
    killed_when_its_turn_to_write_has_come,
];

fn write(ring: &Ring, len: usize) {
    let mut room = ring.reserve(len, Deadline::NEVER).unwrap();
    room.fill(2);
    room.put();
}

fn check_written(ring: &Ring, done: bool) {
    let put = ring.len() == 2;
    assert!(put || ring.len() == 1 && !done);
    assert_eq!(ring.unfinished(), 1 + usize::from(put));
    ring.put(&[3; 8], soon()).unwrap();
    assert_eq!(rest(ring), if put { &[1, 2, 3][..] } else { &[1, 3] });
    ring.try_put(&[4; 120]).unwrap();
}

fn killed_while_it_writes_in_place(steps: Steps) {
    kill_at_each_step(steps, || ring(1), |ring| write(ring, 20), check_written);
}

fn killed_while_it_writes_over_the_end(steps: Steps) {
    let new = || {
        // The ring's end is two units behind the first item.
        let ring = Ring::new(100, 120, 1).unwrap();
        ring.try_put(&[0; 88]).unwrap();
        ring.try_put(&[1; 8]).unwrap();
        drop(ring.front(Deadline::NEVER).unwrap());
        ring.task_done().unwrap();
        ring
    };
    kill_at_each_step(steps, new, |ring| write(ring, 20), check_written);
}

fn killed_while_it_reads_in_place(steps: Steps) {
    kill_a_getter(steps, |ring| {
        let item = ring.front(Deadline::NEVER).unwrap();
        assert_eq!(item[..], [1; 8]);
    });
}

/// Asleep in the line when room comes.
fn killed_when_its_turn_to_write_has_come(steps: Steps) {
    at_each_step(steps, |step| {
        let ring = ring(8);
        let mut child = Stepped::start(|| write(&ring, 8));
        child.run_until_asleep();
        ring.try_get(&mut Vec::new()).unwrap();
        child.step(step);
        let done = child.done;
        child.kill();
        let put = ring.len() == 8;
        assert!(put || !done);
        if !put {
            ring.try_put(&[2; 8]).unwrap();
        }
        assert_eq!(rest(&ring), [2, 3, 4, 5, 6, 7, 8, 2]);
        !done
    });
}
