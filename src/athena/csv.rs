//! The CSV in which Athena writes results: every value in quotes, a quote within as two, NULL as nothing at
//! all. A reader of our own: the usual ones do not tell `""`, an empty text, from nothing.

use lakegate_base::{Error, Result};

use crate::cells::Cells;

/// Athena's rows are no longer than 32 MB.
const VALUE_BYTES_MAX: usize = 64 << 20;

pub(crate) struct CsvReader {
    state: State,
    /// The value so far, as it may come in pieces.
    value: Vec<u8>,
    /// The first row until it is whole: names of columns.
    header: Option<Vec<String>>,
    names: Vec<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    RowStart,
    ValueStart,
    Quoted,
    /// After a quote within quotes: the value's end, or half of a quote that belongs to it.
    QuoteSeen,
}

impl CsvReader {
    pub(crate) fn new(names: Vec<String>) -> Self {
        Self { state: State::RowStart, value: Vec::new(), header: Some(Vec::new()), names }
    }

    /// Reads until the bytes end or the cells are full after a row. Gives how many bytes it read.
    pub(crate) fn read(&mut self, bytes: &[u8], cells: &mut Cells) -> Result<usize> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            at += 1;
            match (self.state, byte) {
                (State::RowStart | State::ValueStart, b'"') => self.state = State::Quoted,
                (State::RowStart | State::ValueStart, b',') => self.end_value(false, cells)?,
                (State::RowStart | State::ValueStart, b'\n') => {
                    self.end_value(false, cells)?;
                    self.end_row(cells)?;
                }
                (State::RowStart | State::ValueStart, _) => {
                    return Err(damaged("a value stands without quotes", cells));
                }
                (State::Quoted, b'"') => self.state = State::QuoteSeen,
                (State::Quoted, _) => {
                    let rest = &bytes[at - 1..];
                    let length = rest.iter().position(|b| *b == b'"').unwrap_or(rest.len());
                    self.value.extend_from_slice(&rest[..length]);
                    if self.value.len() > VALUE_BYTES_MAX {
                        return Err(damaged("a value has no end", cells));
                    }
                    at += length - 1;
                }
                (State::QuoteSeen, b'"') => {
                    self.value.push(b'"');
                    self.state = State::Quoted;
                }
                (State::QuoteSeen, b',') => self.end_value(true, cells)?,
                (State::QuoteSeen, b'\n') => {
                    self.end_value(true, cells)?;
                    self.end_row(cells)?;
                }
                (State::QuoteSeen, _) => {
                    return Err(damaged("a value goes on behind its quotes", cells));
                }
            }
            if self.state == State::RowStart && cells.are_full() {
                break;
            }
        }
        Ok(at)
    }

    /// The file is at its end: so must be the row. Its last line may lack the line break.
    pub(crate) fn finish(&mut self, cells: &mut Cells) -> Result<()> {
        match self.state {
            State::RowStart => {}
            State::ValueStart => {
                self.end_value(false, cells)?;
                self.end_row(cells)?;
            }
            State::QuoteSeen => {
                self.end_value(true, cells)?;
                self.end_row(cells)?;
            }
            State::Quoted => return Err(damaged("the last value has no end", cells)),
        }
        match self.header {
            None => Ok(()),
            Some(_) => Err(damaged("there is no row of names", cells)),
        }
    }

    fn end_value(&mut self, is_there: bool, cells: &mut Cells) -> Result<()> {
        self.state = State::ValueStart;
        let value = str::from_utf8(&self.value)
            .map_err(|e| damaged("a value is no UTF-8", cells).source(e))?;
        match &mut self.header {
            Some(header) => header.push(value.to_string()),
            None => cells.push(is_there.then_some(value))?,
        }
        self.value.clear();
        Ok(())
    }

    fn end_row(&mut self, cells: &mut Cells) -> Result<()> {
        self.state = State::RowStart;
        match self.header.take() {
            Some(header) if header == self.names => Ok(()),
            Some(_) => Err(damaged("its first row does not name the columns", cells)),
            None => cells.end_row(),
        }
    }
}

fn damaged(what: &str, cells: &Cells) -> Error {
    Error::corrupt(format!("Athena's result file, row {}: {what}", cells.row()))
        .hint("Run the statement again; if it stays, set athena.results = \"api\".")
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};

    use super::*;
    use crate::cells::{Column, Shape};

    fn shape(names: &[&str]) -> Shape {
        let columns = names.iter().map(|name| Column::new(name, "varchar").expect("a type"));
        Shape::new(columns.collect())
    }

    /// The rows, however the bytes were cut.
    fn rows(text: &str, piece: usize) -> Result<Vec<Vec<Option<String>>>> {
        let shape = shape(&["a", "b"]);
        let mut cells = Cells::new(&shape, 2, 1 << 20);
        let mut reader = CsvReader::new(vec!["a".into(), "b".into()]);
        let mut found = Vec::new();
        let mut take = |cells: &mut Cells| {
            let batch = cells.take()?;
            for row in 0..batch.num_rows() {
                let value = |column: usize| {
                    let texts = batch.column(column).as_string::<i32>();
                    texts.is_valid(row).then(|| texts.value(row).to_string())
                };
                found.push(vec![value(0), value(1)]);
            }
            Ok::<_, Error>(())
        };
        for mut bytes in text.as_bytes().chunks(piece) {
            while !bytes.is_empty() {
                bytes = &bytes[reader.read(bytes, &mut cells)?..];
                if cells.are_full() {
                    take(&mut cells)?;
                }
            }
        }
        reader.finish(&mut cells)?;
        take(&mut cells)?;
        Ok(found)
    }

    #[test]
    fn null_and_empty_text_differ_and_values_hold_anything() {
        let text = "\"a\",\"b\"\n,\"\"\n\"x,\ny\",\"say \"\"ü\"\"\"\n\"\",\n\"\"\"\",\"last\"\n";
        let some = |text: &str| Some(text.to_string());
        let expected = vec![
            vec![None, some("")],
            vec![some("x,\ny"), some("say \"ü\"")],
            vec![some(""), None],
            vec![some("\""), some("last")],
        ];
        for piece in [1, 2, 3, 7, 1000] {
            assert_eq!(rows(text, piece).expect("it is read"), expected, "{piece}");
        }
        assert_eq!(rows(text.trim_end(), 5).expect("no last line break"), expected);
    }

    #[test]
    fn what_athena_does_not_write_is_refused() {
        let wrong = [
            "",
            "\"a\"\n",
            "\"b\",\"a\"\n",
            "\"a\",\"b\"\n\"1\"\n",
            "\"a\",\"b\"\n\"1\",\"2\",\"3\"\n",
            "\"a\",\"b\"\n1,2\n",
            "\"a\",\"b\"\n\"1\"2,\"\"\n",
            "\"a\",\"b\"\n\"1\",\"2",
        ];
        for text in wrong {
            let error = rows(text, 4).expect_err(text);
            assert_eq!(error.kind(), lakegate_base::ErrorKind::Corrupt, "{text}");
        }
    }
}
