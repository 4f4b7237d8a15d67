//! Cuts an input into jobs, for both `map` and `imap`.

use std::iter::Fuse;

use serde::Serialize;

use crate::codec::encode;
use crate::pool::error::TaskError;
use crate::pool::message::JOB_HEAD;

/// Room for a job's head, then the serialised arguments of consecutive tasks.
pub(crate) struct Chunk {
    /// The number of the first task.
    pub(crate) first: u64,
    pub(crate) count: u32,
    pub(crate) bytes: Vec<u8>,
}

/// Yields chunks of `size` arguments, or of as many as fit in one job; and the
/// error of a task whose argument cannot be sent. The input is read only as
/// chunks are taken, at most one argument ahead.
pub(crate) struct Chunks<I> {
    input: Fuse<I>,
    size: usize,
    /// The largest job, in bytes.
    largest: usize,
    /// The number of the next task.
    next: u64,
    /// An argument that did not fit in the previous chunk.
    ahead: Option<Vec<u8>>,
    /// The error of the task after the previous chunk.
    failed: Option<TaskError>,
    /// Memory of an earlier chunk: fresh memory for each large one would be
    /// fetched from the system page by page.
    used: Vec<u8>,
}

impl<I: Iterator> Chunks<I> {
    pub(crate) fn new(input: I, size: usize, largest: usize) -> Self {
        Chunks {
            input: input.fuse(),
            size: size.clamp(1, u32::MAX as usize),
            largest,
            next: 0,
            ahead: None,
            failed: None,
            used: Vec::new(),
        }
    }

    /// Takes back the memory of a chunk.
    pub(crate) fn reuse(&mut self, bytes: Vec<u8>) {
        self.used = bytes;
    }
}

impl<I: Iterator<Item: Serialize>> Iterator for Chunks<I> {
    /// `Err` has the task's number and its error.
    type Item = Result<Chunk, (u64, TaskError)>;

    fn next(&mut self) -> Option<Self::Item> {
        let first = self.next;
        if let Some(error) = self.failed.take() {
            self.next += 1;
            return Some(Err((first, error)));
        }
        let mut bytes = std::mem::take(&mut self.used);
        bytes.clear();
        bytes.resize(JOB_HEAD, 0);
        let mut count = 0;
        while (count as usize) < self.size {
            let start = bytes.len();
            let task = first + u64::from(count);
            let error = |reason| TaskError::BadArgument { task, reason };
            let encoded = if let Some(ahead) = self.ahead.take() {
                bytes.extend_from_slice(&ahead);
                Ok(())
            } else if let Some(argument) = self.input.next() {
                encode(&argument, &mut bytes)
            } else {
                break;
            };
            match encoded {
                Ok(()) if bytes.len() <= self.largest => count += 1,
                Ok(()) if count > 0 => {
                    self.ahead = Some(bytes.split_off(start));
                    break;
                }
                Ok(()) => {
                    let (size, limit) = (bytes.len() - start, self.largest - JOB_HEAD);
                    self.failed = Some(error(too_many(size, limit)));
                    bytes.truncate(start);
                    break;
                }
                Err(refused) => {
                    self.failed = Some(error(refused.to_string()));
                    bytes.truncate(start);
                    break;
                }
            }
        }
        self.next += u64::from(count);
        if count > 0 {
            return Some(Ok(Chunk {
                first,
                count,
                bytes,
            }));
        }
        let error = self.failed.take()?;
        self.next += 1;
        Some(Err((first, error)))
    }
}

/// The reason in an error: what was sent does not fit.
pub(crate) fn too_many(bytes: usize, limit: usize) -> String {
    format!("{bytes} bytes are too many for a queue of {limit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(chunks: Chunks<impl Iterator<Item: Serialize>>) -> Vec<Result<(u64, u32), u64>> {
        let size = |chunk: Chunk| (chunk.first, chunk.count);
        chunks
            .map(|chunk| chunk.map(size).map_err(|(task, _)| task))
            .collect()
    }

    #[test]
    fn chunks_have_the_size_asked_for_or_fit() {
        let chunks = Chunks::new(0..5_u8, 2, 100);
        assert_eq!(sizes(chunks), [Ok((0, 2)), Ok((2, 2)), Ok((4, 1))]);
        // A short string takes one byte more than its letters.
        let texts = ["12345", "12345", "12345678901", "1", "2"].into_iter();
        let chunks = Chunks::new(texts, 10, JOB_HEAD + 11);
        assert_eq!(sizes(chunks), [Ok((0, 1)), Ok((1, 1)), Err(2), Ok((3, 2))]);
        assert_eq!(sizes(Chunks::new(0..0_u8, 2, 100)), []);
    }

    #[test]
    fn the_input_is_read_as_chunks_are_taken() {
        let mut read = 0;
        let input = (0..).inspect(|_| read += 1);
        assert_eq!(sizes_of(Chunks::new(input, 3, 100), 2), 6);
        assert_eq!(read, 6);
    }

    #[test]
    fn the_memory_of_a_chunk_serves_the_next() {
        let mut chunks = Chunks::new([7_u8; 5].map(|n| vec![n; 1000]).into_iter(), 1, 2000);
        let first = chunks.next().unwrap().ok().unwrap();
        let place = first.bytes.as_ptr();
        chunks.reuse(first.bytes);
        for chunk in 1..5 {
            let next = chunks.next().unwrap().ok().unwrap();
            assert_eq!((next.first, next.bytes.as_ptr()), (chunk, place));
            assert_eq!(next.bytes[JOB_HEAD..][9..], [7; 1000]);
            chunks.reuse(next.bytes);
        }
    }

    fn sizes_of(chunks: Chunks<impl Iterator<Item: Serialize>>, take: usize) -> u32 {
        let chunks = chunks.take(take).filter_map(Result::ok);
        chunks.map(|chunk| chunk.count).sum()
    }
}
