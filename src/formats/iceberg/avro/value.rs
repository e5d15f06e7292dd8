//! Avro values, borrowed from the block they stand in.

use super::schema::{Keep, Record, Schema};

/// Values of one top-level record: a table with 200,000 columns needs about 4 million.
const RECORD_VALUES_MAX: u64 = 4_000_000;

#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// Null, or a field nobody wanted.
    Null,
    Boolean(bool),
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    /// Bytes and fixed.
    Bytes(&'a [u8]),
    String(&'a str),
    Array(Vec<Value<'a>>),
    Record(Fields<'a>),
}

/// The fields of a record, in the writer's order.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    pub record: &'a Record,
    pub values: Vec<Value<'a>>,
}

const ABSENT: &Value<'static> = &Value::Null;

impl<'a> Fields<'a> {
    /// The field's value; `Null` when the writer has no such field.
    pub fn get(&self, keep: &Keep) -> &Value<'a> {
        self.record
            .position(keep.id, keep.name)
            .and_then(|at| self.values.get(at))
            .unwrap_or(ABSENT)
    }
}

impl<'a> Value<'a> {
    pub fn as_long(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(i64::from(*value)),
            Self::Long(value) => Some(*value),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&'a str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub fn as_record(&self) -> Option<&Fields<'a>> {
        match self {
            Self::Record(fields) => Some(fields),
            _ => None,
        }
    }

    /// A list of integers; none where it is no list, or not of integers.
    pub fn as_ints(&self) -> Option<Vec<i32>> {
        let Self::Array(items) = self else { return None };
        items.iter().map(|item| i32::try_from(item.as_long()?).ok()).collect()
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The entries of a map with integer keys, which Iceberg writes as an array of key-value records.
    pub fn entries(&self) -> impl Iterator<Item = (i32, &Value<'a>)> {
        let items = if let Self::Array(items) = self { items.as_slice() } else { &[] };
        items.iter().filter_map(|item| match item.as_record()?.values.as_slice() {
            [Value::Int(key), value] => Some((*key, value)),
            _ => None,
        })
    }
}

/// Reads values from a block. `None` means that the block is damaged, or lies about lengths.
pub struct Cursor<'a> {
    bytes: &'a [u8],
    /// Values that may still be read. It stops blocks that unfold into more values than their bytes can
    /// mean: types of no bytes, in arrays, in arrays.
    fuel: u64,
    record_fuel: u64,
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8], fuel: u64) -> Self {
        Self { bytes, fuel, record_fuel: 0 }
    }

    pub fn fuel(&self) -> u64 {
        self.fuel
    }

    pub fn remaining(&self) -> usize {
        self.bytes.len()
    }

    /// One top-level record.
    pub fn record(&mut self, record: &'a Record) -> Option<Fields<'a>> {
        self.record_fuel = RECORD_VALUES_MAX;
        self.fields(record)
    }

    pub fn long(&mut self) -> Option<i64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first()?;
            // The tenth byte has room for one bit.
            if shift == 63 && byte > 1 {
                return None;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let magnitude = i64::try_from(value >> 1).ok()?;
                return Some(if value & 1 == 1 { !magnitude } else { magnitude });
            }
        }
        None
    }

    /// Bytes with their length in front.
    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.long()?).ok()?;
        self.take(length)
    }

    pub fn string(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    fn burn(&mut self) -> Option<()> {
        self.fuel = self.fuel.checked_sub(1)?;
        self.record_fuel = self.record_fuel.checked_sub(1)?;
        Some(())
    }

    fn fields(&mut self, record: &'a Record) -> Option<Fields<'a>> {
        let mut values = Vec::with_capacity(record.fields.len());
        for field in &record.fields {
            if field.wanted {
                values.push(self.value(&field.schema)?);
            } else {
                self.skip(&field.schema)?;
                values.push(Value::Null);
            }
        }
        Some(Fields { record, values })
    }

    fn value(&mut self, schema: &'a Schema) -> Option<Value<'a>> {
        self.burn()?;
        Some(match schema {
            Schema::Null => Value::Null,
            Schema::Boolean => Value::Boolean(self.boolean()?),
            Schema::Int | Schema::Enum => Value::Int(i32::try_from(self.long()?).ok()?),
            Schema::Long => Value::Long(self.long()?),
            Schema::Float => Value::Float(f32::from_le_bytes(self.take(4)?.try_into().ok()?)),
            Schema::Double => Value::Double(f64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            Schema::Bytes => Value::Bytes(self.bytes()?),
            Schema::String => Value::String(self.string()?),
            Schema::Fixed(length) => Value::Bytes(self.take(*length)?),
            Schema::Array(item) => Value::Array(self.array(item)?),
            // No Iceberg metadata has string-keyed maps: one from elsewhere is read over.
            Schema::Map(_) => {
                self.skip(schema)?;
                Value::Null
            }
            Schema::Union(branches) => {
                let branch = usize::try_from(self.long()?).ok()?;
                self.value(branches.get(branch)?)?
            }
            Schema::Record(record) => Value::Record(self.fields(record)?),
        })
    }

    fn boolean(&mut self) -> Option<bool> {
        match self.take(1)? {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }

    fn array(&mut self, item: &'a Schema) -> Option<Vec<Value<'a>>> {
        let mut items = Vec::new();
        loop {
            let (count, _) = self.chunk()?;
            if count == 0 {
                return Some(items);
            }
            for _ in 0..count {
                items.push(self.value(item)?);
            }
        }
    }

    /// The head of a part of an array or map: how many items, and their bytes where the writer says so.
    fn chunk(&mut self) -> Option<(u64, Option<usize>)> {
        let count = self.long()?;
        let length = if count < 0 { Some(usize::try_from(self.long()?).ok()?) } else { None };
        Some((count.unsigned_abs(), length))
    }

    fn skip(&mut self, schema: &'a Schema) -> Option<()> {
        self.burn()?;
        match schema {
            Schema::Null => {}
            Schema::Boolean => drop(self.take(1)?),
            Schema::Int | Schema::Long | Schema::Enum => self.skip_long()?,
            Schema::Float => drop(self.take(4)?),
            Schema::Double => drop(self.take(8)?),
            Schema::Bytes | Schema::String => drop(self.bytes()?),
            Schema::Fixed(length) => drop(self.take(*length)?),
            Schema::Array(item) => self.skip_items(item, 0)?,
            Schema::Map(value) => self.skip_items(value, 1)?,
            Schema::Union(branches) => {
                let branch = usize::try_from(self.long()?).ok()?;
                self.skip(branches.get(branch)?)?;
            }
            Schema::Record(record) => {
                for field in &record.fields {
                    self.skip(&field.schema)?;
                }
            }
        }
        Some(())
    }

    /// Some writers have snapshot ids of more than 64 bits: no harm, where nobody reads them.
    fn skip_long(&mut self) -> Option<()> {
        let length = self.bytes.iter().take(10).position(|byte| byte & 0x80 == 0)?;
        self.take(length + 1).map(drop)
    }

    /// `keys` is 1 for maps, whose values have a string in front, and 0 for arrays.
    fn skip_items(&mut self, item: &'a Schema, keys: usize) -> Option<()> {
        loop {
            let (count, length) = self.chunk()?;
            if count == 0 {
                return Some(());
            }
            if let Some(length) = length {
                self.take(length)?;
                continue;
            }
            for _ in 0..count {
                for _ in 0..keys {
                    self.bytes()?;
                }
                self.skip(item)?;
            }
        }
    }
}
