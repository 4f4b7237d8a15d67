//! The output of a program under test.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// One output stream, read by a thread of its own.
#[derive(Debug)]
pub(super) struct Collected {
    text: Arc<Mutex<Vec<u8>>>,
    /// One message for each line; disconnected at the end of the file.
    pub(super) lines: Receiver<String>,
}

impl Collected {
    /// Reads `stream` to its end, or `most` lines of it, and closes it.
    pub(super) fn read(stream: impl Read + Send + 'static, most: usize) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let (sender, lines) = channel();
        let shared = Arc::clone(&text);
        thread::spawn(move || {
            let mut stream = BufReader::with_capacity(1 << 16, stream);
            let mut line = Vec::new();
            for _ in 0..most {
                line.clear();
                match stream.read_until(b'\n', &mut line) {
                    Ok(0) | Err(_) => break,
                    Ok(_) => {}
                }
                shared
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend_from_slice(&line);
                let line = String::from_utf8_lossy(&line);
                // An error: nobody reads line by line.
                let _ = sender.send(line.trim_end_matches('\n').to_string());
            }
        });
        Collected { text, lines }
    }

    pub(super) fn text(&self) -> String {
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&text).into_owned()
    }
}
