//! to
