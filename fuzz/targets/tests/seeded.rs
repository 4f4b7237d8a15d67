//! The targets on the stable compiler, with inputs drawn from a seed: `SEED`, `INPUTS`.
#![forbid(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};

use fastrand::Rng;
use fuzz_targets::inputs;

/// Inputs of all targets together, of which a connection, made anew each time, gets few.
const INPUTS: usize = 5_000_000;

type Target = (&'static str, fn(&mut Rng) -> Vec<u8>, fn(&[u8]), usize);

const TARGETS: &[Target] = &[
    ("pickle", inputs::pickle, fuzz_targets::pickle, 80),
    ("frame", inputs::frame, fuzz_targets::frame, 12),
    (
        "connection",
        inputs::connection,
        fuzz_targets::connection,
        3,
    ),
    ("handshake", inputs::handshake, fuzz_targets::handshake, 5),
];

fn run(inputs: usize) {
    let seed = number("SEED").unwrap_or(1);
    for &(name, draw, target, share) in TARGETS {
        let mut rng = Rng::with_seed(seed);
        for number in 0..inputs / 100 * share {
            let input = draw(&mut rng);
            let fine = catch_unwind(AssertUnwindSafe(|| target(&input)));
            assert!(
                fine.is_ok(),
                "{name}, seed {seed}, input {number}: {}",
                input.escape_ascii()
            );
        }
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn a_few_inputs_break_no_promise() {
    run(20_000);
}

#[test]
#[ignore = "needs a minute, and --release"]
fn five_million_inputs_break_no_promise() {
    run(number("INPUTS").map_or(INPUTS, |inputs| inputs as usize));
}
