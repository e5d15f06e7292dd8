//! Where the rows of a cursor go: into messages of rows, into COPY's, or nowhere.

use std::ops::Range;
use std::sync::Arc;

use bytes::BufMut;

use crate::copy::CopyOut;
use crate::error::{Report, Result};
use crate::output::Output;
use crate::types::{Encoder, Format, Zone};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sink {
    /// One per column.
    pub formats: Arc<[Format]>,
    pub zone: Zone,
    pub shape: Shape,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Rows,
    Copy(Arc<CopyOut>),
    /// MOVE: rows are passed over.
    Nothing,
}

impl Sink {
    /// Writes rows until the buffer is full; answers how many it took.
    pub fn write(
        &self,
        encoders: &[Encoder],
        range: Range<usize>,
        output: &mut Output,
    ) -> Result<usize> {
        let columns = i16::try_from(encoders.len())
            .map_err(|_| Report::new("54011", "a result has more than 32767 columns"))?;
        let first = range.start;
        for row in range.clone() {
            match &self.shape {
                Shape::Rows => output.frame(b'D', |buffer| {
                    buffer.put_i16(columns);
                    encoders.iter().try_for_each(|encoder| encoder.write(row, buffer))
                })?,
                Shape::Copy(copy) => {
                    output.frame(b'd', |buffer| copy.row(encoders, row, buffer))?;
                }
                Shape::Nothing => {}
            }
            if output.is_full() {
                return Ok(row + 1 - first);
            }
        }
        Ok(range.len())
    }
}
