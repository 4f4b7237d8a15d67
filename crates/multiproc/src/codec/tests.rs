use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt::Debug;
use std::time::Duration;

use serde::de::{SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::*;

fn bytes_of<T: Serialize + ?Sized>(item: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(item, &mut bytes).unwrap();
    bytes
}

fn goes_through<T: Serialize + DeserializeOwned + PartialEq + Debug>(item: T) {
    let bytes = bytes_of(&item);
    assert_eq!(decode::<T>(&bytes).unwrap(), item);
    for cut in (0..bytes.len()).take(2_000) {
        assert!(decode::<T>(&bytes[..cut]).is_err(), "{item:?} cut at {cut}");
    }
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Frame {
    name: String,
    pixels: Vec<u8>,
    samples: Vec<f64>,
    points: Vec<[f32; 3]>,
    place: Option<(i16, u64)>,
    more: Vec<Frame>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Nothing,
    Circle(f32),
    Line((u8, u8), (u8, u8)),
    Named { name: String, sides: Vec<u32> },
}

fn frame() -> Frame {
    Frame {
        name: "first".to_string(),
        pixels: (0..1_000).map(|i| i as u8).collect(),
        samples: vec![1.5, f64::MIN, f64::INFINITY],
        points: vec![[1.0, 2.0, 3.0]; 7],
        place: Some((-3, u64::MAX)),
        more: vec![Frame::default(), Frame::default()],
    }
}

#[test]
fn whatever_serde_has_goes_through() {
    goes_through(());
    goes_through((true, false, 'ß', -1_i8, 1_u8, i16::MIN, u16::MAX));
    goes_through((i32::MIN, u32::MAX, i64::MIN, u64::MAX, i128::MIN, u128::MAX));
    goes_through((1.5_f32, -0.0_f64, usize::MAX, isize::MIN));
    goes_through((
        String::new(),
        "a".repeat(254),
        "b".repeat(255),
        "ü".repeat(300),
    ));
    goes_through((None::<u8>, Some(Some(1)), Some(None::<u8>)));
    goes_through(vec![
        Shape::Nothing,
        Shape::Circle(0.5),
        Shape::Line((1, 2), (3, 4)),
        Shape::Named {
            name: "triangle".to_string(),
            sides: vec![3, 4, 5],
        },
    ]);
    goes_through(HashMap::from([
        (1, "one".to_string()),
        (2, "two".to_string()),
    ]));
    goes_through(BTreeMap::from([("k".to_string(), vec![1_u32, 2])]));
    goes_through(VecDeque::from([1_u16, 2, 3]));
    goes_through((
        Duration::MAX,
        [7_u8; 32],
        Box::new([1_i32, 2]) as Box<[i32]>,
    ));
    goes_through(frame());
}

#[test]
fn vectors_of_numbers_go_through() {
    goes_through(Vec::<u8>::new());
    goes_through(vec![7_u8; 300]);
    goes_through(vec![-7_i8; 3]);
    goes_through(vec![u16::MAX; 3]);
    goes_through(vec![i32::MIN; 300]);
    goes_through(vec![u128::MAX; 3]);
    goes_through(vec![f32::MIN_POSITIVE; 3]);
    goes_through(vec![[1.5_f64; 4]; 30]);
    goes_through(vec![[1_u8; 3]; 30]);
    goes_through(vec![true, false]);
    goes_through(vec!['a', 'ß']);
    goes_through(vec![(), ()]);
    goes_through(vec![[1_u64; 5]; 3]);
}

/// The numbers as a sequence that nobody recognises.
struct Slowly<'a, T>(&'a [T]);

impl<T: Serialize> Serialize for Slowly<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.0.len()))?;
        for item in self.0 {
            seq.serialize_element(item)?;
        }
        seq.end()
    }
}

#[test]
fn the_fast_way_and_the_slow_way_give_the_same_bytes() {
    fn same<T: Serialize>(items: &[T]) {
        assert_eq!(bytes_of(items), bytes_of(&Slowly(items)));
    }
    same(&[1_u8, 2, 255]);
    same(&[1_u32, 2, u32::MAX]);
    same(&[i64::MIN, 3]);
    same(&[1.5_f32, f32::NAN]);
    same(&[[1.5_f32, 2.5, 3.5]; 100]);
    same(&[[1_u16, 2]; 100]);
    same(&vec![u128::MAX; 255]);
}

#[test]
fn recognised_are_serdes_own_visitors_alone() {
    /// A `Vec<u8>` too, but another one than what came.
    #[derive(Debug, PartialEq)]
    struct Doubled(Vec<u8>);
    struct Doubles;

    impl<'de> Visitor<'de> for Doubles {
        type Value = Vec<u8>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("numbers")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<u8>, A::Error> {
            let mut vec = Vec::new();
            while let Some(item) = seq.next_element::<u8>()? {
                vec.push(2 * item);
            }
            Ok(vec)
        }
    }

    impl<'de> Deserialize<'de> for Doubled {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_seq(Doubles).map(Doubled)
        }
    }

    let bytes = bytes_of(&vec![1_u8, 2]);
    assert_eq!(decode::<Doubled>(&bytes).unwrap(), Doubled(vec![2, 4]));
}

#[test]
fn vectors_of_numbers_are_recognised() {
    // Would serde change its inner workings, all would be as slow as it was.
    let items = [1_u32, 2];
    assert!(slices::of_numbers(&items.iter()).is_some());
    assert!(slices::of_numbers(&[[1.0_f32; 3]].iter()).is_some());
    assert!(slices::of_numbers(&[true].iter()).is_none());
    fn is_recognised<T: DeserializeOwned + Debug>() -> bool {
        let error = T::deserialize(Tries).unwrap_err();
        error.to_string() == "recognised"
    }
    assert!(is_recognised::<Vec<u8>>());
    assert!(is_recognised::<Vec<f64>>());
    assert!(is_recognised::<Vec<[f32; 3]>>());
    assert!(is_recognised::<Box<[u16]>>());
    assert!(!is_recognised::<Vec<bool>>());
    assert!(!is_recognised::<VecDeque<u8>>());
}

/// Says whether the visitor that asks for a sequence is recognised.
struct Tries;

impl<'de> Deserializer<'de> for Tries {
    type Error = Error;

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut reader = de::Reader::new(&[]);
        let recognised = slices::vec_of_numbers(visitor, &mut reader, 0).is_ok();
        let word = if recognised { "recognised" } else { "no" };
        Err(Error::Custom(word.to_string()))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::Custom("not a sequence".to_string()))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        option unit unit_struct newtype_struct tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

#[test]
fn a_sequence_of_unknown_length_is_counted() {
    struct Odd(u32);
    impl Serialize for Odd {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq((0..self.0).filter(|i| i % 2 == 1))
        }
    }
    let odd: Vec<u32> = decode(&bytes_of(&Odd(600))).unwrap();
    assert!(odd.into_iter().eq((1..600).step_by(2)));
}

#[test]
fn what_cannot_be_is_an_error() {
    let error = |bytes: &[u8]| decode::<(bool, Option<u8>, String)>(bytes).unwrap_err();
    assert!(matches!(error(&[2]), Error::Invalid(_)));
    assert!(matches!(error(&[1, 7]), Error::Invalid(_)));
    assert!(matches!(error(&[1, 0, 1, 0xff]), Error::Invalid(_)));
    assert!(matches!(error(&[1, 0, 0, 9]), Error::Trailing(1)));
    assert!(decode::<Shape>(&[9]).is_err());
    assert!(decode::<char>(&[0, 0xd8, 0, 0]).is_err());
}

#[test]
fn a_length_that_is_a_lie_costs_neither_memory_nor_time() {
    let mut bytes = vec![255; 9];
    bytes.extend([1; 100]);
    assert!(decode::<Vec<u8>>(&bytes).is_err());
    assert!(decode::<Vec<u64>>(&bytes).is_err());
    assert!(decode::<Vec<String>>(&bytes).is_err());
    assert!(decode::<Vec<()>>(&bytes).is_err());
    assert!(decode::<String>(&bytes).is_err());
    assert!(decode::<HashMap<u8, ()>>(&bytes).is_err());
    // Eight times this is 0.
    let mut bytes = vec![255, 0, 0, 0, 0, 0, 0, 0, 0x20];
    bytes.extend([1; 100]);
    assert!(decode::<Vec<u64>>(&bytes).is_err());
}

#[test]
fn a_type_that_has_to_ask_is_named_with_the_way_out() {
    #[derive(Debug, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u32),
        Text(String),
    }
    let bytes = bytes_of(&Either::Number(3));
    let said = decode::<Either>(&bytes).unwrap_err().to_string();
    assert!(
        said.contains("Either`") && said.contains("serde_json::to_string"),
        "{said}"
    );
    let said = decode::<serde_json::Value>(&bytes_of(&serde_json::json!({"a": [1]})));
    let said = said.unwrap_err().to_string();
    assert!(said.contains("serde_json::value::Value"), "{said}");
}

#[test]
fn a_field_that_is_left_out_is_refused_when_it_is_written() {
    #[derive(Serialize)]
    struct Sparse {
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<u8>,
    }
    assert!(encode(&Sparse { note: Some(1) }, &mut Vec::new()).is_ok());
    let error = encode(&Sparse { note: None }, &mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("`note`"), "{error}");
}

#[test]
fn scratch_memory_is_kept_for_large_items_and_given_back_after_small_ones() {
    let with = |size| {
        with_scratch(|bytes| {
            bytes.resize(size, 1);
            bytes.as_ptr()
        })
    };
    let first = with(8 << 20);
    assert_eq!(with(8 << 20), first);
    let capacity = || with_scratch(|bytes| bytes.capacity());
    assert!(capacity() >= 8 << 20);
    for _ in 0..1_000 {
        with(8);
    }
    assert!(capacity() <= 1 << 20);
    // Nested: another buffer.
    with_scratch(|outer| {
        outer.push(1);
        with_scratch(|inner| assert!(inner.is_empty()));
    });
}

/// Nine bytes may announce any number of them.
#[test]
fn items_without_bytes_cost_a_bounded_time() {
    #[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
    struct Skipped {
        #[serde(skip)]
        kept: [u64; 4],
    }
    let count = |free: u64| [&[255][..], &free.to_le_bytes()].concat();
    let two = [&[2][..], &count(1 << 23), &count(1 << 23)].concat();
    assert_eq!(decode::<Vec<Vec<()>>>(&two).unwrap()[1].len(), 1 << 23);
    let three = [&[3][..], &two[1..], &count(1 << 23)].concat();
    let refused = decode::<Vec<Vec<()>>>(&three);
    assert!(matches!(refused, Err(Error::Short)));
    let refused = decode::<Vec<Skipped>>(&count(1 << 25));
    assert!(matches!(refused, Err(Error::Short)));
    // Those that take bytes are as many as there are bytes.
    let nested = vec![vec![vec![Some(Skipped::default()); 2]; 300]; 3];
    goes_through(nested);
    goes_through(vec![Skipped::default(); 100_000]);
}

/// A log that is sent when its thread ends, say.
#[test]
fn what_a_thread_drops_last_can_be_sent() {
    struct Last(std::sync::mpsc::Sender<Vec<u8>>);
    impl Drop for Last {
        fn drop(&mut self) {
            let bytes = with_scratch(|bytes| encode("last", bytes).map(|()| bytes.clone()));
            self.0.send(bytes.unwrap()).unwrap();
        }
    }
    thread_local! {
        static LAST: std::cell::OnceCell<Last> = const { std::cell::OnceCell::new() };
    }
    let (sender, receiver) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(|| {
        // Whatever was used first is dropped last.
        LAST.with(|last| last.set(Last(sender)).ok().unwrap());
        with_scratch(|bytes| encode("first", bytes)).unwrap();
    });
    thread.join().unwrap();
    assert_eq!(receiver.recv().unwrap(), bytes_of("last"));
}
