//! `row_key(a, b, …)`: bytes that are equal where all values are, NULL included. Lists and structs can be
//! joined by it, which DataFusion joins by no other way.

use std::sync::Arc;

use arrow::datatypes::DataType;
use arrow::row::{RowConverter, SortField};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

pub fn udf() -> ScalarUDF {
    ScalarUDF::from(RowKey { signature: Signature::variadic_any(Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct RowKey {
    signature: Signature,
}

impl ScalarUDFImpl for RowKey {
    fn name(&self) -> &str {
        "row_key"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&call.args)?;
        let fields = arrays.iter().map(|array| SortField::new(array.data_type().clone()));
        let rows = RowConverter::new(fields.collect())?.convert_columns(&arrays)?;
        Ok(ColumnarValue::Array(Arc::new(rows.try_into_binary()?)))
    }
}
