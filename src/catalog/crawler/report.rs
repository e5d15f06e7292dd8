//! What a crawl found and wants to change, for people and for the catalog.

use std::fmt;

use crate::change::Change;
use crate::crawler::seen::Broken;

/// The outcome of a crawl before anything is written. `Display` prints one line per change and per broken
/// folder.
#[derive(Debug, Default)]
pub struct CrawlPlan {
    /// Empty when the catalog already says what the lake holds.
    pub changes: Vec<Change>,
    pub lines: Vec<Line>,
    pub broken: Vec<Broken>,
    pub tables: usize,
    pub folders: usize,
    pub objects: usize,
    /// Files and tables that were opened; 0 when nothing changed since the last crawl.
    pub reads: usize,
    /// What to remember for the next crawl.
    pub(crate) remembered: Vec<Change>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub sign: Sign,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    Added,
    Changed,
    Removed,
    /// Seen, and left alone because a policy says so.
    Noted,
}

impl CrawlPlan {
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    pub fn count(&self, sign: Sign) -> usize {
        self.lines.iter().filter(|line| line.sign == sign).count()
    }
}

impl Sign {
    pub fn mark(self) -> char {
        match self {
            Self::Added => '+',
            Self::Changed => '~',
            Self::Removed => '-',
            Self::Noted => '=',
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.sign.mark(), self.text)
    }
}

impl fmt::Display for CrawlPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        for broken in &self.broken {
            writeln!(f, "! {broken}")?;
        }
        Ok(())
    }
}
