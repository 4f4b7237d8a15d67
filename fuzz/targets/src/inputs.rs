//! Inputs drawn from a seed: bytes that look like what the targets expect, so that most
//! come further than the first check.

use fastrand::Rng;

/// For [`pickle`](crate::pickle()).
pub fn pickle(rng: &mut Rng) -> Vec<u8> {
    const PLAIN: &[u8] = b"N\x88\x89)]}\x8f(te\x85\x86\x87aeu\x90\x91\x94s02.R\x81\x92b1lodp";
    const PIECES: &[&[u8]] = &[
        b"\x8c\x01a",
        b"\x8c\x01a\x94",
        b"C\x01b",
        b"U\x01\xff",
        b"cm\nC\n",
        b"cm\nC\n)\x81",
        b"cbuiltins\nset\n",
        b"cbuiltins\nbytearray\n)R",
        b"cbuiltins\ncomplex\nG\0\0\0\0\0\0\0\0G\0\0\0\0\0\0\0\0\x86R",
        b"c_codecs\nencode\n\x8c\x02\xc3\xa9\x8c\x06latin1\x86R",
        b"cdecimal\nDecimal\n\x8c\x041E+5\x85R",
        b"cfractions\nFraction\nK\x06K\x04\x86R",
        b"cdatetime\ndate\nC\x04\x07\xe8\x02\x1d\x85R",
        b"cdatetime\ntimedelta\nK\x01K\x02K\x03\x87R",
        b"cbuiltins\nrange\nK\0K\x05K\x02\x87R",
        b"ccopy_reg\n_reconstructor\n(cm\nC\nc__builtin__\nobject\nNtR",
        b"J\xff\xff\xff\xff",
        b"G\x7f\xf0\0\0\0\0\0\0",
        b"G\x7f\xf8\0\0\0\0\0\0",
        b"\x8a\x09\0\0\0\0\0\0\0\x80\0",
        b"I01\n",
        b"L123456789012345678901234567890L\n",
        b"F1.5\n",
        b"S'a\\x00'\n",
        b"V\\u4e2d\n",
        b"(iqueue\nEmpty\n",
    ];
    let mut message = match rng.u8(..8) {
        0 => Vec::new(),
        protocol => vec![0x80, protocol.clamp(2, 5)],
    };
    for _ in 0..rng.usize(..40) {
        match rng.u8(..8) {
            0..4 => message.push(PLAIN[rng.usize(..PLAIN.len())]),
            4 => message.extend([b"KhqC\x8cU\x8a"[rng.usize(..7)], rng.u8(..8)]),
            5 | 6 => message.extend(PIECES[rng.usize(..PIECES.len())]),
            _ => message.push(rng.u8(..)),
        }
    }
    // Bring the stack down to one value, more often than chance would.
    if rng.bool() {
        message.extend(b"t");
    }
    message.push(b'.');
    message
}

/// For [`frame`](crate::frame()).
pub fn frame(rng: &mut Rng) -> Vec<u8> {
    let mut bytes = match rng.u8(..3) {
        0 => vec![0xff; 4],
        1 => rng.i32(-4..300).to_be_bytes().to_vec(),
        _ => Vec::new(),
    };
    bytes.extend((0..rng.usize(..16)).map(|_| rng.u8(..)));
    bytes
}

/// For [`connection`](crate::connection()): frames, the last one perhaps cut.
pub fn connection(rng: &mut Rng) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..rng.usize(..5) {
        // Some do not come with one read.
        let long = rng.u8(..5) == 0;
        let length = rng.usize(..if long { 8_000 } else { 100 });
        // A descriptor that is announced, though none can come with these bytes: the
        // mark, and its padding, of which a part may be missing.
        if rng.u8(..10) == 0 {
            bytes.extend(b"\x80fds");
            let padding = if rng.bool() { 4100 } else { rng.usize(..4200) };
            bytes.resize(bytes.len() + padding, 0);
        }
        let stated = match rng.u8(..10) {
            0 => rng.i32(..),
            _ => length as i32,
        };
        match rng.u8(..10) {
            0 => {
                bytes.extend([0xff; 4]);
                bytes.extend((length as u64).to_be_bytes());
            }
            _ => bytes.extend(stated.to_be_bytes()),
        }
        let begin = bytes.len();
        bytes.extend((0..length).map(|_| rng.u8(..)));
        // What a vector or a text begins with, more or less.
        if length > 9 && rng.bool() {
            let count = (length - 9) / [1, 4][rng.usize(..2)] + [0, 0, 0, 1][rng.usize(..4)];
            bytes[begin] = 255;
            bytes[begin + 1..begin + 9].copy_from_slice(&(count as u64).to_le_bytes());
            if rng.bool() {
                bytes[begin + 9..].iter_mut().for_each(|byte| *byte &= 0x7f);
            }
        }
    }
    if rng.bool() {
        bytes.truncate(rng.usize(..=bytes.len()));
    }
    bytes
}

/// For [`handshake`](crate::handshake()).
pub fn handshake(rng: &mut Rng) -> Vec<u8> {
    const WORDS: &[&[u8]] = &[
        b"#CHALLENGE#",
        b"#WELCOME#",
        b"#FAILURE#",
        b"{sha256}",
        b"{md5}",
        b"{sha3_256}",
        b"{none}",
    ];
    let mut bytes = vec![rng.u8(..4)];
    for _ in 0..rng.usize(..5) {
        if rng.u8(..4) == 0 {
            bytes.push(255);
            continue;
        }
        let mut message = Vec::new();
        for _ in 0..rng.usize(..3) {
            message.extend(WORDS[rng.usize(..WORDS.len())]);
        }
        message.extend((0..rng.usize(..45)).map(|_| rng.u8(..)));
        bytes.push(message.len().min(254) as u8);
        bytes.extend(message);
    }
    bytes
}
