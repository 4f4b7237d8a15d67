//! Who is who in a record: a lane for each process, thread and coroutine.

use super::Event;

/// What a lane stands for. The same kind has the same colour in all pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The program itself.
    Parent,
    Child,
    Thread,
    Coroutine,
}

impl Kind {
    pub(super) fn color(self) -> &'static str {
        match self {
            Kind::Parent => "#3b6ea5",
            Kind::Child => "#2f7d5b",
            Kind::Thread => "#9c5a17",
            Kind::Coroutine => "#a03c62",
        }
    }
}

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) kind: Kind,
    pub(super) name: String,
    key: (u32, String, String),
}

/// The lanes of the record of process `parent`, in the order in which they
/// appear, and the number of each event's.
pub(super) fn of(events: &[Event], parent: u32) -> (Vec<Lane>, Vec<usize>) {
    let mut lanes: Vec<Lane> = Vec::new();
    let mut numbers = Vec::new();
    for event in events {
        let thread = if event.main { "" } else { &event.thread };
        let key = (event.process, thread.to_string(), event.coroutine.clone());
        let known = lanes.iter().position(|lane| lane.key == key);
        numbers.push(known.unwrap_or(lanes.len()));
        if known.is_some() {
            continue;
        }
        let pid = event.process;
        let (kind, name) = if !event.coroutine.is_empty() {
            (Kind::Coroutine, event.coroutine.clone())
        } else if !event.main && pid == parent {
            (Kind::Thread, event.thread.clone())
        } else if !event.main {
            (Kind::Thread, format!("{} of child {pid}", event.thread))
        } else if pid == parent {
            (Kind::Parent, format!("process {pid}"))
        } else {
            (Kind::Child, format!("child {pid}"))
        };
        lanes.push(Lane { kind, name, key });
    }
    (lanes, numbers)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn event(process: u32, main: bool, thread: &str, coroutine: &str) -> Event {
        Event {
            time: Duration::ZERO,
            process,
            thread: thread.to_string(),
            main,
            coroutine: coroutine.to_string(),
            text: "x".to_string(),
        }
    }

    #[test]
    fn each_process_thread_and_coroutine_has_a_lane() {
        let events = [
            event(1, true, "main", ""),
            event(2, true, "main", ""),
            event(1, false, "Thread-1", ""),
            event(2, false, "Thread-1", ""),
            event(1, true, "main", "Coroutine 1"),
            event(1, true, "main", ""),
        ];
        let (lanes, numbers) = of(&events, 1);
        let names: Vec<_> = lanes.iter().map(|lane| &*lane.name).collect();
        assert_eq!(
            names,
            [
                "process 1",
                "child 2",
                "Thread-1",
                "Thread-1 of child 2",
                "Coroutine 1"
            ]
        );
        assert_eq!(numbers, [0, 1, 2, 3, 4, 0]);
        assert_eq!(lanes[4].kind, Kind::Coroutine);
    }
}
