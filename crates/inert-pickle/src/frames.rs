//! Writing containers and objects, one part at a time: nothing here recurses.

use super::Error;
use super::arena::{APPENDED, Arena, BUILT, CALLED, How, NOTHING, Node, Seq};
use super::opcode as op;
use super::writer::{BATCH, Frame, Writer};

/// Links of an object before its changes.
const MADE_OF: usize = 3;

impl Writer<'_, '_> {
    /// Writes a container's next parts: up to one that takes a frame of its own, or to
    /// the end.
    pub(super) fn advance(&mut self, arena: &Arena, frame: Frame) -> Result<(), Error> {
        match frame.node {
            Node::Tuple(seq) => self.tuple(arena, frame, seq),
            Node::List(seq) => self.filled(arena, frame, seq, op::APPEND, op::APPENDS),
            Node::Dict(seq) => self.filled(arena, frame, seq, op::SETITEM, op::SETITEMS),
            Node::Set(seq) if self.protocol >= 4 => {
                self.filled(arena, frame, seq, op::ADDITEMS, op::ADDITEMS)
            }
            Node::FrozenSet(seq) if self.protocol >= 4 => self.frozenset(arena, frame, seq),
            Node::Set(seq) => self.called_set(arena, frame, seq, "set"),
            Node::FrozenSet(seq) => self.called_set(arena, frame, seq, "frozenset"),
            Node::Object(how, seq) => self.object(arena, frame, how, seq),
            _ => Ok(()),
        }
    }

    /// Writes parts from `frame.done` on. False when one of them must be waited for.
    fn parts(
        &mut self,
        arena: &Arena,
        frame: &mut Frame,
        seq: Seq,
        between: impl Fn(&mut Self, usize),
    ) -> Result<bool, Error> {
        for &part in &arena.links(seq)[frame.done..] {
            between(self, frame.done);
            frame.done += 1;
            if let Some(inner) = self.visit(arena, part)? {
                self.wait(*frame, inner)?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn tuple(&mut self, arena: &Arena, mut frame: Frame, seq: Seq) -> Result<(), Error> {
        let marked = seq.len > 3;
        if marked && frame.done == 0 {
            self.out.push(op::MARK);
        }
        if !self.parts(arena, &mut frame, seq, |_, _| {})? {
            return Ok(());
        }
        if let Some(index) = self.completed_within(arena, frame.id) {
            if marked {
                self.out.push(op::POP_MARK);
            } else {
                self.out.extend((0..seq.len).map(|_| op::POP));
            }
            self.get(index);
            return Ok(());
        }
        self.out.push(match seq.len {
            0 => op::EMPTY_TUPLE,
            1 => op::TUPLE1,
            2 => op::TUPLE2,
            3 => op::TUPLE3,
            _ => op::TUPLE,
        });
        self.store(arena, frame.id);
        Ok(())
    }

    /// A container that is there already: its parts in batches.
    fn filled(
        &mut self,
        arena: &Arena,
        mut frame: Frame,
        seq: Seq,
        one: u8,
        many: u8,
    ) -> Result<(), Error> {
        let unit = if one == op::SETITEM { 2 } else { 1 };
        // ADDITEMS has no form for one.
        let single = seq.len as usize == unit && one != many;
        let batch = BATCH * unit;
        let all = self.parts(arena, &mut frame, seq, |writer, done| {
            if single || !done.is_multiple_of(batch) {
                return;
            }
            if done > 0 {
                writer.out.push(many);
            }
            writer.out.push(op::MARK);
        })?;
        if all {
            self.out.push(if single { one } else { many });
        }
        Ok(())
    }

    fn frozenset(&mut self, arena: &Arena, mut frame: Frame, seq: Seq) -> Result<(), Error> {
        if frame.done == 0 {
            self.out.push(op::MARK);
        }
        if !self.parts(arena, &mut frame, seq, |_, _| {})? {
            return Ok(());
        }
        if let Some(index) = self.completed_within(arena, frame.id) {
            self.out.push(op::POP_MARK);
            self.get(index);
        } else {
            self.out.push(op::FROZENSET);
            self.store(arena, frame.id);
        }
        Ok(())
    }

    /// `set([...])`: protocols 2 and 3 have no opcode for sets.
    fn called_set(
        &mut self,
        arena: &Arena,
        mut frame: Frame,
        seq: Seq,
        name: &str,
    ) -> Result<(), Error> {
        if frame.done == 0 {
            self.builtin(name);
            self.out.push(op::EMPTY_LIST);
        }
        let all = self.parts(arena, &mut frame, seq, |writer, done| {
            if done.is_multiple_of(BATCH) {
                if done > 0 {
                    writer.out.push(op::APPENDS);
                }
                writer.out.push(op::MARK);
            }
        })?;
        if !all {
            return Ok(());
        }
        if seq.len > 0 {
            self.out.push(op::APPENDS);
        }
        self.out.extend([op::TUPLE1, op::REDUCE]);
        self.finish_call(arena, &frame);
        Ok(())
    }

    /// After REDUCE or NEWOBJ. False when the object is complete already.
    fn finish_call(&mut self, arena: &Arena, frame: &Frame) -> bool {
        if let Some(index) = self.completed_within(arena, frame.id) {
            self.out.push(op::POP);
            self.get(index);
            return false;
        }
        self.store(arena, frame.id);
        true
    }

    /// An object's links in order: callable, args, kwargs; the call; then the changes.
    fn object(&mut self, arena: &Arena, mut frame: Frame, how: How, seq: Seq) -> Result<(), Error> {
        let links = arena.links(seq);
        if frame.done == 0 && how == How::NewEx && self.protocol < 4 {
            self.global_line(
                if self.protocol == 2 {
                    "copy_reg"
                } else {
                    "copyreg"
                },
                "__newobj_ex__",
            );
        }
        while frame.done < MADE_OF {
            let part = links[frame.done];
            frame.done += 1;
            if part != NOTHING
                && let Some(inner) = self.visit(arena, part)?
            {
                return self.wait(frame, inner);
            }
        }
        if frame.done == MADE_OF {
            match how {
                How::Reduce => self.out.push(op::REDUCE),
                How::New => self.out.push(op::NEWOBJ),
                How::NewEx if self.protocol >= 4 => self.out.push(op::NEWOBJ_EX),
                How::NewEx => self.out.extend([op::TUPLE3, op::REDUCE]),
            }
            if !self.finish_call(arena, &frame) {
                return Ok(());
            }
            // From here on the count is one more than the place in the links.
            frame.done += 1;
        }
        loop {
            let place = frame.done - 1;
            let between_changes = (place - MADE_OF).is_multiple_of(2);
            if between_changes && place > MADE_OF {
                self.out.push(match links[place - 1] {
                    APPENDED => op::APPEND,
                    BUILT => op::BUILD,
                    CALLED => op::POP,
                    _ => op::SETITEM,
                });
            }
            let Some(&part) = links.get(place) else {
                return Ok(());
            };
            frame.done += 1;
            if !between_changes && matches!(part, APPENDED | BUILT | CALLED) {
                continue;
            }
            if let Some(inner) = self.visit(arena, part)? {
                return self.wait(frame, inner);
            }
        }
    }
}
