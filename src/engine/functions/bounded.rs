//! A function of DataFusion's, asked before it runs how much it would make: some make gigabytes of a few
//! bytes, in one call that nothing can stop.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
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
