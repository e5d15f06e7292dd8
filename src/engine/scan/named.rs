//! Errors of reading a file's rows get its name: an expression over them does not know it.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::Result as DataFusionResult;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::error::DataFusionError;
use datafusion_datasource::morsel::{Morsel, MorselPlan, MorselPlanner, Morselizer};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use lakegate_base::Error;

use crate::error::into_datafusion;

pub struct Named(pub Arc<dyn Morselizer>);

impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Named({:?})", self.0)
    }
}

impl Morselizer for Named {
    fn plan_file(&self, file: PartitionedFile) -> DataFusionResult<Box<dyn MorselPlanner>> {
        let name: Arc<str> = file.object_meta.location.as_ref().into();
        OfFile::planner(self.0.plan_file(file), &name)
    }
}

/// A step of reading a file, and the file's name.
struct OfFile<T> {
    inner: T,
    name: Arc<str>,
}

impl<T: fmt::Debug> fmt::Debug for OfFile<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {}", self.inner, self.name)
    }
}

impl OfFile<Box<dyn MorselPlanner>> {
    fn planner(
        planner: DataFusionResult<Box<dyn MorselPlanner>>,
        name: &Arc<str>,
    ) -> DataFusionResult<Box<dyn MorselPlanner>> {
        match planner {
            Ok(inner) => Ok(Box::new(Self { inner, name: Arc::clone(name) })),
            Err(error) => Err(named(error, name)),
        }
    }
}

impl MorselPlanner for OfFile<Box<dyn MorselPlanner>> {
    fn plan(self: Box<Self>) -> DataFusionResult<Option<MorselPlan>> {
        let Self { inner, name } = *self;
        let Some(mut plan) = inner.plan().map_err(|e| named(e, &name))? else { return Ok(None) };
        let morsel = |inner| -> Box<dyn Morsel> { Box::new(OfFile { inner, name: name.clone() }) };
        let planner = |inner| Self::planner(Ok(inner), &name);
        let planners = plan.take_ready_planners().into_iter().map(planner);
        let mut whole = MorselPlan::new()
            .with_morsels(plan.take_morsels().into_iter().map(morsel).collect())
            .with_planners(planners.collect::<DataFusionResult<_>>()?);
        if let Some(pending) = plan.take_pending_planner() {
            whole.set_pending_planner(async move { Self::planner(pending.await, &name) });
        }
        Ok(Some(whole))
    }
}

impl Morsel for OfFile<Box<dyn Morsel>> {
    fn into_stream(self: Box<Self>) -> BoxStream<'static, DataFusionResult<RecordBatch>> {
        let Self { inner, name } = *self;
        inner.into_stream().map_err(move |error| named(error, &name)).boxed()
    }
}

/// Errors of ours alone: those of Parquet's reader say what they are about.
fn named(error: DataFusionError, name: &str) -> DataFusionError {
    match error {
        DataFusionError::External(inner) => match inner.downcast::<Error>() {
            Ok(ours) => into_datafusion(ours.context(format!("file \"{name}\""))),
            Err(other) => DataFusionError::External(other),
        },
        other => other,
    }
}
