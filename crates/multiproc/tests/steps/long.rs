//! Killed or stopped at a step of putting or getting a text that goes from where it is
//! to where it stays, over the ring's end.

use std::time::Duration;

use multiproc::queue::Error;
use multiproc::queue::process::Queue;

use crate::at_steps;
use crate::killed::kill_at_each_step;
use crate::stepped::{Stepped, Steps, at_each_step};

at_steps![
    killed_in_a_put_of_a_text,
    killed_in_a_get_of_a_text,
    stopped_in_a_get_of_a_text,
];

const SOON: Duration = Duration::from_secs(60);

/// Not all of one letter: what is torn is seen.
fn text(number: u8) -> String {
    let letters = ('a'..='z').cycle().skip(number.into());
    letters.take(1_500).collect()
}

/// A queue whose end is in the middle of the next text but one.
fn queue(items: u8) -> Queue<String> {
    let queue = Queue::with_capacity(8, 4_088).unwrap();
    queue.put(&"first".repeat(300)).unwrap();
    queue.get().unwrap();
    (1..=items).for_each(|n| queue.put(&text(n)).unwrap());
    queue
}

fn rest(queue: &Queue<String>) -> Vec<String> {
    let mut rest = Vec::new();
    loop {
        match queue.try_get() {
            Ok(text) => rest.push(text),
            Err(Error::Empty) => return rest,
            Err(error) => panic!("{error}"),
        }
    }
}

fn killed_in_a_put_of_a_text(steps: Steps) {
    let second = text(2);
    let act = |queue: &Queue<String>| queue.put(&second).unwrap();
    kill_at_each_step(
        steps,
        || queue(1),
        act,
        |queue, done| {
            let put = queue.len() == 2;
            assert!(put || queue.len() == 1 && !done);
            queue.put_timeout(&"last".to_string(), SOON).unwrap();
            let mut left = vec![text(1)];
            left.extend(put.then(|| text(2)));
            left.push("last".to_string());
            assert_eq!(rest(queue), left);
        },
    );
}

/// A queue of which the first text goes over the end.
fn queue_over_the_end() -> Queue<String> {
    let queue = queue(2);
    assert_eq!(queue.get().unwrap(), text(1));
    queue.put(&text(3)).unwrap();
    queue
}

fn killed_in_a_get_of_a_text(steps: Steps) {
    let act = |queue: &Queue<String>| drop(queue.get().unwrap());
    kill_at_each_step(steps, queue_over_the_end, act, |queue, done| {
        let rest = rest(queue);
        assert!(rest == [text(3)] || rest == [text(2), text(3)] && !done);
    });
}

/// Nobody writes over what it still has to copy.
fn stopped_in_a_get_of_a_text(steps: Steps) {
    let second = text(2);
    at_each_step(steps, |step| {
        let queue = queue_over_the_end();
        let mut child = Stepped::start(|| assert!(queue.get().unwrap() == second));
        child.step(step);
        let done = child.done;
        let put = queue.try_put(&text(4)).is_ok();
        assert!(put || !done);
        child.finish();
        let mut left = vec![text(3)];
        left.extend(put.then(|| text(4)));
        assert_eq!(rest(&queue), left);
        !done
    });
}
