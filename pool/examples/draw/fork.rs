//! The fork: one line becomes two, and one again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::ensure;
use multiproc::process::Process;
use multiproc::shared::Shared;
use multiproc::shared_struct;

use crate::clock::now;
use crate::svg::{BLUE, GREEN, Svg};

const LEFT: f64 = 110.0;
const WIDTH: f64 = 560.0;

shared_struct! {
    /// What the child saw on the clock, in nanoseconds.
    struct Times {
        born: AtomicU64,
        died: AtomicU64,
    }
}

/// Forks a child, and draws when what happened.
pub(crate) fn draw() -> anyhow::Result<String> {
    let times = Shared::new(Times {
        born: AtomicU64::new(0),
        died: AtomicU64::new(0),
    })?;
    let began = now()?;
    work();
    let forked = now()?;
    let child = Process::spawn("child", || -> nix::Result<()> {
        store(&times.born, now()?);
        work();
        work();
        store(&times.died, now()?);
        Ok(())
    })?;
    work();
    let waiting = now()?;
    child.join_success()?;
    let joined = now()?;
    work();
    let ended = now()?;

    let (own, child) = (std::process::id(), child.pid());
    let scale = WIDTH / (ended - began).as_secs_f64();
    let at = |time: Duration| LEFT + (time.saturating_sub(began)).as_secs_f64() * scale;
    let child_at = |time: &AtomicU64| at(Duration::from_nanos(time.load(Ordering::SeqCst)));
    let (born, died) = (child_at(&times.born), child_at(&times.died));
    ensure!(
        born > LEFT && died > born,
        "the child did not tell its times"
    );

    let mut svg = Svg::new((700.0, 230.0), "A fork: one process, then two, then one");
    svg.text((10.0, 75.0), "parent");
    svg.text((10.0, 165.0), "child");
    let bar = |svg: &mut Svg, from: f64, to: f64, y, color, label: &str| {
        let (at, size) = ((from, y), ((to - from).max(2.0), 40.0));
        svg.labelled(at, size, color, label);
    };
    bar(
        &mut svg,
        at(began),
        at(forked),
        50.0,
        BLUE,
        &own.to_string(),
    );
    bar(
        &mut svg,
        at(forked) + 2.0,
        at(waiting),
        50.0,
        BLUE,
        &own.to_string(),
    );
    svg.outline(
        (at(waiting) + 2.0, 51.0),
        (at(joined) - at(waiting) - 4.0, 38.0),
        BLUE,
        true,
    );
    svg.centered(((at(waiting) + at(joined)) / 2.0, 75.0), "waitpid");
    bar(
        &mut svg,
        at(joined),
        at(ended),
        50.0,
        BLUE,
        &own.to_string(),
    );
    bar(&mut svg, born, died, 140.0, GREEN, &child.to_string());

    svg.line((at(forked), 30.0), (at(forked), 90.0), false);
    svg.arrow((at(forked), 90.0), (born + 12.0, 138.0));
    svg.centered((at(forked), 22.0), format!("fork returns {child} here"));
    svg.text((at(forked), 202.0), "and 0 here");
    svg.arrow((died, 140.0), (at(joined), 92.0));
    svg.right((690.0, 222.0), "_exit: the status goes to the parent");
    Ok(svg.finish())
}

/// Long enough to be seen.
fn work() {
    thread::sleep(Duration::from_millis(50));
}

fn store(word: &AtomicU64, time: Duration) {
    // 2^64 nanoseconds are 584 years.
    word.store(time.as_nanos() as u64, Ordering::SeqCst);
}
