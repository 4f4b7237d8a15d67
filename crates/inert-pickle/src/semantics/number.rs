//! Numbers by their exact value, whatever type they are of: `1`, `True`, `1.0` and
//! `Decimal('1.00')` are one number.

use std::cmp::Ordering;

use super::natural::{Natural, reduce};
use crate::long;

/// Digits and exponents of a `Decimal` or a `Fraction` up to which its value is known;
/// one beyond is equal only to one that is written the same.
const DIGITS: usize = 400;

/// A number that is not a NaN, and not complex.
#[derive(Clone, Debug)]
pub(super) enum Number<'a> {
    Int(i64),
    /// Two's complement, minimal, of more than 64 bits.
    Long(&'a [u8]),
    Float(f64),
    Ratio(Box<Ratio>),
}

/// A fraction in lowest terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ratio {
    negative: bool,
    p: Natural,
    q: Natural,
}

/// A number's value in a form of its own: equal values, equal forms.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Canonical {
    Infinity {
        negative: bool,
    },
    /// `odd * 2^exponent`: all ints and floats. Zero has no bytes.
    Dyadic {
        negative: bool,
        odd: Vec<u8>,
        exponent: i64,
    },
    /// In lowest terms, where the denominator is no power of two.
    Ratio {
        negative: bool,
        p: Vec<u8>,
        q: Vec<u8>,
    },
}

impl Number<'_> {
    /// What it costs to compare it with another, in bytes.
    pub(super) fn cost(&self) -> usize {
        match self {
            Number::Int(_) | Number::Float(_) => 0,
            Number::Long(bytes) => bytes.len(),
            // Multiplied with the other's parts, and reduced before.
            Number::Ratio(ratio) => 64 * (ratio.p.len() + ratio.q.len()),
        }
    }

    /// Exact: nothing is rounded. None for a NaN.
    pub(super) fn order(&self, other: &Number<'_>) -> Option<Ordering> {
        match (self, other) {
            (Number::Int(a), Number::Int(b)) => Some(a.cmp(b)),
            (Number::Float(a), Number::Float(b)) => a.partial_cmp(b),
            (Number::Long(a), Number::Long(b)) => Some(long::compare(a, b)),
            (Number::Long(a), Number::Int(_)) => Some(long::sign(a)),
            (Number::Int(_), Number::Long(b)) => Some(long::sign(b).reverse()),
            (Number::Int(a), Number::Float(b)) => int_to_float(*a, *b),
            (Number::Long(a), Number::Float(b)) => long_to_float(a, *b),
            (Number::Ratio(a), b) => a.order(b),
            (a, b) => b.order(a).map(Ordering::reverse),
        }
    }

    pub(super) fn canonical(&self) -> Canonical {
        match self {
            Number::Int(value) => dyadic(*value < 0, u128::from(value.unsigned_abs()), 0),
            Number::Long(bytes) => {
                let (negative, magnitude) = magnitude(bytes);
                dyadic_natural(negative, &magnitude, 0)
            }
            Number::Float(value) => float(*value),
            Number::Ratio(ratio) => ratio.canonical(),
        }
    }
}

/// The sign and the absolute value of two's complement.
fn magnitude(bytes: &[u8]) -> (bool, Natural) {
    let negative = long::is_negative(bytes);
    if !negative {
        return (false, Natural::from_bytes(bytes));
    }
    let mut carry = true;
    let flipped: Vec<u8> = bytes
        .iter()
        .map(|byte| {
            let (byte, more) = (!byte).overflowing_add(u8::from(carry));
            carry = more;
            byte
        })
        .collect();
    (true, Natural::from_bytes(&flipped))
}

fn dyadic(negative: bool, value: u128, exponent: i64) -> Canonical {
    if value == 0 {
        return Canonical::Dyadic {
            negative: false,
            odd: Vec::new(),
            exponent: 0,
        };
    }
    let zeros = value.trailing_zeros();
    let bytes = (value >> zeros).to_le_bytes();
    let len = 16 - (value >> zeros).leading_zeros() as usize / 8;
    Canonical::Dyadic {
        negative,
        odd: bytes[..len].to_vec(),
        exponent: exponent + i64::from(zeros),
    }
}

fn dyadic_natural(negative: bool, value: &Natural, exponent: i64) -> Canonical {
    if value.is_zero() {
        return dyadic(false, 0, 0);
    }
    let zeros = value.trailing_zeros();
    Canonical::Dyadic {
        negative,
        odd: value.shifted_right(zeros).to_bytes(),
        exponent: exponent + zeros as i64,
    }
}

fn float(value: f64) -> Canonical {
    let negative = value.is_sign_negative();
    if value.is_infinite() {
        return Canonical::Infinity { negative };
    }
    let (mantissa, exponent) = parts(value);
    dyadic(negative, u128::from(mantissa), exponent)
}

/// A finite float's absolute value as `mantissa * 2^exponent`.
fn parts(value: f64) -> (u64, i64) {
    let bits = value.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    match (bits >> 52 & 0x7ff) as i64 {
        0 => (fraction, -1074),
        exponent => (fraction | 1 << 52, exponent - 1075),
    }
}

impl Ratio {
    /// None where it is too long for its value to be known.
    fn number(negative: bool, p: Natural, q: Natural) -> Option<Number<'static>> {
        // Some 400 digits.
        if q.is_zero() || p.len() > 84 || q.len() > 84 {
            return None;
        }
        if p.is_zero() {
            return Some(Number::Int(0));
        }
        let (p, q) = reduce(p, q);
        Some(Number::Ratio(Box::new(Ratio { negative, p, q })))
    }

    /// The value of a `Decimal`, from its text.
    pub(super) fn from_decimal(text: &str) -> Option<Number<'static>> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if text.eq_ignore_ascii_case("infinity") || text.eq_ignore_ascii_case("inf") {
            let value = f64::INFINITY;
            return Some(Number::Float(if negative { -value } else { value }));
        }
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = [whole.as_bytes(), fraction.as_bytes()].concat();
        let exponent = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
        if digits.is_empty()
            || digits.len() > DIGITS
            || exponent.unsigned_abs() as usize > DIGITS
            || !digits.iter().all(u8::is_ascii_digit)
        {
            return None;
        }
        let (mut p, mut q) = (Natural::from_decimal(&digits), Natural::power_of_ten(0));
        let power = Natural::power_of_ten(exponent.unsigned_abs());
        if exponent < 0 {
            q = power;
        } else {
            p = p.mul(&power);
        }
        Ratio::number(negative, p, q)
    }

    /// The value of a `Fraction`, from its parts.
    pub(super) fn from_ints(p: &Number<'_>, q: &Number<'_>) -> Option<Number<'static>> {
        let natural = |number: &Number<'_>| match number {
            Number::Int(value) => Some((
                *value < 0,
                Natural::from_bytes(&value.unsigned_abs().to_le_bytes()),
            )),
            Number::Long(bytes) if bytes.len() <= DIGITS => Some(magnitude(bytes)),
            _ => None,
        };
        let ((negative, p), (other, q)) = (natural(p)?, natural(q)?);
        Ratio::number(negative != other, p, q)
    }

    /// The value of a `Fraction`, from its text: `22/7` or `5`.
    pub(super) fn from_fraction(text: &str) -> Option<Number<'static>> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (p, q) = text.split_once('/').unwrap_or((text, "1"));
        let natural = |text: &str| {
            let plain = !text.is_empty()
                && text.len() <= DIGITS
                && text.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| Natural::from_decimal(text.as_bytes()))
        };
        Ratio::number(negative, natural(p)?, natural(q)?)
    }

    fn canonical(&self) -> Canonical {
        let zeros = self.q.trailing_zeros();
        if self.q.shifted_right(zeros).is_one() {
            return dyadic_natural(self.negative, &self.p, -(zeros as i64));
        }
        Canonical::Ratio {
            negative: self.negative,
            p: self.p.to_bytes(),
            q: self.q.to_bytes(),
        }
    }

    fn order(&self, other: &Number<'_>) -> Option<Ordering> {
        let one = Natural::power_of_ten(0);
        let (negative, p, q) = match other {
            Number::Ratio(ratio) => (ratio.negative, ratio.p.clone(), ratio.q.clone()),
            Number::Int(value) => {
                let bytes = value.unsigned_abs().to_le_bytes();
                (*value < 0, Natural::from_bytes(&bytes), one)
            }
            Number::Long(bytes) => {
                let (negative, p) = magnitude(bytes);
                (negative, p, one)
            }
            Number::Float(value) if value.is_nan() => return None,
            Number::Float(value) if value.is_infinite() => {
                return 0.0.partial_cmp(value);
            }
            Number::Float(value) => {
                let (mantissa, exponent) = parts(*value);
                let mantissa = Natural::from_bytes(&mantissa.to_le_bytes());
                let shift = exponent.unsigned_abs() as usize;
                let negative = value.is_sign_negative();
                if exponent < 0 {
                    (negative, mantissa, one.shifted_left(shift))
                } else {
                    (negative, mantissa.shifted_left(shift), one)
                }
            }
        };
        let negative = negative && !p.is_zero();
        Some(match (self.negative, negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.p.mul(&q).cmp(&p.mul(&self.q)),
            (true, true) => p.mul(&self.q).cmp(&self.p.mul(&q)),
        })
    }
}

fn int_to_float(int: i64, float: f64) -> Option<Ordering> {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() {
        None
    } else if float >= BEYOND {
        Some(Ordering::Less)
    } else if float < -BEYOND {
        Some(Ordering::Greater)
    } else {
        // In range, so the integral part is exact.
        let whole = float.trunc();
        Some(
            int.cmp(&(whole as i64))
                .then_with(|| whole.partial_cmp(&float).unwrap_or(Ordering::Equal)),
        )
    }
}

fn long_to_float(int: &[u8], float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    if float.is_infinite() {
        return Some(if float > 0.0 {
            Ordering::Less
        } else {
            Ordering::Greater
        });
    }
    // A float this large is a whole number: write it as one. A smaller one is nearer to
    // zero than any int that is not of 64 bits.
    match long::from_float(float) {
        Some(bytes) => match long::minimal(&bytes) {
            Err(bytes) => Some(long::compare(int, bytes)),
            Ok(_) => Some(long::sign(int)),
        },
        None => Some(long::sign(int)),
    }
}
