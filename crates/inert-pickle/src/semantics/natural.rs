//! Natural numbers of a few hundred digits, for what floats and 64 bits cannot hold:
//! the numerator and denominator of a `Decimal` or a `Fraction`.

use std::cmp::Ordering;

/// Words of 32 bits, the least first, without zeros at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Natural(Vec<u32>);

impl Natural {
    pub(super) fn from_words(mut words: Vec<u32>) -> Natural {
        while words.last() == Some(&0) {
            words.pop();
        }
        Natural(words)
    }

    /// Little-endian.
    pub(super) fn from_bytes(bytes: &[u8]) -> Natural {
        let words = bytes.chunks(4).map(|chunk| {
            let mut word = [0; 4];
            word[..chunk.len()].copy_from_slice(chunk);
            u32::from_le_bytes(word)
        });
        Natural::from_words(words.collect())
    }

    /// Little-endian, minimal.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.0.iter().flat_map(|word| word.to_le_bytes()).collect();
        while bytes.last() == Some(&0) {
            bytes.pop();
        }
        bytes
    }

    /// Digits only.
    pub(super) fn from_decimal(digits: &[u8]) -> Natural {
        let mut number = Natural(Vec::new());
        for chunk in digits.chunks(9) {
            let value = chunk
                .iter()
                .fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
            number.mul_add(10u32.pow(chunk.len() as u32), value);
        }
        number
    }

    pub(super) fn power_of_ten(exponent: u32) -> Natural {
        let mut number = Natural(vec![1]);
        for _ in 0..exponent / 9 {
            number.mul_add(1_000_000_000, 0);
        }
        number.mul_add(10u32.pow(exponent % 9), 0);
        number
    }

    fn mul_add(&mut self, factor: u32, addend: u32) {
        let mut carry = u64::from(addend);
        for word in &mut self.0 {
            carry += u64::from(*word) * u64::from(factor);
            *word = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    pub(super) fn mul(&self, other: &Natural) -> Natural {
        let mut words = vec![0u32; self.0.len() + other.0.len()];
        for (at, &word) in self.0.iter().enumerate() {
            let mut carry = 0u64;
            for (place, &factor) in words[at..].iter_mut().zip(&other.0) {
                carry += u64::from(*place) + u64::from(word) * u64::from(factor);
                *place = carry as u32;
                carry >>= 32;
            }
            words[at + other.0.len()] = carry as u32;
        }
        Natural::from_words(words)
    }

    /// Words: what arithmetic with it costs.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn is_one(&self) -> bool {
        self.0 == [1]
    }

    /// How often two divides it; 0 for 0.
    pub(super) fn trailing_zeros(&self) -> usize {
        match self.0.iter().position(|&word| word != 0) {
            Some(at) => 32 * at + self.0[at].trailing_zeros() as usize,
            None => 0,
        }
    }

    pub(super) fn shifted_right(&self, bits: usize) -> Natural {
        let (words, bits) = (bits / 32, bits % 32);
        let rest = self.0.get(words..).unwrap_or_default();
        let shifted = rest.iter().enumerate().map(|(at, &word)| {
            let next = rest.get(at + 1).copied().unwrap_or(0);
            ((u64::from(next) << 32 | u64::from(word)) >> bits) as u32
        });
        Natural::from_words(shifted.collect())
    }

    pub(super) fn shifted_left(&self, bits: usize) -> Natural {
        let mut words = vec![0; bits / 32];
        words.extend(&self.0);
        let mut shifted = Natural(words);
        shifted.mul_add(1 << (bits % 32), 0);
        Natural::from_words(shifted.0)
    }

    /// Takes away what is not more.
    fn subtract(&mut self, other: &Natural) {
        let mut borrow = false;
        for (at, word) in self.0.iter_mut().enumerate() {
            let taken = other.0.get(at).copied().unwrap_or(0);
            let (rest, first) = word.overflowing_sub(taken);
            let (rest, second) = rest.overflowing_sub(u32::from(borrow));
            (*word, borrow) = (rest, first || second);
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    /// Divides by what divides it.
    fn divided_by(&self, divisor: &Natural) -> Natural {
        // Bit by bit: the numbers here are short, and few are reduced at all.
        let (mut rest, mut quotient) = (Natural(Vec::new()), vec![0; self.0.len()]);
        for bit in (0..32 * self.0.len()).rev() {
            let one = self.0[bit / 32] >> (bit % 32) & 1;
            rest.mul_add(2, one);
            if rest.cmp(divisor) != Ordering::Less {
                rest.subtract(divisor);
                quotient[bit / 32] |= 1 << (bit % 32);
            }
        }
        Natural::from_words(quotient)
    }
}

impl Ord for Natural {
    fn cmp(&self, other: &Natural) -> Ordering {
        let by_length = self.0.len().cmp(&other.0.len());
        by_length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

impl PartialOrd for Natural {
    fn partial_cmp(&self, other: &Natural) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// `p / q` in lowest terms; neither is zero.
pub(super) fn reduce(p: Natural, q: Natural) -> (Natural, Natural) {
    let common = p.trailing_zeros().min(q.trailing_zeros());
    let (p, q) = (p.shifted_right(common), q.shifted_right(common));
    let odd = |number: &Natural| number.shifted_right(number.trailing_zeros());
    // The odd part of the greatest common divisor, by subtraction and halving.
    let (mut a, mut b) = (odd(&p), odd(&q));
    while a != b && !a.is_one() && !b.is_one() {
        if a < b {
            std::mem::swap(&mut a, &mut b);
        }
        a.subtract(&b);
        a = odd(&a);
    }
    let divisor = if a.is_one() { a } else { b };
    if divisor.is_one() {
        return (p, q);
    }
    (p.divided_by(&divisor), q.divided_by(&divisor))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn natural(value: u128) -> Natural {
        Natural::from_bytes(&value.to_le_bytes())
    }

    #[test]
    fn arithmetic_is_that_of_wide_integers() {
        let numbers = [
            1,
            2,
            3,
            5,
            10,
            255,
            1 << 31,
            (1 << 32) - 1,
            1 << 32,
            10u128.pow(18),
            u128::from(u64::MAX),
        ];
        for a in numbers {
            assert_eq!(Natural::from_decimal(a.to_string().as_bytes()), natural(a));
            assert_eq!(natural(a).trailing_zeros(), a.trailing_zeros() as usize);
            for b in numbers {
                if let Some(product) = a.checked_mul(b) {
                    assert_eq!(natural(a).mul(&natural(b)), natural(product));
                }
                let bits = (b % 60) as usize;
                assert_eq!(natural(a).shifted_left(bits), natural(a << bits));
                assert_eq!(natural(a).shifted_right(bits), natural(a >> bits));
                assert_eq!(natural(a).cmp(&natural(b)), a.cmp(&b));
                let gcd = {
                    let (mut x, mut y) = (a, b);
                    while y > 0 {
                        (x, y) = (y, x % y);
                    }
                    x
                };
                assert_eq!(
                    reduce(natural(a), natural(b)),
                    (natural(a / gcd), natural(b / gcd))
                );
            }
        }
        assert_eq!(Natural::power_of_ten(20), natural(10u128.pow(20)));
    }
}
