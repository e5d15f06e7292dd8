//! Athena: its SQL beside ours ([`dialect`]).

pub mod dialect;
