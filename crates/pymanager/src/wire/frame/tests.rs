use std::io::Write;
use std::net::TcpListener;
use std::thread;

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);

fn pair() -> (TcpStream, Channel) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let raw = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    (
        raw,
        Channel::new(Arc::new(stream), PATIENCE, PATIENCE).unwrap(),
    )
}

fn next(channel: &mut Channel, limit: usize) -> Result<Option<Vec<u8>>, FrameError> {
    let message = channel.receive(limit, Deadline::after(PATIENCE))?;
    Ok(message.map(<[u8]>::to_vec))
}

#[test]
fn messages_come_out_however_their_bytes_arrive() {
    let (mut raw, mut channel) = pair();
    raw.set_nodelay(true).unwrap();
    let long = vec![7; 300_000];
    let mut bytes = Vec::new();
    for message in [&b"one"[..], b"", b"three", &long] {
        bytes.extend((message.len() as i32).to_be_bytes());
        bytes.extend(message);
    }
    bytes.extend([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 2, b'o', b'k']);
    let writer = thread::spawn(move || {
        let (slow, fast) = bytes.split_at(21);
        for byte in slow {
            raw.write_all(&[*byte]).unwrap();
        }
        raw.write_all(fast).unwrap();
    });
    for message in [&b"one"[..], b"", b"three", &long, b"ok"] {
        assert_eq!(next(&mut channel, 1 << 20).unwrap().unwrap(), message);
    }
    assert_eq!(next(&mut channel, 1 << 20).unwrap(), None);
    writer.join().unwrap();
}

#[test]
fn what_is_announced_and_does_not_come_costs_no_memory() {
    let (mut raw, mut channel) = pair();
    raw.write_all(&(1i32 << 30).to_be_bytes()).unwrap();
    drop(raw);
    assert!(matches!(
        next(&mut channel, 1 << 30),
        Err(FrameError::CutShort { .. })
    ));
    assert!(channel.inbox.capacity() <= 2 * LARGE);
}

#[test]
fn lengths_that_cannot_be_are_refused_before_anything_is_read() {
    for (header, limit) in [
        (&[0x80, 0, 0, 0][..], 1 << 20),
        (&[0xff, 0xff, 0xff, 0xfe], 1 << 20),
        (&[0, 0, 1, 1], 256),
        (&[0xff; 12], usize::MAX - 12),
        (&[0xff, 0xff, 0xff, 0xff, 0, 0, 1, 0, 0, 0, 0, 0], 1 << 30),
    ] {
        let (mut raw, mut channel) = pair();
        raw.write_all(header).unwrap();
        let outcome = next(&mut channel, limit);
        let refused = matches!(
            outcome,
            Err(FrameError::BadLength(_) | FrameError::TooLarge { .. })
        );
        assert!(refused, "{header:?}: {outcome:?}");
    }
}

#[test]
fn an_end_inside_a_message_is_told_from_one_between_two() {
    for cut in 1..7 {
        let (mut raw, mut channel) = pair();
        raw.write_all(&[0, 0, 0, 3, 1, 2, 3][..cut]).unwrap();
        drop(raw);
        let outcome = next(&mut channel, 9);
        assert!(matches!(outcome, Err(FrameError::CutShort { .. })), "{cut}");
    }
}

#[test]
fn a_silent_peer_is_given_up_at_the_deadline() {
    let (_raw, mut channel) = pair();
    let soon = Deadline::after(Duration::from_millis(20));
    assert!(matches!(
        channel.receive(9, soon),
        Err(FrameError::TimedOut)
    ));
}

#[test]
fn memory_for_a_long_message_is_given_back() {
    let (mut raw, mut channel) = pair();
    let writer = thread::spawn(move || {
        raw.write_all(&(1i32 << 20).to_be_bytes()).unwrap();
        raw.write_all(&vec![1; 1 << 20]).unwrap();
        raw.write_all(&[0, 0, 0, 1, 2]).unwrap();
        raw
    });
    next(&mut channel, 1 << 20).unwrap();
    next(&mut channel, 1 << 20).unwrap();
    let mut raw = writer.join().unwrap();
    raw.write_all(&[0, 0, 0, 1, 3]).unwrap();
    assert_eq!(next(&mut channel, 9).unwrap(), Some(vec![3]));
    assert!(channel.inbox.capacity() <= LARGE);
}
