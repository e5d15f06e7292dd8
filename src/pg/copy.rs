//! Rows in the form of COPY … TO STDOUT: text, CSV and binary, byte for byte as Postgres writes them.

use std::sync::Arc;

use bytes::{BufMut, BytesMut};
use lakegate_base::{Copy, CopyForm, Csv, ForceQuote, Scroll};
use pgwire::messages::copy::{CopyDone, CopyOutResponse};

use crate::connection::{Connection, Fault};
use crate::error::{Report, Result};
use crate::portal::{Life, Portal, State};
use crate::sink::{Shape, Sink};
use crate::stored::Stored;
use crate::types::{Column, Encoder, Format, Zone};

/// How the rows of one COPY are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CopyOut {
    form: CopyForm,
    /// By column, for CSV.
    force_quote: Vec<bool>,
    /// Bytes that need an escape (text) or quotes (CSV).
    special: Special,
    /// Numbers and moments never need either.
    plain: bool,
}

#[derive(Clone, PartialEq, Eq)]
struct Special([bool; 256]);

impl std::fmt::Debug for Special {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Special")
    }
}

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

impl Connection {
    pub async fn copy(&mut self, copy: &Copy, query: Arc<Stored>) -> Result<String, Fault> {
        let out = Arc::new(CopyOut::new(&copy.form, &query.columns)?);
        let format = if copy.form == CopyForm::Binary { Format::Binary } else { Format::Text };
        let columns = Arc::clone(&query.columns);
        let formats: Arc<[Format]> = columns.iter().map(|_| format).collect();
        let life = Life::Transaction(0);
        let mut portal = Portal {
            stored: query,
            parameters: Vec::new(),
            formats: formats.to_vec(),
            state: State::Bound,
            life,
        };
        self.open_portal(&mut portal, Scroll::NoScroll).await?;
        let State::Running { cursor, .. } = &mut portal.state else {
            return Err(Report::internal("a query gave no rows").into());
        };
        let code = i8::from(format == Format::Binary);
        let count = i16::try_from(columns.len())
            .map_err(|_| Report::new("54011", "a result has more than 32767 columns"))?;
        let codes = vec![i16::from(code); columns.len()];
        self.link.output.message(&CopyOutResponse::new(code, count, codes))?;
        out.start(&columns, &mut self.link.output)?;
        let zone = Zone::parse(&self.session().show("TimeZone")?)?;
        let sink = Sink { formats, zone, shape: Shape::Copy(Arc::clone(&out)) };
        let sent = self.run_cursor(cursor, None, sink).await?;
        out.end(&mut self.link.output)?;
        self.link.output.message(&CopyDone::new())?;
        Ok(format!("COPY {sent}"))
    }
}

impl CopyOut {
    fn new(form: &CopyForm, columns: &[Column]) -> Result<Self> {
        let (mut force_quote, mut special) = (Vec::new(), [false; 256]);
        let mut mark = |bytes: &[u8]| bytes.iter().for_each(|b| special[usize::from(*b)] = true);
        match form {
            CopyForm::Text { delimiter, .. } => {
                mark(&[8, 9, 10, 11, 12, 13, b'\\', *delimiter]);
            }
            CopyForm::Csv(csv) => {
                mark(&[csv.delimiter, csv.quote, b'\n', b'\r']);
                force_quote = forced(&csv.force_quote, columns)?;
            }
            CopyForm::Binary => {}
        }
        let plain = is_plain(form, &special);
        Ok(Self { form: form.clone(), force_quote, special: Special(special), plain })
    }

    /// What comes before the rows. Binary's goes with the first row, as Postgres sends it: drivers
    /// take a message for a row.
    fn start(&self, columns: &[Column], output: &mut crate::output::Output) -> Result<()> {
        let header = match &self.form {
            CopyForm::Text { header, .. } => *header,
            CopyForm::Csv(csv) => csv.header,
            CopyForm::Binary => {
                output.prefix(SIGNATURE);
                false
            }
        };
        if !header {
            return Ok(());
        }
        output.frame(b'd', |buffer| {
            for (index, column) in columns.iter().enumerate() {
                self.separate(index, buffer);
                let start = buffer.len();
                buffer.extend_from_slice(column.name().as_bytes());
                match &self.form {
                    CopyForm::Csv(csv) => self.quote(csv, start, false, columns.len() == 1, buffer),
                    _ => self.escape(start, buffer),
                }
            }
            buffer.put_u8(b'\n');
            Ok(())
        })
    }

    fn end(&self, output: &mut crate::output::Output) -> Result<()> {
        if self.form != CopyForm::Binary {
            return Ok(());
        }
        output.frame(b'd', |buffer| {
            buffer.put_i16(-1);
            Ok(())
        })
    }

    /// Writes one row, its terminator included.
    pub fn row(&self, encoders: &[Encoder], row: usize, out: &mut BytesMut) -> Result<()> {
        if self.form == CopyForm::Binary {
            out.put_i16(i16::try_from(encoders.len()).unwrap_or(i16::MAX));
            return encoders.iter().try_for_each(|encoder| encoder.write(row, out));
        }
        for (index, encoder) in encoders.iter().enumerate() {
            self.separate(index, out);
            let start = out.len();
            let is_null = !encoder.write_text(row, out)?;
            match &self.form {
                CopyForm::Text { null, .. } if is_null => out.extend_from_slice(null.as_bytes()),
                CopyForm::Csv(csv) if is_null => out.extend_from_slice(csv.null.as_bytes()),
                CopyForm::Text { .. } if self.plain && encoder.is_plain() => {}
                CopyForm::Csv(csv) => {
                    let forced = self.force_quote.get(index).copied().unwrap_or(false);
                    if forced || !self.plain || !encoder.is_plain() {
                        self.quote(csv, start, forced, encoders.len() == 1, out);
                    }
                }
                _ => self.escape(start, out),
            }
        }
        out.put_u8(b'\n');
        Ok(())
    }

    fn separate(&self, index: usize, out: &mut BytesMut) {
        let delimiter = match &self.form {
            CopyForm::Text { delimiter, .. } => *delimiter,
            CopyForm::Csv(csv) => csv.delimiter,
            CopyForm::Binary => return,
        };
        if index > 0 {
            out.put_u8(delimiter);
        }
    }

    /// Escapes what was written from `start` on, where it must be.
    fn escape(&self, start: usize, out: &mut BytesMut) {
        let Some(first) = self.first_special(start, out) else {
            return;
        };
        let tail = taken(out, first);
        for byte in tail {
            if self.special.0[usize::from(byte)] {
                out.put_u8(b'\\');
            }
            out.put_u8(match byte {
                8 => b'b',
                9 => b't',
                10 => b'n',
                11 => b'v',
                12 => b'f',
                13 => b'r',
                other => other,
            });
        }
    }

    /// Quotes what was written from `start` on, where it must be.
    fn quote(&self, csv: &Csv, start: usize, forced: bool, is_only: bool, out: &mut BytesMut) {
        let value = out.get(start..).unwrap_or_default();
        let needed = forced
            || value == csv.null.as_bytes()
            || (is_only && value == b"\\.")
            || self.first_special(start, out).is_some();
        if !needed {
            return;
        }
        let tail = taken(out, start);
        out.put_u8(csv.quote);
        for byte in tail {
            if byte == csv.quote || byte == csv.escape {
                out.put_u8(csv.escape);
            }
            out.put_u8(byte);
        }
        out.put_u8(csv.quote);
    }

    fn first_special(&self, start: usize, out: &BytesMut) -> Option<usize> {
        let value = out.get(start..)?;
        let at = value.iter().position(|byte| self.special.0[usize::from(*byte)])?;
        Some(start + at)
    }
}

/// Takes off what was written from `start` on. Splitting the buffer would leave it without room.
fn taken(out: &mut BytesMut, start: usize) -> Vec<u8> {
    let tail = out.get(start..).unwrap_or_default().to_vec();
    out.truncate(start);
    tail
}

/// Whether nothing that numbers and moments are written with is special.
fn is_plain(form: &CopyForm, special: &[bool; 256]) -> bool {
    let is_used = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.: ".contains(byte);
    let is_null_like = match form {
        // A value that reads as NULL does is quoted.
        CopyForm::Csv(csv) => !csv.null.is_empty() && csv.null.bytes().all(|byte| is_used(&byte)),
        CopyForm::Text { .. } | CopyForm::Binary => false,
    };
    !is_null_like && !(0..=u8::MAX).any(|byte| is_used(&byte) && special[usize::from(byte)])
}

fn forced(force_quote: &ForceQuote, columns: &[Column]) -> Result<Vec<bool>> {
    let names = match force_quote {
        ForceQuote::All => return Ok(vec![true; columns.len()]),
        ForceQuote::Columns(names) => names,
    };
    let mut forced = vec![false; columns.len()];
    for name in names {
        let at = columns.iter().position(|column| column.name() == name);
        let at = at
            .and_then(|at| forced.get_mut(at))
            .ok_or_else(|| Report::new("42703", format!("column \"{name}\" does not exist")))?;
        *at = true;
    }
    Ok(forced)
}
