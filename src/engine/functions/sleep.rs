//! `pg_sleep(seconds)`: waits without holding a thread, and ends with its query.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use async_trait::async_trait;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::async_udf::{AsyncScalarUDF, AsyncScalarUDFImpl};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::scalar::ScalarValue;

use crate::system::types::PG_TYPE;

const NAME: &str = "pg_sleep";
/// A statement's timeout ends it sooner.
const SECONDS_MAX: f64 = 86_400.0;

pub fn udf() -> ScalarUDF {
    let signature = Signature::exact(vec![DataType::Float64], Volatility::Volatile);
    AsyncScalarUDF::new(Arc::new(Sleep { signature })).into_scalar_udf()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Sleep {
    signature: Signature,
}

impl ScalarUDFImpl for Sleep {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let metadata = [(PG_TYPE.to_string(), "void".to_string())].into();
        Ok(Arc::new(Field::new(NAME, DataType::Utf8, true).with_metadata(metadata)))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Err(DataFusionError::Internal("pg_sleep waits asynchronously".to_string()))
    }
}

#[async_trait]
impl AsyncScalarUDFImpl for Sleep {
    async fn invoke_async_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut seconds = 0.0;
        for argument in &call.args {
            let column = cast(&argument.to_array(call.number_rows)?, &DataType::Float64)?;
            seconds += column.as_primitive::<Float64Type>().iter().flatten().sum::<f64>();
        }
        if seconds > 0.0 {
            tokio::time::sleep(Duration::from_secs_f64(seconds.min(SECONDS_MAX))).await;
        }
        let empty = ScalarValue::from(String::new());
        Ok(ColumnarValue::Array(empty.to_array_of_size(call.number_rows)?))
    }
}
