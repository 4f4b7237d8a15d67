//! Showing values as Python does.
