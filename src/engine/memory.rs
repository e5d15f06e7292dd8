//! Memory that DataFusion's operators keep without telling its pool, told to it here; and the last line of
//! defence, for what no account sees: when the process outgrows its bounds, the greediest query ends.

mod held;
mod share;
mod watch;

pub use held::HeldInputs;
pub use share::Share;
pub use watch::Watch;
