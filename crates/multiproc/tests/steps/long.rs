//! Killed at a step of putting or getting a text that goes from where it is to where it
//! stays, over the ring's end.

use std::time::Duration;

use multiproc::queue::Error;
use multiproc::queue::process::Queue;

use crate::at_steps;
use crate::killed::kill_at_each_step;
use crate::stepped::Steps;

at_steps![killed_in_a_put_of_a_text, killed_in_a_get_of_a_text];

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

fn killed_in_a_get_of_a_text(steps: Steps) {
    let new = || {
        let queue = queue(2);
        assert_eq!(queue.get().unwrap(), text(1));
        queue.put(&text(3)).unwrap();
        queue
    };
    let act = |queue: &Queue<String>| drop(queue.get().unwrap());
    kill_at_each_step(steps, new, act, |queue, done| {
        let rest = rest(queue);
        assert!(rest == [text(3)] || rest == [text(2), text(3)] && !done);
    });
}
