//! The ends of a pipe, and who has which, before a fork and after it.

use std::fs;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use multiproc::process::{Builder, Process};
use multiproc::shared::Shared;

use crate::svg::{BLUE, GRAY, GREEN, Pair, Svg};

/// Which of the two ends a process has: the parent's, the child's.
type Ends = [bool; 2];

/// Looks at the descriptors of both processes at three moments.
pub(crate) fn draw() -> anyhow::Result<String> {
    let (ours, theirs) = UnixStream::pair()?;
    let ends = [ours.as_raw_fd(), theirs.as_raw_fd()];
    let sockets = ends.map(behind);
    let look = || [0, 1].map(|end| behind(ends[end]) == sockets[end]);
    let before = look();
    let seen = Shared::new([const { AtomicBool::new(false) }; 2])?;
    let tell = || {
        for (word, open) in seen.iter().zip(look()) {
            word.store(open, Ordering::SeqCst);
        }
    };
    let told = || [0, 1].map(|end: usize| seen[end].load(Ordering::SeqCst));

    // A child that closes nothing has both.
    Process::spawn("child", tell)?.join_success()?;
    let after = (look(), told());
    // One that is told to, and a parent that gives the child's end away.
    let child = Builder::new("child").close_in_child(&ours).spawn(move || {
        tell();
        drop(theirs);
    })?;
    child.join_success()?;
    let closed = (look(), told());
    Ok(picture(before, after, closed))
}

/// What the caller has under a number: `socket:[1234]`. Once closed, the number
/// may be given to something else.
fn behind(fd: RawFd) -> Option<PathBuf> {
    fs::read_link(format!("/proc/self/fd/{fd}")).ok()
}

fn picture(before: Ends, after: (Ends, Ends), closed: (Ends, Ends)) -> String {
    let mut svg = Svg::new(
        (700.0, 260.0),
        "The two ends of a pipe in parent and child, before a fork, after it, and closed",
    );
    let columns = [
        ("before the fork", before, None),
        ("after the fork", after.0, Some(after.1)),
        ("each has closed one", closed.0, Some(closed.1)),
    ];
    for (column, (title, parent, child)) in columns.into_iter().enumerate() {
        let x = 10.0 + 240.0 * column as f64;
        svg.centered((x + 100.0, 22.0), title);
        process(&mut svg, (x, 40.0), "parent", BLUE, parent);
        if let Some(child) = child {
            process(&mut svg, (x, 150.0), "child", GREEN, child);
        }
    }
    svg.finish()
}

fn process(svg: &mut Svg, (x, y): Pair, name: &str, color: &str, ends: Ends) {
    svg.outline((x, y), (200.0, 95.0), color, false);
    svg.text((x + 12.0, y + 24.0), name);
    for (end, open) in ends.into_iter().enumerate() {
        let whose = ["parent's", "child's"][end];
        let at = (x + 10.0 + 92.0 * end as f64, y + 40.0);
        if open {
            svg.labelled(at, (88.0, 40.0), [BLUE, GREEN][end], whose);
        } else {
            svg.outline(at, (88.0, 40.0), GRAY, true);
            svg.centered((at.0 + 44.0, at.1 + 25.0), "closed");
        }
    }
}
