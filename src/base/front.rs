//! Statements about what a front keeps for its client: cursors, prepared statements, and results in the
//! form of COPY. The engine reads them, since it alone knows SQL; the front carries them out, since it alone
//! knows what it keeps and how a row is written.

use crate::Statement;

/// See the module. Queries inside are statements of their own: prepared and executed as any other.
#[derive(Clone)]
pub enum FrontStatement {
    Declare(Declare),
    Fetch(Fetch),
    /// `CLOSE name`; none means ALL.
    Close(Option<String>),
    Prepare {
        name: String,
        /// The parameters' types as written, in lower case, without modifiers: `double precision`.
        types: Vec<String>,
        query: Statement,
    },
    Execute {
        name: String,
        /// A query of one row, one column per argument; none when there are no arguments.
        arguments: Option<Statement>,
    },
    /// `DEALLOCATE name`; none means ALL.
    Deallocate(Option<String>),
    Copy(Copy),
}

/// `DECLARE name CURSOR FOR query`.
#[derive(Clone)]
pub struct Declare {
    pub name: String,
    pub query: Statement,
    pub scroll: Scroll,
    /// WITH HOLD: outlives the transaction that commits it.
    pub is_held: bool,
    /// Simple queries fetch its rows in binary.
    pub is_binary: bool,
}

/// Whether a cursor can go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scroll {
    /// Nothing was said: if it costs little.
    Unsaid,
    Scroll,
    NoScroll,
}

/// `FETCH` and `MOVE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    pub cursor: String,
    pub direction: Direction,
    /// MOVE: goes there without sending rows.
    pub is_move: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// So many rows, or all that are left.
    Forward(Option<u64>),
    Backward(Option<u64>),
    /// To the row of this number; counted from the end when negative, before the first when 0.
    Absolute(i64),
    /// So many rows from here, and that row alone.
    Relative(i64),
}

/// `COPY (query) TO STDOUT`.
#[derive(Clone)]
pub struct Copy {
    pub query: Statement,
    pub form: CopyForm,
}

/// How COPY writes rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyForm {
    Text { delimiter: u8, null: String, header: bool },
    Csv(Csv),
    Binary,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Csv {
    pub delimiter: u8,
    pub null: String,
    pub header: bool,
    pub quote: u8,
    pub escape: u8,
    pub force_quote: ForceQuote,
}

/// The columns whose values are quoted even where they need not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForceQuote {
    All,
    Columns(Vec<String>),
}
