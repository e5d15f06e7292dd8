//! `pg_has_null(list)`: whether an element is NULL, which makes `x = ANY(list)` unknown where nothing is
//! equal.

use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray};
use arrow::datatypes::DataType;
use datafusion::common::utils::take_function_args;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

pub const NAME: &str = "pg_has_null";

pub fn udf() -> ScalarUDF {
    ScalarUDF::from(HasNull { signature: Signature::any(1, Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct HasNull {
    signature: Signature,
}

impl ScalarUDFImpl for HasNull {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [list] = take_function_args(NAME, call.args)?;
        let array = list.to_array(call.number_rows)?;
        let Some(lists) = array.as_list_opt::<i32>() else {
            let unknown = BooleanArray::new_null(array.len());
            return Ok(ColumnarValue::Array(Arc::new(unknown)));
        };
        let has_null = lists.iter().map(|list| list.map(|elements| elements.null_count() > 0));
        Ok(ColumnarValue::Array(Arc::new(has_null.collect::<BooleanArray>())))
    }
}
