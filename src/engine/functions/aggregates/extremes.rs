//! `max` and `min` of floats by group, as Postgres orders them: NaN is greater than all others, and
//! infinities are values. DataFusion's compare each value with the last one, so that a NaN hides what came
//! before it, and begin with the greatest finite number. No upstream issue was found; take this out once
//! `max` and `min` of `{NaN, 1, -Infinity}` are right by group.

use std::sync::Arc;

use arrow::datatypes::{ArrowPrimitiveType, DataType, FieldRef, Float32Type, Float64Type};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, SetMonotonicity,
    Signature, StatisticsArgs,
};
use datafusion_functions_aggregate_common::aggregate::groups_accumulator::prim_op;

pub fn functions() -> Vec<AggregateUDF> {
    let extreme = |inner, is_max| AggregateUDF::from(Extreme { inner, is_max });
    vec![extreme(max_udaf(), true), extreme(min_udaf(), false)]
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Extreme {
    inner: Arc<AggregateUDF>,
    is_max: bool,
}

/// What a float type has, whatever its width.
trait Float: Copy + PartialOrd + Send + Sync + 'static {
    const LEAST: Self;
    const GREATEST: Self;
    fn is_nan(self) -> bool;
}

impl Float for f32 {
    const LEAST: Self = Self::NEG_INFINITY;
    const GREATEST: Self = Self::NAN;
    fn is_nan(self) -> bool {
        self.is_nan()
    }
}

impl Float for f64 {
    const LEAST: Self = Self::NEG_INFINITY;
    const GREATEST: Self = Self::NAN;
    fn is_nan(self) -> bool {
        self.is_nan()
    }
}

fn by_group<T>(data_type: &DataType, is_max: bool) -> Box<dyn GroupsAccumulator>
where
    T: ArrowPrimitiveType + Send,
    T::Native: Float,
{
    let is_less =
        |one: T::Native, other: T::Native| !one.is_nan() && (other.is_nan() || one < other);
    let keep = move |known: &mut T::Native, new: T::Native| {
        let replaces = if is_max { is_less(*known, new) } else { is_less(new, *known) };
        if replaces {
            *known = new;
        }
    };
    let start = if is_max { T::Native::LEAST } else { T::Native::GREATEST };
    Box::new(
        prim_op::PrimitiveGroupsAccumulator::<T, _>::new(data_type, keep)
            .with_starting_value(start),
    )
}

impl AggregateUDFImpl for Extreme {
    fn create_groups_accumulator(
        &self,
        call: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        match call.return_field.data_type() {
            float @ DataType::Float32 => Ok(by_group::<Float32Type>(float, self.is_max)),
            float @ DataType::Float64 => Ok(by_group::<Float64Type>(float, self.is_max)),
            _ => self.inner.inner().create_groups_accumulator(call),
        }
    }

    // Everything below is the inner function's.

    fn name(&self) -> &str {
        self.inner.inner().name()
    }
    fn signature(&self) -> &Signature {
        self.inner.inner().signature()
    }
    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        self.inner.inner().return_type(given)
    }
    fn return_field(&self, given: &[FieldRef]) -> Result<FieldRef> {
        self.inner.inner().return_field(given)
    }
    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.inner().coerce_types(given)
    }
    fn state_fields(&self, call: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        self.inner.inner().state_fields(call)
    }
    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.inner.inner().order_sensitivity()
    }
    fn accumulator(&self, call: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        self.inner.inner().accumulator(call)
    }
    fn create_sliding_accumulator(
        &self,
        call: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn Accumulator>> {
        self.inner.inner().create_sliding_accumulator(call)
    }
    fn groups_accumulator_supported(&self, call: AccumulatorArgs<'_>) -> bool {
        self.inner.inner().groups_accumulator_supported(call)
    }
    fn is_descending(&self) -> Option<bool> {
        self.inner.inner().is_descending()
    }
    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }
    fn value_from_stats(&self, statistics: &StatisticsArgs<'_>) -> Option<ScalarValue> {
        self.inner.inner().value_from_stats(statistics)
    }
    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.inner.inner().set_monotonicity(data_type)
    }
}
