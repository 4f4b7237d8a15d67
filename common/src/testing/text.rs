//! What stays the same in a transcript from run to run, and what differs.

/// `text` with each run of digits replaced by `#`: what stays the same from
/// run to run.
pub fn mask_numbers(text: &str) -> String {
    let mut masked = String::new();
    let mut in_number = false;
    for c in text.chars() {
        let digit = c.is_ascii_digit();
        match (digit, in_number) {
            (true, true) => {}
            (true, false) => masked.push('#'),
            (false, _) => masked.push(c),
        }
        in_number = digit;
    }
    masked
}

/// The numbers in `text`, in order. They differ from run to run, so tests check
/// how they are related.
pub fn numbers(text: &str) -> Vec<u64> {
    text.split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .collect()
}
