//! Comparing values as Python does.
