//! The form in which columns travel. Views and dictionaries are sent as they are to clients that ask for
//! them, and as plain arrays to all others: not every client reads them.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::cast;
use arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Field, FieldRef, IntervalUnit,
    Schema, SchemaRef,
};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::IpcWriteOptions;
use lakegate_base::{Error, Result, Session, Subject};

use crate::error;

/// What a session's client can read, by its settings `flight.…`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form {
    keeps_views: bool,
    keeps_dictionaries: bool,
    compression: Option<CompressionType>,
}

/// The settings, and what each may be. The first is the default.
pub(crate) const SETTINGS: [(&str, &[&str]); 3] = [
    ("flight.view_types", &["off", "on"]),
    ("flight.dictionaries", &["off", "on"]),
    ("flight.compression", &["none", "lz4", "zstd"]),
];

impl Form {
    pub fn of(session: &dyn Session) -> Result<Self> {
        let [views, dictionaries, compression] = SETTINGS;
        let compression = match chosen(session, compression)? {
            1 => Some(CompressionType::LZ4_FRAME),
            2 => Some(CompressionType::ZSTD),
            _ => None,
        };
        Ok(Self {
            keeps_views: chosen(session, views)? == 1,
            keeps_dictionaries: chosen(session, dictionaries)? == 1,
            compression,
        })
    }

    pub fn options(&self) -> Result<IpcWriteOptions> {
        let options = IpcWriteOptions::default().try_with_compression(self.compression);
        options.map_err(error::arrow)
    }

    pub fn schema(&self, schema: &Schema) -> SchemaRef {
        let fields = schema.fields().iter().map(|field| self.field(field));
        Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone()))
    }

    fn field(&self, field: &FieldRef) -> FieldRef {
        let changed = field.as_ref().clone().with_data_type(self.data_type(field.data_type()));
        let name = field.metadata().get("pg.type").cloned();
        Arc::new(named(changed, name.as_deref()))
    }

    fn inner(&self, field: &FieldRef) -> FieldRef {
        Arc::new(field.as_ref().clone().with_data_type(self.data_type(field.data_type())))
    }

    fn data_type(&self, data_type: &DataType) -> DataType {
        match data_type {
            DataType::Utf8View if !self.keeps_views => DataType::Utf8,
            DataType::BinaryView if !self.keeps_views => DataType::Binary,
            DataType::Dictionary(_, values) if !self.keeps_dictionaries => self.data_type(values),
            DataType::Dictionary(keys, values) => {
                DataType::Dictionary(keys.clone(), Box::new(self.data_type(values)))
            }
            DataType::RunEndEncoded(_, values) => self.data_type(values.data_type()),
            // arrow-flight's encoder announces large lists as lists, whatever offsets it sends then
            // (`prepare_field_for_flight`, 59.3.2).
            DataType::List(field)
            | DataType::LargeList(field)
            | DataType::ListView(field)
            | DataType::LargeListView(field) => DataType::List(self.inner(field)),
            DataType::FixedSizeList(field, size) => {
                DataType::FixedSizeList(self.inner(field), *size)
            }
            DataType::Map(field, sorted) => DataType::Map(self.inner(field), *sorted),
            DataType::Decimal128(digits, scale) if *scale < 0 => whole(*digits, *scale),
            // Other intervals are what few clients read: pyarrow does not.
            DataType::Interval(_) => DataType::Interval(IntervalUnit::MonthDayNano),
            DataType::Struct(fields) => {
                DataType::Struct(fields.iter().map(|field| self.inner(field)).collect())
            }
            other => other.clone(),
        }
    }
}

/// A decimal whose last digits are zeros that it does not keep, with all of them where there is room:
/// clients do not expect a negative scale, and pyarrow cannot show one.
fn whole(digits: u8, scale: i8) -> DataType {
    match digits.saturating_add(scale.unsigned_abs()) {
        all @ ..=DECIMAL128_MAX_PRECISION => DataType::Decimal128(all, 0),
        all @ ..=DECIMAL256_MAX_PRECISION => DataType::Decimal256(all, 0),
        _ => DataType::Decimal128(digits, scale),
    }
}

/// The place of a setting's value among those it may have.
fn chosen(session: &dyn Session, (name, known): (&str, &[&str])) -> Result<usize> {
    let Ok(value) = session.show(name) else { return Ok(0) };
    let value = value.to_ascii_lowercase();
    known.iter().position(|word| value.is_empty() || *word == value).ok_or_else(|| {
        Error::invalid(format!("invalid value for parameter \"{name}\": \"{value}\""))
            .about(Subject::Setting)
            .hint(format!("Use one of: {}.", known.join(", ")))
    })
}

/// As any client can read it.
pub(crate) fn plain(data_type: &DataType) -> DataType {
    Form::default().data_type(data_type)
}

/// A field that tells its SQL type, where Arrow's does not.
pub(crate) fn named(field: Field, type_name: Option<&str>) -> Field {
    let Some(name) = type_name else { return field };
    let mut metadata = field.metadata().clone();
    metadata.insert("ARROW:FLIGHT:SQL:TYPE_NAME".into(), name.into());
    field.with_metadata(metadata)
}

/// The batch in another schema, column by column.
pub(crate) fn reshape(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| {
        match column.data_type() == field.data_type() {
            true => Ok(Arc::clone(column)),
            false => cast(column, field.data_type()),
        }
    });
    let columns = columns.collect::<Result<Vec<ArrayRef>, _>>().map_err(error::arrow)?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).map_err(error::arrow)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray, Decimal128Array, IntervalYearMonthArray, StringViewArray};
    use arrow::datatypes::{Decimal128Type, IntervalMonthDayNano, IntervalMonthDayNanoType};

    use super::*;

    #[test]
    fn views_and_dictionaries_become_plain_at_any_depth() {
        let words = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8View));
        let list = DataType::List(Arc::new(Field::new("item", words, true)));
        let expected = DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)));
        assert_eq!(plain(&list), expected);
    }

    #[test]
    fn a_client_that_reads_views_gets_them() {
        let form = Form { keeps_views: true, ..Form::default() };
        assert_eq!(form.data_type(&DataType::Utf8View), DataType::Utf8View);
    }

    #[test]
    fn lists_of_any_kind_become_one() {
        let item = || Arc::new(Field::new("item", DataType::Int64, true));
        let expected = DataType::List(item());
        for kind in [DataType::LargeList, DataType::ListView, DataType::LargeListView] {
            assert_eq!(plain(&kind(item())), expected);
            let nested = kind(Arc::new(Field::new("item", kind(item()), true)));
            let expected = Arc::new(Field::new("item", expected.clone(), true));
            assert_eq!(plain(&nested), DataType::List(expected));
        }
    }

    #[test]
    fn decimals_have_all_their_zeros_where_there_is_room() {
        for (digits, scale, expected) in [
            (2, -2, DataType::Decimal128(4, 0)),
            (1, -40, DataType::Decimal256(41, 0)),
            (1, -77, DataType::Decimal128(1, -77)),
            (9, 2, DataType::Decimal128(9, 2)),
        ] {
            assert_eq!(plain(&DataType::Decimal128(digits, scale)), expected);
        }
        let hundreds = Decimal128Array::from(vec![Some(7), None]).with_precision_and_scale(2, -2);
        let column: ArrayRef = Arc::new(hundreds.expect("fits"));
        let batch = RecordBatch::try_from_iter([("d", column)]).expect("a batch");
        let shaped = reshape(&batch, &Form::default().schema(&batch.schema())).expect("shaped");
        assert_eq!(shaped.column(0).as_primitive::<Decimal128Type>().value(0), 700);
    }

    #[test]
    fn intervals_of_any_kind_become_one() {
        let months: ArrayRef = Arc::new(IntervalYearMonthArray::from(vec![Some(17), None]));
        let batch = RecordBatch::try_from_iter([("i", months)]).expect("a batch");
        let shaped = reshape(&batch, &Form::default().schema(&batch.schema())).expect("shaped");
        let expected = IntervalMonthDayNano::new(17, 0, 0);
        let found = shaped.column(0).as_primitive::<IntervalMonthDayNanoType>();
        assert_eq!((found.value(0), found.is_null(1)), (expected, true));
    }

    #[test]
    fn rows_without_columns_keep_their_number() {
        let options = RecordBatchOptions::new().with_row_count(Some(3));
        let empty = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options);
        let shaped = reshape(&empty.expect("rows"), &Arc::new(Schema::empty())).expect("shaped");
        assert_eq!(shaped.num_rows(), 3);
    }

    #[test]
    fn a_batch_is_cast_to_what_the_client_reads() {
        let column: ArrayRef = Arc::new(StringViewArray::from(vec![Some("a"), None]));
        let batch = RecordBatch::try_from_iter([("word", column)]).expect("a batch");
        let schema = Form::default().schema(&batch.schema());
        let shaped = reshape(&batch, &schema).expect("shaped");
        assert_eq!(shaped.column(0).data_type(), &DataType::Utf8);
        assert_eq!(shaped.num_rows(), 2);
    }
}
