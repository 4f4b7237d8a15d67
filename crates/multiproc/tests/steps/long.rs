//! Killed or stopped at a step of putting or getting a vector that goes from where it is
//! to where it stays, over the ring's end.

use std::time::Duration;

use multiproc::queue::Error;
use multiproc::queue::process::Queue;

use crate::at_steps;
use crate::killed::kill_at_each_step;
use crate::stepped::{Stepped, Steps, at_each_step};

at_steps![
    killed_in_a_put_of_a_vector,
    killed_in_a_get_of_a_vector,
    stopped_in_a_get_of_a_vector,
];

const SOON: Duration = Duration::from_secs(60);

/// Not all of one number: what is torn is seen. (Not a text: to look through it takes
/// most of the steps, and is done in memory of the process's own.)
fn vector(number: u8) -> Vec<u8> {
    (0..=255).cycle().skip(number.into()).take(1_500).collect()
}

/// A queue whose end is in the middle of the next vector but one.
fn queue(items: u8) -> Queue<Vec<u8>> {
    let queue = Queue::with_capacity(8, 4_088).unwrap();
    queue.put(&vec![7; 1_500]).unwrap();
    queue.get().unwrap();
    (1..=items).for_each(|n| queue.put(&vector(n)).unwrap());
    queue
}

fn rest(queue: &Queue<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut rest = Vec::new();
    loop {
        match queue.try_get() {
            Ok(vector) => rest.push(vector),
            Err(Error::Empty) => return rest,
            Err(error) => panic!("{error}"),
        }
    }
}

fn killed_in_a_put_of_a_vector(steps: Steps) {
    let second = vector(2);
    let act = |queue: &Queue<Vec<u8>>| queue.put(&second).unwrap();
    kill_at_each_step(
        steps,
        || queue(1),
        act,
        |queue, done| {
            let put = queue.len() == 2;
            assert!(put || queue.len() == 1 && !done);
            queue.put_timeout(&vec![9], SOON).unwrap();
            let mut left = vec![vector(1)];
            left.extend(put.then(|| vector(2)));
            left.push(vec![9]);
            assert_eq!(rest(queue), left);
        },
    );
}

/// A queue of which the first vector goes over the end.
fn queue_over_the_end() -> Queue<Vec<u8>> {
    let queue = queue(2);
    assert_eq!(queue.get().unwrap(), vector(1));
    queue.put(&vector(3)).unwrap();
    queue
}

fn killed_in_a_get_of_a_vector(steps: Steps) {
    let act = |queue: &Queue<Vec<u8>>| drop(queue.get().unwrap());
    kill_at_each_step(steps, queue_over_the_end, act, |queue, done| {
        let rest = rest(queue);
        assert!(rest == [vector(3)] || rest == [vector(2), vector(3)] && !done);
    });
}

/// Nobody writes over what it still has to copy.
fn stopped_in_a_get_of_a_vector(steps: Steps) {
    let second = vector(2);
    at_each_step(steps, |step| {
        let queue = queue_over_the_end();
        let mut child = Stepped::start(|| assert!(queue.get().unwrap() == second));
        child.step(step);
        let done = child.done;
        let put = queue.try_put(&vector(4)).is_ok();
        assert!(put || !done);
        child.finish();
        let mut left = vec![vector(3)];
        left.extend(put.then(|| vector(4)));
        assert_eq!(rest(&queue), left);
        !done
    });
}
