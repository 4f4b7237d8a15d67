//! Wake-ups from elsewhere, and too late.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};
use std::thread;

use coroutine::event_loop::{run, spawn};

use crate::yield_now;

/// Leaves its waker, and waits until the flag is up.
async fn until_told(wakers: mpsc::Sender<Waker>, told: Arc<AtomicBool>) {
    let mut left = Some(wakers);
    poll_fn(|context| {
        if let Some(wakers) = left.take() {
            wakers.send(context.waker().clone()).unwrap();
        }
        match told.load(Ordering::Acquire) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
}

#[test]
fn another_thread_wakes_the_sleeping_loop() {
    for _ in 0..500 {
        let (wakers, received) = mpsc::channel::<Waker>();
        let told = Arc::<AtomicBool>::default();
        let flag = Arc::clone(&told);
        let thread = thread::spawn(move || {
            let waker = received.recv().unwrap();
            flag.store(true, Ordering::Release);
            waker.wake_by_ref();
            waker
        });
        // No timer is there: without the wake-up this would wait for ever.
        run(until_told(wakers, told)).unwrap();
        // After the end of the task and of the loop: nothing happens.
        thread.join().unwrap().wake();
    }
}

#[test]
fn a_waker_that_outlives_its_task_wakes_nobody_else() {
    run(async {
        let kept: Rc<RefCell<Option<Waker>>> = Rc::default();
        let keeper = Rc::clone(&kept);
        spawn(poll_fn(move |context| {
            keeper.replace(Some(context.waker().clone()));
            Poll::Ready(())
        }))
        .await
        .unwrap();
        let polled = Rc::new(Cell::new(0));
        let count = Rc::clone(&polled);
        let other = spawn(poll_fn(move |_| {
            count.set(count.get() + 1);
            Poll::<()>::Pending
        }));
        for _ in 0..5 {
            kept.borrow().as_ref().unwrap().wake_by_ref();
            yield_now().await;
        }
        assert_eq!(polled.get(), 1);
        other.abort();
    })
    .unwrap();
}
