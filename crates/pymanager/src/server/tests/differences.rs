//! Where our replies differ from those that were recorded: each step by its name,
//! and why.

/// Steps that differ for one reason.
pub(super) struct Group {
    pub(super) reason: &'static str,
    /// In which recordings; where empty, in all.
    pub(super) versions: &'static [&'static str],
    pub(super) steps: &'static [&'static str],
}

const fn always(reason: &'static str, steps: &'static [&'static str]) -> Group {
    only_in(&[], reason, steps)
}

const fn only_in(
    versions: &'static [&'static str],
    reason: &'static str,
    steps: &'static [&'static str],
) -> Group {
    Group {
        reason,
        versions,
        steps,
    }
}

pub(super) const DIFFERENT: &[Group] = &[
    always(
        "nobody is there to call the function; with workers, see the tests of pools",
        &[
            "list: m.list(map(neg,..))",
            "list sort: stable",
            "list sort: key=neg",
            "list sort: key=str.lower",
            "list sort: key=len",
            "list sort: key=boom",
            "list sort: key=5",
            "list sort: key=itemgetter(1)",
            "Barrier: Barrier(1, boom).wait()",
            "Pool: apply(neg, (5,))",
            "Pool: apply(boom)",
            "Pool: map",
            "Pool: starmap",
            "Pool: ar.get(5)",
            "Pool: ar.get(0.05) time-out",
            "Pool: successful() not ready",
            "Pool: ar.successful()",
            "Pool: map_async.get",
            "Pool: next",
            "Pool: imap_unordered",
        ],
    ),
    always(
        "only the class's own code knows",
        &["dict keys: Key([1]) unhashable", "list sort: Ordered"],
    ),
    always(
        "equal by what they are made of, see `semantics`",
        &["dict keys: Point twice (identity)"],
    ),
    always(
        "a set, in any order, and ours has what came later",
        &[
            "dict: get_methods",
            "list: get_methods",
            "Namespace: get_methods",
            "Value: get_methods",
            "Array: get_methods",
            "Lock: get_methods",
            "RLock: get_methods",
            "Semaphore: get_methods",
            "BoundedSemaphore: get_methods",
            "Condition: get_methods",
            "Event: get_methods",
            "Barrier: get_methods",
            "Queue: get_methods",
            "Pool: get_methods",
            "Pool: get_methods of AsyncResult",
        ],
    ),
    always(
        "the dict, or something in it, was made where nothing was recorded",
        &[
            "dict nested: str(d)",
            "dict nested: d.copy()",
            "dict nested: d.values()",
            "dict nested: number_of_objects",
            "dict nested: debug_info",
            "end: number_of_objects",
        ],
    ),
    always(
        "the lock was made where nothing was recorded",
        &["Condition: m.Condition(lock proxy)"],
    ),
    always(
        "a name that only the recorded manager has",
        &[
            "dict nested: shared_dict create",
            "dict nested: shared_dict again, same ident",
            "Iterator: numbers(3) of a #PROXY method",
        ],
    ),
    always(
        "nobody can make one of his own, of whatever he likes",
        &[
            "one-shot: create('Iterator', 5)",
            "one-shot: create('Iterator')",
            "one-shot: create('AsyncResult', [])",
        ],
    ),
    always(
        "an iterator over the reversed list, where theirs is a reversed one",
        &["list: reversed(l)", "list: list(reversed(l))"],
    ),
    always(
        "the proxy ignores the list that theirs sends",
        &["list: l *= 2", "list: l *= 0"],
    ),
    always(
        "no attribute leads out of the object: theirs can be broken from outside",
        &[
            "Namespace: __getattribute__('__dict__')",
            "Namespace: __getattribute__('__class__')",
            "Namespace: __setattr__('__dict__', {})",
            "Namespace: __setattr__('__class__', 5)",
            // What is left when the attributes could not be replaced.
            "Namespace: str(n)",
            "Barrier: __getattribute__('_count')",
            "Barrier: __getattribute__('_cond')",
            "Barrier: __getattribute__('wait')",
        ],
    ),
    always(
        "the owner is the connection: no stranger gets a dead one's lock",
        &[
            "RLock: acquire(False) by a new thread (ident re-used?)",
            "RLock: the same again",
        ],
    ),
    always(
        "refused at once, not at the first put",
        &["Queue: m.Queue('x')"],
    ),
    always(
        "refused when nobody waits, too",
        &["Condition: notify('x')"],
    ),
    only_in(
        &["3.6", "3.8", "3.11"],
        "as Python does it since 3.12, whoever asks",
        &["dict keys: slice"],
    ),
    only_in(
        &["3.6", "3.8", "3.11"],
        "as Python does it since 3.13, whoever asks",
        &[
            "list sort: reverse=\"x\"",
            "Barrier: m.Barrier(0)",
            "Barrier: m.Barrier('x')",
        ],
    ),
    only_in(
        &["3.6", "3.8"],
        "as Python does it since 3.9, whoever asks: a number to release, queues in dicts",
        &[
            "Semaphore: _callmethod('release', 2)",
            "Semaphore: _callmethod('release', 0)",
            "BoundedSemaphore: _callmethod('release', 2)",
            "dict nested: d['q'] = m.Queue()",
            "dict nested: d['q'].put(1)",
            "dict nested: d['q'].get()",
        ],
    ),
    only_in(
        &["3.6", "3.8"],
        "they show themselves as since 3.11, with their state",
        &[
            "Semaphore: m.Semaphore()",
            "Semaphore: _callmethod('__str__')",
            "Semaphore: _callmethod('__repr__')",
            "Semaphore: str(proxy)",
            "Semaphore: str(s)",
            "BoundedSemaphore: _callmethod('__str__')",
            "BoundedSemaphore: _callmethod('__repr__')",
            "BoundedSemaphore: str(proxy)",
            "Event: _callmethod('__str__')",
            "Event: _callmethod('__repr__')",
            "Event: str(proxy)",
            "Event: str(e)",
            "Barrier: _callmethod('__str__')",
            "Barrier: _callmethod('__repr__')",
            "Barrier: str(proxy)",
        ],
    ),
    only_in(
        &["3.6"],
        "as Python does it since 3.8, whoever asks",
        &["Pool: str(p)", "Pool: apply after close"],
    ),
    only_in(
        &["3.8"],
        "ours leaves the list as it was",
        &["list sort: list left after a failed sort"],
    ),
    only_in(
        &["3.8"],
        "nobody is notified: as Python does it since 3.10",
        &["Condition: notify(-1)"],
    ),
    only_in(
        &["3.8"],
        "a text: on the wire, 3.8 to 3.10 are like 3.11, and hear what it says",
        &[
            "dict: d.get('a', default=1)",
            "list: l.append()",
            "list: l.append(1, 2)",
            "Namespace: m.Namespace(5)",
            "Namespace: del n.a",
            "Value: m.Value('i')",
            "Value: _callmethod('set')",
            "Value: _callmethod('get', 1)",
            "Array: m.Array('i', [1.5])",
            "Array: m.Array('i', ['x'])",
            "Array: a[0] = 'x'",
            "Array: a[0] = 1.5",
            "Lock: acquire(True, 'x')",
            "Lock: acquire(True, 1e30)",
            "Lock: m.Lock(1)",
            "Event: m.Event(1)",
            "Barrier: m.Barrier()",
            "Queue: m.Queue(1, 2)",
            "one-shot: create()",
        ],
    ),
];
