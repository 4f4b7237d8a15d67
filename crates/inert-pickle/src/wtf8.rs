//! Python's text: UTF-8, with lone surrogates encoded like any other code point
//! (`str.encode('utf-8', 'surrogatepass')`).

use std::str;

/// Whether these bytes are such text.
pub(super) fn is_valid(mut bytes: &[u8]) -> bool {
    loop {
        let Err(error) = str::from_utf8(bytes) else {
            return true;
        };
        match bytes[error.valid_up_to()..] {
            // U+D800 to U+DFFF
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, ref rest @ ..] => bytes = rest,
            _ => return false,
        }
    }
}

/// The first code point of such text, and the rest.
pub(super) fn split_first(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (more, bits) = match first {
        0x00..0x80 => (0, u32::from(first)),
        0x80..0xe0 => (1, u32::from(first & 0x1f)),
        0xe0..0xf0 => (2, u32::from(first & 0x0f)),
        _ => (3, u32::from(first & 0x07)),
    };
    let (tail, rest) = rest.split_at_checked(more)?;
    let point = tail
        .iter()
        .fold(bits, |bits, &byte| bits << 6 | u32::from(byte & 0x3f));
    Some((point, rest))
}

/// Latin-1 for text that has nothing else.
pub(super) fn to_latin1(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = str::from_utf8(bytes).ok()?;
    text.chars()
        .map(|character| u8::try_from(u32::from(character)).ok())
        .collect()
}

/// Text for Latin-1.
pub(super) fn from_latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

/// Appends a code point, a surrogate like any other.
pub(super) fn push(text: &mut Vec<u8>, point: u32) {
    match char::from_u32(point) {
        Some(character) => {
            text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        None => text.extend_from_slice(&[
            0xe0 | (point >> 12) as u8,
            0x80 | (point >> 6 & 0x3f) as u8,
            0x80 | (point & 0x3f) as u8,
        ]),
    }
}
