use super::*;

/// Never too late, and always too late.
const LONG: Duration = Duration::from_secs(3600);
const NONE: Duration = Duration::ZERO;

fn spin(places: usize) -> Spin {
    Spin::new(&Arc::new(Places::new(places)))
}

/// How many requests are slept for until one is looked for again.
fn sleeps(spin: &mut Spin, longest: Duration, found: Option<()>) -> u32 {
    let mut looked = false;
    for sleeps in 0.. {
        let _ = spin.find_within(longest, || {
            looked = true;
            found
        });
        if looked {
            return sleeps;
        }
    }
    unreachable!("it looks again some time");
}

#[test]
fn what_comes_while_one_looks_is_found() {
    let mut spin = spin(1);
    for _ in 0..100 {
        let mut looks = 0;
        let found = spin.find_within(LONG, || {
            looks += 1;
            (looks == 3).then_some("a request")
        });
        assert_eq!(found, Some("a request"));
    }
}

#[test]
fn a_look_in_vain_comes_to_an_end() {
    assert_eq!(spin(1).find(|| None::<()>), None);
}

#[test]
fn who_looks_in_vain_looks_less_and_less() {
    let mut spin = spin(1);
    let after: Vec<u32> = (0..13).map(|_| sleeps(&mut spin, NONE, None)).collect();
    assert_eq!(
        after,
        [0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 1023, 1023]
    );
}

#[test]
fn who_is_lucky_once_does_not_look_as_often_as_before() {
    let mut spin = spin(1);
    for _ in 0..4 {
        sleeps(&mut spin, NONE, None);
    }
    assert_eq!(sleeps(&mut spin, LONG, Some(())), 15);
    assert_eq!(sleeps(&mut spin, LONG, Some(())), 0, "it goes on looking");
    assert_eq!(sleeps(&mut spin, NONE, None), 0);
    assert_eq!(sleeps(&mut spin, NONE, None), 7);
}

#[test]
fn what_is_found_too_late_is_not_lost_and_counts_as_in_vain() {
    let mut spin = spin(1);
    assert_eq!(spin.find_within(NONE, || Some("late")), Some("late"));
    assert_eq!(spin.find_within(LONG, || Some("asleep")), None);
    assert_eq!(spin.find_within(LONG, || Some("in time")), Some("in time"));
}

#[test]
fn only_so_many_look_at_once() {
    let places = Arc::new(Places::new(1));
    let mut one = Spin::new(&places);
    let mut other = Spin::new(&places);
    let inner = one.find_within(LONG, || Some(other.find_within(LONG, || Some(()))));
    assert_eq!(inner, Some(None), "the place is taken");
    let after = other.find_within(LONG, || Some(()));
    assert_eq!(after, Some(()), "the place is free again");
    assert_eq!(spin(0).find_within(LONG, || Some(())), None);
}
