//! Tasks that end: by return, by panic, by being dropped.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Waker};

use coroutine::event_loop::{NoResult, Task, run, sleep, spawn};

use crate::{LONG, MS, Told, yield_now};

#[test]
fn an_aborted_task_lets_go_of_what_it_holds() {
    run(async {
        let log = Rc::new(RefCell::new(Vec::new()));
        let held = Told(Rc::clone(&log), "dropped");
        let task = spawn(async move {
            let _held = held;
            pending::<()>().await;
        });
        yield_now().await;
        assert!(!task.is_finished() && log.borrow().is_empty());
        task.abort();
        assert_eq!(*log.borrow(), ["dropped"]);
        assert_eq!(task.await, Err(NoResult));
    })
    .unwrap();
}

#[test]
fn a_task_may_abort_itself_and_one_that_has_ended_is_left_alone() {
    run(async {
        let own: Rc<RefCell<Option<Task<()>>>> = Rc::default();
        let inside = Rc::clone(&own);
        let went_on = Rc::new(Cell::new(false));
        let flag = Rc::clone(&went_on);
        let task = spawn(async move {
            yield_now().await;
            inside.borrow().as_ref().unwrap().abort();
            yield_now().await;
            flag.set(true);
        });
        own.replace(Some(task));
        for _ in 0..10 {
            yield_now().await;
        }
        let task = own.take().unwrap();
        assert!(!went_on.get());
        assert_eq!(task.await, Err(NoResult));

        let mut done = spawn(async { 7 });
        yield_now().await;
        done.abort();
        assert_eq!((&mut done).await, Ok(7));
        assert_eq!(done.await, Err(NoResult));
    })
    .unwrap();
}

#[test]
fn a_dropped_handle_lets_the_task_go_on() {
    run(async {
        let done = Rc::new(Cell::new(false));
        let flag = Rc::clone(&done);
        drop(spawn(async move {
            sleep(MS).await;
            flag.set(true);
        }));
        while !done.get() {
            sleep(MS).await;
        }
    })
    .unwrap();
}

#[test]
fn what_still_runs_at_the_end_is_dropped() {
    let log = Rc::new(RefCell::new(Vec::new()));
    let (one, two, late) = (
        Told(Rc::clone(&log), "one"),
        Told(Rc::clone(&log), "two"),
        Told(Rc::clone(&log), "late"),
    );
    /// Spawns when it is dropped.
    struct Spawns(Option<Told>);
    impl Drop for Spawns {
        fn drop(&mut self) {
            let late = self.0.take();
            drop(spawn(async move {
                let _late = late;
                pending::<()>().await;
            }));
        }
    }
    run(async {
        drop(spawn(async move {
            let _one = one;
            pending::<()>().await;
        }));
        let spawns = Spawns(Some(late));
        drop(spawn(async move {
            let _two = two;
            let _spawns = spawns;
            pending::<()>().await;
        }));
        yield_now().await;
    })
    .unwrap();
    assert_eq!(*log.borrow(), ["one", "late", "two"]);
    // The thread is free for another loop.
    run(async {}).unwrap();
}

#[test]
fn a_panic_is_its_tasks_own() {
    run(async {
        let bad = spawn(async {
            yield_now().await;
            panic!("number {}", 13);
        });
        let good = spawn(async {
            sleep(MS).await;
            "good"
        });
        assert_eq!(bad.await, Err::<(), _>(NoResult));
        assert_eq!(good.await, Ok("good"));
    })
    .unwrap();
}

#[test]
fn a_panic_in_a_destructor_does_not_take_the_loop_along() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }
    run(async {
        let bad = Bad;
        let task = spawn(async move {
            let _bad = bad;
            pending::<()>().await;
        });
        yield_now().await;
        task.abort();
        assert_eq!(task.await, Err(NoResult));
        sleep(MS).await;
    })
    .unwrap();
}

#[test]
fn a_panic_of_main_leaves_the_thread_usable() {
    let log = Rc::new(RefCell::new(Vec::new()));
    let held = Told(Rc::clone(&log), "dropped");
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        run(async move {
            drop(spawn(async move {
                let _held = held;
                pending::<()>().await;
            }));
            yield_now().await;
            panic!("main");
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(*log.borrow(), ["dropped"]);
    assert_eq!(run(async { 1 }).unwrap(), 1);
}

#[test]
fn a_loop_in_a_loop_is_refused_and_so_is_a_timer_without_one() {
    run(async {
        assert!(catch_unwind(|| run(async {})).is_err());
        sleep(MS).await;
    })
    .unwrap();
    let outside = catch_unwind(|| {
        let mut timer = pin!(sleep(LONG));
        let mut context = Context::from_waker(Waker::noop());
        timer.as_mut().poll(&mut context).is_ready()
    });
    assert!(outside.is_err());
}

#[test]
fn a_task_that_aborts_itself_and_returns_aborts_no_other() {
    run(async {
        let own: Rc<RefCell<Option<Task<()>>>> = Rc::default();
        let inside = Rc::clone(&own);
        own.replace(Some(spawn(async move {
            inside.borrow().as_ref().unwrap().abort();
        })));
        let other = spawn(async {
            yield_now().await;
            "here"
        });
        assert_eq!(other.await, Ok("here"));
        let own = own.take().unwrap();
        assert_eq!(own.await, Ok(()));
    })
    .unwrap();
}
