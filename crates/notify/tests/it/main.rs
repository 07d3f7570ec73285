//! Messages as they are read.

mod messages;
