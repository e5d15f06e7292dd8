//! DataFusion's `array_agg`, whose list knows the Postgres type of its elements: a list of OIDs is `oid[]`,
//! not `bigint[]`.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::error::Result;
use datafusion::functions_aggregate::array_agg::ArrayAgg;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, Signature,
};

use crate::system::types::PG_TYPE;

pub fn udaf() -> AggregateUDF {
    AggregateUDF::from(TypedArrayAgg { inner: AggregateUDF::from(ArrayAgg::default()) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct TypedArrayAgg {
    inner: AggregateUDF,
}

impl AggregateUDFImpl for TypedArrayAgg {
    fn return_field(&self, given: &[FieldRef]) -> Result<FieldRef> {
        let list = self.inner.inner().return_field(given)?;
        Ok(match given[0].metadata().get(PG_TYPE) {
            None => list,
            Some(element) => {
                let metadata = [(PG_TYPE.to_string(), format!("_{element}"))];
                list.as_ref().clone().with_metadata(metadata.into()).into()
            }
        })
    }

    fn with_beneficial_ordering(
        self: Arc<Self>,
        beneficial_ordering: bool,
    ) -> Result<Option<Arc<dyn AggregateUDFImpl>>> {
        let inner = self.inner.clone().with_beneficial_ordering(beneficial_ordering)?;
        Ok(inner.map(|inner| Arc::new(Self { inner }) as _))
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Reversed(Arc::new(udaf()))
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
    fn state_fields(&self, call: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        self.inner.inner().state_fields(call)
    }
    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.inner.inner().order_sensitivity()
    }
    fn accumulator(&self, call: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        self.inner.inner().accumulator(call)
    }
    fn groups_accumulator_supported(&self, call: AccumulatorArgs<'_>) -> bool {
        self.inner.inner().groups_accumulator_supported(call)
    }
    fn create_groups_accumulator(
        &self,
        call: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        self.inner.inner().create_groups_accumulator(call)
    }
    fn supports_null_handling_clause(&self) -> bool {
        self.inner.inner().supports_null_handling_clause()
    }
}
