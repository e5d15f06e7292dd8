//! Functions of DataFusion's with a change: asked before they run how much they would make, as some make
//! gigabytes of a few bytes, in one call that nothing can stop; or with their counts as integers.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

/// Calls the function, or refuses to.
type Invoke = fn(&ScalarUDF, ScalarFunctionArgs) -> Result<ColumnarValue>;

/// The function under its own name, called through `invoke`.
pub fn bounded(inner: Arc<ScalarUDF>, invoke: Invoke) -> ScalarUDF {
    ScalarUDF::from(Bounded { inner, invoke })
}

#[derive(Debug)]
struct Bounded {
    inner: Arc<ScalarUDF>,
    invoke: Invoke,
}

// A function is called in one way, so it alone says which this is.
impl PartialEq for Bounded {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Eq for Bounded {}

impl Hash for Bounded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(given)
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        self.inner.return_type(given)
    }

    fn return_field_from_args(&self, given: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.inner.return_field_from_args(given)
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        (self.invoke)(&self.inner, call)
    }
}

/// The function with its counts as `integer`; DataFusion counts with 64 bits and without sign.
pub fn narrowed(inner: Arc<ScalarUDF>) -> ScalarUDF {
    ScalarUDF::from(Narrowed { inner })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Narrowed {
    inner: Arc<ScalarUDF>,
}

fn narrow(data_type: &DataType) -> DataType {
    match data_type {
        DataType::UInt64 | DataType::Int64 => DataType::Int32,
        DataType::List(item) => {
            let field = item.as_ref().clone();
            let narrowed = narrow(field.data_type());
            DataType::List(Arc::new(field.with_data_type(narrowed)))
        }
        other => other.clone(),
    }
}

impl ScalarUDFImpl for Narrowed {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(given)
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        Ok(narrow(&self.inner.return_type(given)?))
    }

    fn return_field_from_args(&self, given: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let field = self.inner.return_field_from_args(given)?;
        Ok(Arc::new(Field::new(field.name(), narrow(field.data_type()), true)))
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let to = call.return_field.data_type().clone();
        match self.inner.invoke_with_args(call)? {
            ColumnarValue::Array(array) => Ok(ColumnarValue::Array(cast(&array, &to)?)),
            ColumnarValue::Scalar(scalar) => Ok(ColumnarValue::Scalar(scalar.cast_to(&to)?)),
        }
    }
}
