//! Which item is next, and what is refused.

use std::sync::Arc;
use std::time::Duration;

use super::{Error, MOMENT, Queue, forms, put_all, take_all};

#[test]
fn each_form_has_its_order() {
    let orders = [[3, 1, 2, 1], [1, 2, 1, 3], [1, 1, 2, 3]];
    for (queue, expected) in forms(0).iter().zip(orders) {
        put_all(queue, [3, 1, 2, 1]);
        assert_eq!(take_all(queue), expected);
    }
}

#[test]
fn equals_of_a_priority_queue_keep_their_order() {
    /// Equal by urgency alone.
    #[derive(Debug)]
    struct Job(u32, &'static str);
    impl Ord for Job {
        fn cmp(&self, other: &Self) -> std::cmp::Ordering {
            self.0.cmp(&other.0)
        }
    }
    impl PartialOrd for Job {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }
    impl PartialEq for Job {
        fn eq(&self, other: &Self) -> bool {
            self.cmp(other).is_eq()
        }
    }
    impl Eq for Job {}

    let queue = Queue::priority(0);
    put_all(&queue, [Job(2, "c"), Job(1, "a"), Job(2, "d"), Job(1, "b")]);
    let names: Vec<_> = take_all(&queue).iter().map(|job| job.1).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
}

#[test]
fn a_large_bound_reserves_nothing() {
    // As a channel this would take all memory there is.
    let queue = Queue::new(usize::MAX);
    put_all(&queue, [1, 2, 3]);
    assert_eq!(queue.capacity(), Some(usize::MAX));
    assert_eq!(take_all(&queue), [1, 2, 3]);
    // As a ring this one would.
    let queue = Queue::<[u8; 1 << 20]>::new(60_000);
    assert_eq!((queue.capacity(), queue.len()), (Some(60_000), 0));
}

#[test]
fn a_full_queue_gives_the_item_back() {
    for queue in forms(2) {
        assert_eq!(queue.capacity(), Some(2));
        put_all(&queue, ["a".to_string(), "b".to_string()]);
        assert!(queue.is_full());
        assert_eq!(queue.len(), 2);
        for outcome in [
            queue.try_put("c".into()),
            queue.put_timeout("c".into(), MOMENT),
            queue.put_timeout("c".into(), Duration::ZERO),
        ] {
            let rejected = outcome.unwrap_err();
            assert_eq!(rejected.to_string(), "the queue is full");
            assert_eq!(rejected.item, "c");
            assert!(matches!(Error::from(rejected), Error::Full));
        }
        assert_eq!(queue.unfinished(), 2);
        queue.get().unwrap();
        assert!(!queue.is_full());
        queue.put_timeout("c".into(), Duration::MAX).unwrap();
    }
}

/// As many as there is room for, again and again: the counts go on from lap to lap.
#[test]
fn a_queue_of_any_size_is_filled_many_times() {
    for maxsize in [1, 2, 3, 5, 64, 100] {
        let queue = Queue::new(maxsize);
        for lap in 0..5 {
            for number in 0..maxsize {
                assert_eq!(queue.len(), number);
                queue.try_put((lap, number)).unwrap();
            }
            assert!(queue.is_full() && queue.try_put((lap, maxsize)).is_err());
            assert_eq!(queue.unfinished(), maxsize as u64);
            for number in 0..maxsize {
                assert_eq!(queue.try_get().unwrap(), (lap, number));
                assert!(!queue.is_full());
                queue.task_done().unwrap();
            }
            assert!(queue.is_empty() && matches!(queue.task_done(), Err(Error::TooManyDone)));
        }
    }
}

#[test]
fn what_nobody_got_is_dropped_with_the_queue() {
    let item = Arc::new(());
    for maxsize in [0, 3, 5] {
        for queue in forms(maxsize) {
            put_all(&queue, [(); 3].map(|()| Arc::clone(&item)));
            drop(queue.get().unwrap());
            put_all(&queue, [Arc::clone(&item)]);
            assert_eq!(Arc::strong_count(&item), 4);
            queue.close();
        }
        assert_eq!(Arc::strong_count(&item), 1);
    }
}

#[test]
fn an_item_of_any_kind_can_be_rejected() {
    struct Opaque(std::sync::mpsc::Sender<()>);
    let queue = Queue::new(1);
    let item = || Opaque(std::sync::mpsc::channel().0);
    queue.put(item()).unwrap();
    let error: Box<dyn std::error::Error + Send + Sync> =
        Box::new(queue.try_put(item()).unwrap_err());
    assert_eq!(error.to_string(), "the queue is full");
    assert!(queue.get().unwrap().0.send(()).is_err());
}

#[test]
fn an_empty_queue_says_so() {
    for queue in forms::<u8>(0) {
        assert!(queue.is_empty() && !queue.is_full());
        assert_eq!(queue.capacity(), None);
        assert!(matches!(queue.try_get(), Err(Error::Empty)));
        assert!(matches!(queue.get_timeout(MOMENT), Err(Error::Empty)));
        let zero = queue.get_timeout(Duration::ZERO);
        assert!(matches!(zero, Err(Error::Empty)));
        queue.put(7).unwrap();
        assert!(!queue.is_empty());
        assert_eq!(queue.get_timeout(Duration::MAX).unwrap(), 7);
    }
}

#[test]
fn task_done_is_counted() {
    for queue in forms(0) {
        assert!(queue.join_timeout(Duration::ZERO), "nothing to wait for");
        assert!(matches!(queue.task_done(), Err(Error::TooManyDone)));
        put_all(&queue, [1, 2]);
        take_all(&queue);
        queue.task_done().unwrap();
        assert_eq!(queue.unfinished(), 1);
        assert!(!queue.join_timeout(MOMENT));
        queue.task_done().unwrap();
        queue.join();
        assert!(matches!(queue.task_done(), Err(Error::TooManyDone)));
        assert_eq!(queue.unfinished(), 0);
    }
}
