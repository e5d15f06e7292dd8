//! `percentile_cont`, `percentile_disc` and `mode`, WITHIN GROUP (ORDER BY x): the values are kept and sorted
//! at the end.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, new_empty_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{SortOptions, concat, filter, is_not_null, sort};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, IntervalMonthDayNanoType};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

use crate::functions::columns::{invalid, no_such_function};
use crate::functions::dates::{Interval, is_interval};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    /// Between two values, in proportion.
    Continuous,
    /// The first value whose place is not before the fraction.
    Discrete,
    /// The most frequent value, the first of equals.
    Mode,
}

pub fn functions() -> Vec<AggregateUDF> {
    [
        ("percentile_cont", Kind::Continuous),
        ("percentile_disc", Kind::Discrete),
        ("mode", Kind::Mode),
    ]
    .into_iter()
    .map(|(name, kind)| {
        let signature = Signature::user_defined(Volatility::Immutable);
        AggregateUDF::from(Ordered { name, kind, signature })
    })
    .collect()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Ordered {
    name: &'static str,
    kind: Kind,
    signature: Signature,
}

impl AggregateUDFImpl for Ordered {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The value comes first, then the fraction, or a list of them.
    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let wrong = || no_such_function(self.name, given);
        let value = match (self.kind, given.first().ok_or_else(wrong)?) {
            (Kind::Continuous, interval) if is_interval(interval) => {
                crate::functions::dates::INTERVAL
            }
            (Kind::Continuous, number) if number.is_numeric() || number.is_null() => {
                DataType::Float64
            }
            (Kind::Continuous, _) => return Err(wrong()),
            (_, value) => value.clone(),
        };
        match (self.kind, given) {
            (Kind::Mode, [_]) => Ok(vec![value]),
            (Kind::Mode, _) => Err(wrong()),
            (_, [_, fraction]) => {
                let is_list = matches!(fraction, DataType::List(_) | DataType::FixedSizeList(..));
                let fraction = match is_list {
                    true => DataType::new_list(DataType::Float64, true),
                    false => DataType::Float64,
                };
                Ok(vec![value, fraction])
            }
            _ => Err(wrong()),
        }
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        let value = given.first().cloned().unwrap_or(DataType::Null);
        Ok(match given.get(1) {
            Some(DataType::List(_)) => DataType::new_list(value, true),
            _ => value,
        })
    }

    fn accumulator(&self, call: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let value = call.expr_fields.first().map_or(DataType::Null, |f| f.data_type().clone());
        let is_descending = call.order_bys.first().is_some_and(|order| order.options.descending);
        Ok(Box::new(Values {
            kind: self.kind,
            data_type: value,
            result: call.return_field.data_type().clone(),
            is_descending,
            parts: Vec::new(),
            fraction: None,
        }))
    }

    fn state_fields(&self, call: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let input = |at: usize| call.input_fields.get(at).map(|f| f.data_type().clone());
        let value = DataType::new_list(input(0).unwrap_or(DataType::Null), true);
        let fraction = input(1).unwrap_or(DataType::Float64);
        Ok(vec![
            Field::new("values", value, true).into(),
            Field::new("fraction", fraction, true).into(),
        ])
    }

    fn supports_within_group_clause(&self) -> bool {
        true
    }

    /// The values are sorted here.
    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

#[derive(Debug)]
struct Values {
    kind: Kind,
    data_type: DataType,
    result: DataType,
    is_descending: bool,
    parts: Vec<ArrayRef>,
    /// The second argument, as the first row has it.
    fraction: Option<ScalarValue>,
}

impl Values {
    fn all(&self) -> Result<ArrayRef> {
        let parts: Vec<&dyn Array> = self.parts.iter().map(AsRef::as_ref).collect();
        match parts.is_empty() {
            true => Ok(new_empty_array(&self.data_type)),
            false => Ok(concat(&parts)?),
        }
    }

    fn add(&mut self, values: &ArrayRef) -> Result<()> {
        let known = match values.null_count() {
            0 => Arc::clone(values),
            _ => filter(values, &is_not_null(values)?)?,
        };
        if !known.is_empty() {
            self.parts.push(known);
        }
        Ok(())
    }

    fn at_fraction(&self, sorted: &ArrayRef, fraction: Option<f64>) -> Result<ScalarValue> {
        let Some(fraction) = fraction.filter(|_| !sorted.is_empty()) else {
            return ScalarValue::try_from(&self.data_type);
        };
        if !(0.0..=1.0).contains(&fraction) {
            return Err(invalid(format!("percentile value {fraction} is not between 0 and 1")));
        }
        let last = crate::functions::dates::as_float(i64::try_from(sorted.len() - 1).unwrap_or(0));
        if self.kind == Kind::Discrete {
            let rows = last + 1.0;
            let place = (fraction * rows).ceil() - 1.0;
            return ScalarValue::try_from_array(sorted, index(place.max(0.0)));
        }
        let place = fraction * last;
        let (low, high) = (index(place.floor()), index(place.ceil()));
        let part = place.fract();
        if *sorted.data_type() == DataType::Float64 {
            let values = sorted.as_primitive::<Float64Type>();
            let (low, high) = (values.value(low), values.value(high));
            return Ok(ScalarValue::Float64(Some(low + part * (high - low))));
        }
        let values = sorted.as_primitive::<IntervalMonthDayNanoType>();
        let (low, high) = (Interval::of(values.value(low)), Interval::of(values.value(high)));
        let between = low.plus(high.plus(low.negated()).scaled(|x| x * part)?);
        Ok(ScalarValue::IntervalMonthDayNano(Some(between.arrow()?)))
    }

    fn mode(&self, sorted: &ArrayRef) -> Result<ScalarValue> {
        let ends = arrow::compute::partition(std::slice::from_ref(sorted))?.ranges();
        // The first of the longest.
        let longest = ends.iter().max_by_key(|run| (run.len(), std::cmp::Reverse(run.start)));
        match longest {
            Some(run) => ScalarValue::try_from_array(sorted, run.start),
            None => ScalarValue::try_from(&self.data_type),
        }
    }
}

fn index(place: f64) -> usize {
    place as usize
}

impl Accumulator for Values {
    fn update_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        // Behind the arguments come the columns of ORDER BY.
        if self.fraction.is_none()
            && self.kind != Kind::Mode
            && let Some(fractions) = columns.get(1).filter(|f| !f.is_empty())
        {
            self.fraction = Some(ScalarValue::try_from_array(fractions, 0)?);
        }
        self.add(&columns[0])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let options = SortOptions { descending: self.is_descending, nulls_first: false };
        let sorted = sort(&self.all()?, Some(options))?;
        if self.kind == Kind::Mode {
            return self.mode(&sorted);
        }
        match &self.fraction {
            None => ScalarValue::try_from(&self.result),
            Some(ScalarValue::List(fractions)) => {
                if sorted.is_empty() || fractions.is_null(0) {
                    return ScalarValue::try_from(&self.result);
                }
                let fractions = fractions.value(0);
                let fractions = fractions.as_primitive::<Float64Type>();
                let values = fractions.iter().map(|fraction| self.at_fraction(&sorted, fraction));
                let values = values.collect::<Result<Vec<_>>>()?;
                Ok(ScalarValue::List(ScalarValue::new_list(&values, &self.data_type, true)))
            }
            Some(fraction) => {
                let fraction = match fraction {
                    ScalarValue::Float64(fraction) => *fraction,
                    _ => None,
                };
                self.at_fraction(&sorted, fraction)
            }
        }
    }

    fn size(&self) -> usize {
        let parts: usize = self.parts.iter().map(|part| part.get_array_memory_size()).sum();
        size_of_val(self) + parts + self.parts.capacity() * size_of::<ArrayRef>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let all = self.all()?;
        let field = Arc::new(Field::new_list_field(self.data_type.clone(), true));
        let offsets = OffsetBuffer::from_lengths([all.len()]);
        let list = ListArray::try_new(field, offsets, all, None)?;
        let missing = match &self.result {
            DataType::List(_) if self.kind != Kind::Mode => {
                ScalarValue::try_from(&DataType::new_list(DataType::Float64, true))?
            }
            _ => ScalarValue::Float64(None),
        };
        let fraction = self.fraction.clone().unwrap_or(missing);
        Ok(vec![ScalarValue::List(Arc::new(list)), fraction])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let lists = states[0].as_list_opt::<i32>();
        let lists = lists.ok_or_else(|| {
            DataFusionError::Internal("the state of an aggregate is no list".to_string())
        })?;
        for row in 0..lists.len() {
            let fraction = ScalarValue::try_from_array(&states[1], row)?;
            if self.fraction.is_none() && !fraction.is_null() {
                self.fraction = Some(fraction);
            }
            if lists.is_valid(row) {
                self.add(&lists.value(row))?;
            }
        }
        Ok(())
    }
}
