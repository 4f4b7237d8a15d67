//! Python's ints as pickles have them: two's complement, little-endian, of any length.

use std::cmp::Ordering;

/// The number, or its shortest form when it does not fit.
pub(super) fn minimal(mut bytes: &[u8]) -> Result<i64, &[u8]> {
    while let [rest @ .., before, last] = bytes {
        let extension = if before & 0x80 == 0 { 0 } else { 0xff };
        if *last != extension {
            break;
        }
        bytes = &bytes[..rest.len() + 1];
    }
    if bytes.len() > 8 {
        return Err(bytes);
    }
    let fill = if bytes.last().is_some_and(|last| last & 0x80 != 0) {
        0xff
    } else {
        0
    };
    let mut all = [fill; 8];
    all[..bytes.len()].copy_from_slice(bytes);
    Ok(i64::from_le_bytes(all))
}

/// How many of the number's eight bytes a pickle needs.
pub(super) fn needed(value: i64) -> usize {
    let bits = 65
        - if value < 0 {
            value.leading_ones()
        } else {
            value.leading_zeros()
        };
    bits.div_ceil(8) as usize
}

/// Whether a number in minimal form is negative.
pub(super) fn is_negative(bytes: &[u8]) -> bool {
    bytes.last().is_some_and(|last| last & 0x80 != 0)
}

/// The order of two numbers in minimal form, neither of 64 bits.
pub(super) fn compare(left: &[u8], right: &[u8]) -> Ordering {
    match (is_negative(left), is_negative(right)) {
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (negative, _) => {
            // Of one sign, the longer is further from zero; of one length, two's
            // complement is in order as it stands.
            let by_length = left.len().cmp(&right.len());
            let by_length = if negative {
                by_length.reverse()
            } else {
                by_length
            };
            by_length.then_with(|| left.iter().rev().cmp(right.iter().rev()))
        }
    }
}

/// The number's digits. Quadratic: for numbers of some thousand digits at most.
pub(super) fn decimal(bytes: &[u8]) -> String {
    let negative = is_negative(bytes);
    let mut magnitude: Vec<u32> = bytes
        .chunks(4)
        .map(|chunk| {
            let mut word = [if negative { 0xff } else { 0 }; 4];
            word[..chunk.len()].copy_from_slice(chunk);
            u32::from_le_bytes(word)
        })
        .collect();
    if negative {
        let mut carry = true;
        for word in &mut magnitude {
            (*word, carry) = (!*word).overflowing_add(u32::from(carry));
        }
        if carry {
            magnitude.push(1);
        }
    }
    let mut groups = Vec::new();
    while magnitude.iter().any(|&word| word != 0) {
        let mut rest = 0u64;
        for word in magnitude.iter_mut().rev() {
            let value = rest << 32 | u64::from(*word);
            *word = (value / 1_000_000_000) as u32;
            rest = value % 1_000_000_000;
        }
        groups.push(rest);
    }
    let mut digits = String::from(if negative { "-" } else { "" });
    digits += &groups.pop().unwrap_or(0).to_string();
    for group in groups.iter().rev() {
        digits += &format!("{group:09}");
    }
    digits
}

/// Digits, with a sign before them perhaps, as two's complement. Quadratic: for numbers of
/// some thousand digits at most.
pub(super) fn from_decimal(text: &[u8]) -> Option<Vec<u8>> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut words: Vec<u32> = Vec::new();
    for chunk in digits.chunks(9) {
        let value = chunk
            .iter()
            .fold(0, |value, digit| value * 10 + u64::from(digit - b'0'));
        let (mut carry, factor) = (value, 10u64.pow(chunk.len() as u32));
        for word in &mut words {
            carry += u64::from(*word) * factor;
            *word = carry as u32;
            carry >>= 32;
        }
        words.push(carry as u32);
    }
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.push(0);
    if negative {
        negate(&mut bytes);
    }
    Some(bytes)
}

fn negate(bytes: &mut [u8]) {
    let mut carry = true;
    for byte in bytes {
        (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
    }
}

/// On which side of zero a number in minimal form lies that is not of 64 bits.
pub(super) fn sign(bytes: &[u8]) -> Ordering {
    if is_negative(bytes) {
        Ordering::Less
    } else {
        Ordering::Greater
    }
}

/// A float of 2^52 or more from zero, which is a whole number; none for smaller ones.
pub(super) fn from_float(float: f64) -> Option<Vec<u8>> {
    let bits = float.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as usize;
    let shift = exponent.checked_sub(1075)?;
    let mantissa = u128::from(bits & ((1 << 52) - 1) | 1 << 52) << (shift % 8);
    let mut bytes = vec![0; shift / 8];
    bytes.extend(mantissa.to_le_bytes());
    if float.is_sign_negative() {
        negate(&mut bytes);
    }
    Some(bytes)
}

/// A number of at most 128 bits.
#[cfg(feature = "serde")]
pub(super) enum Wide {
    /// Not negative.
    Positive(u128),
    /// Negative.
    Negative(i128),
}

/// The number, unless it is wider than any of Rust's own.
#[cfg(feature = "serde")]
pub(super) fn to_128(bytes: &[u8]) -> Option<Wide> {
    let mut all = [if is_negative(bytes) { 0xff } else { 0 }; 17];
    all.get_mut(..bytes.len())?.copy_from_slice(bytes);
    let (low, top) = all.split_first_chunk::<16>()?;
    match (is_negative(bytes), top) {
        (false, [0]) => Some(Wide::Positive(u128::from_le_bytes(*low))),
        (true, [0xff]) if low[15] & 0x80 != 0 => Some(Wide::Negative(i128::from_le_bytes(*low))),
        _ => None,
    }
}
