//! Long items, which go from where they are to where they stay.

use super::*;
use crate::codec;

/// Two types of item in one ring, as after a mistake, or a stray write.
fn as_other<A, B>(queue: &Queue<A>) -> Queue<B> {
    Queue {
        ring: Arc::clone(&queue.ring),
        _item: PhantomData,
    }
}

/// Puts and gets `item` until it has begun, and has been cut by the ring's end, at
/// every place that there is for it.
fn comes_back<T>(item: &T)
where
    T: Serialize + DeserializeOwned + PartialEq,
{
    let queue: Queue<T> = Queue::with_capacity(2, 4088).unwrap();
    for round in 0..1024 {
        queue.put(item).unwrap();
        let back = match round % 2 {
            0 => queue.get().unwrap(),
            _ => queue.try_get().unwrap(),
        };
        assert!(back == *item, "round {round}");
        assert!(queue.is_empty());
        queue.try_put(item).unwrap();
        assert!(queue.get().unwrap() == *item, "round {round}");
    }
}

#[test]
fn an_item_comes_back_wherever_the_end_of_the_ring_cuts_it() {
    for len in [0, 1, LONG - 1, LONG, LONG + 1, 2_003, 4_079] {
        comes_back(&(0..len).map(|n| n as u8).collect::<Vec<_>>());
        comes_back(&"a".repeat(len));
        comes_back(&"é".repeat(len / 2));
        comes_back(&format!("{}日本語", "a".repeat(len.saturating_sub(9))));
    }
    comes_back(&(0..400).map(|n| [n as f32, 0.5]).collect::<Vec<_>>());
    comes_back(&(0..130_u32).map(u128::from).collect::<Vec<u128>>());
}

#[test]
fn a_text_is_one_wherever_it_ceases_to_be_ascii() {
    let queue: Queue<String> = Queue::with_capacity(2, 1 << 20).unwrap();
    const PIECE: usize = 64 << 10;
    for place in [0, 1, 70, PIECE - 2, PIECE - 1, PIECE, 2 * PIECE - 1] {
        let mut text = "a".repeat(place);
        text.push_str("日本語");
        text.push_str(&"a".repeat(3 * PIECE - place));
        queue.put(&text).unwrap();
        assert!(queue.get().unwrap() == text, "{place}");
    }
}

#[test]
fn what_is_no_text_is_an_error_wherever_it_is_not_and_the_next_item_is_there() {
    let bytes: Queue<Vec<u8>> = Queue::with_capacity(8, 1 << 20).unwrap();
    let texts: Queue<String> = as_other(&bytes);
    const LEN: usize = 200_000;
    for place in [0, 1, 1_023, 65_535, 65_536, 131_071, LEN - 1] {
        let mut item = vec![b'a'; LEN];
        // The first of two bytes of a char, without the second.
        item[place] = 0xc3;
        bytes.put(&item).unwrap();
        texts.put(&"next".repeat(LONG)).unwrap();
        let error = texts.get().unwrap_err();
        let invalid = matches!(error, Error::Codec(codec::Error::Invalid(_)));
        assert!(invalid, "{place}: {error}");
        assert_eq!(texts.get().unwrap(), "next".repeat(LONG));
    }
}

#[test]
fn a_long_item_of_another_type_is_an_error_and_the_next_one_is_there() {
    let bytes: Queue<Vec<u8>> = Queue::with_capacity(8, 1 << 20).unwrap();
    let numbers: Queue<Vec<u32>> = as_other(&bytes);
    bytes.put(&vec![7; 5_000]).unwrap();
    numbers.put(&vec![8; 5_000]).unwrap();
    let error = numbers.get().unwrap_err();
    assert!(
        matches!(error, Error::Codec(codec::Error::Short)),
        "{error}"
    );
    assert_eq!(numbers.get().unwrap(), vec![8; 5_000]);
}
