//! What the recipes share, one module for each concept.
//!
//! | module | what it gives | Python's name for it |
//! | --- | --- | --- |
//! | [`say`](mod@say) | whole lines on standard output | `print(..., flush=True)` |
//! | [`nap`] | random pauses that a seed repeats | `time.sleep(random.random())` |
//! | [`program`] | options in, exit status out, errors in one line | |
//! | [`timeline`] | `--timeline FILE.svg`: a picture of the run | |
//! | [`measure`] (feature `testing`) | candidates timed side by side | |
//! | [`testing`] (feature `testing`) | programs run under a deadline, none left behind | |
#![forbid(unsafe_code)]

#[cfg(feature = "testing")]
pub mod measure;
pub mod nap;
pub mod program;
pub mod say;
#[cfg(feature = "testing")]
pub mod testing;
pub mod timeline;
