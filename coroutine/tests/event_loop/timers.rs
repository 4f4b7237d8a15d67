//! Sleeping and time-outs.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use coroutine::event_loop::{run, sleep, spawn, timeout};

use crate::{LONG, MS, Told};

#[test]
fn timers_fire_in_the_order_of_their_times() {
    run(async {
        let woken = Rc::new(RefCell::new(Vec::new()));
        let tasks: Vec<_> = (0..5_000_u64)
            .map(|n| {
                let (time, woken) = (n * 7_919 % 50, Rc::clone(&woken));
                let timer = sleep(Duration::from_millis(time));
                spawn(async move {
                    timer.await;
                    woken.borrow_mut().push(time);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(woken.borrow().len(), 5_000);
    })
    .unwrap();
}

#[test]
fn nearer_timers_are_first_whoever_began_first() {
    // Far apart, for a machine that lets this thread wait between two of them.
    let order = run(async {
        let order = Rc::new(RefCell::new(Vec::new()));
        let tasks = [600, 200, 400, 0].map(|time| {
            let order = Rc::clone(&order);
            let timer = sleep(MS * time);
            spawn(async move {
                timer.await;
                order.borrow_mut().push(time);
            })
        });
        for task in tasks {
            task.await.unwrap();
        }
        order.take()
    });
    assert_eq!(order.unwrap(), [0, 200, 400, 600]);
}

#[test]
fn a_time_out_drops_what_it_waited_for() {
    run(async {
        let log = Rc::new(RefCell::new(Vec::new()));
        let held = Told(Rc::clone(&log), "dropped");
        let slow = async move {
            let _held = held;
            sleep(LONG).await;
        };
        assert!(timeout(MS, slow).await.is_err());
        assert_eq!(*log.borrow(), ["dropped"]);
        // What is there counts, even when there was no time at all.
        assert_eq!(timeout(Duration::ZERO, async { 5 }).await, Ok(5));
        assert_eq!(timeout(Duration::MAX, async { 6 }).await, Ok(6));
    })
    .unwrap();
}
