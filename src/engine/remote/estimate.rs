//! How much a statement would read, from what we know of its tables.

use std::sync::Arc;
use std::time::Duration;

use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::ExecutionPlan;
use lakegate_base::Parameter;
use lakegate_formats::AsOf;
use sqlparser::ast::Statement as Tree;
use tokio::time::timeout;

use super::Route;
use super::statement::{explained, tables};
use crate::plan::Planner;
use crate::plans::Basis;
use crate::statement::{Shape, bind};

/// Tables that cannot be looked at soon are priced by the catalog.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of the files that pruning leaves, whole, whatever columns are read; of all files when we cannot
/// plan it, none when we cannot open its tables.
pub async fn bytes(
    planner: &Planner,
    tree: &Tree,
    shape: &Shape,
    values: &[Parameter],
) -> Option<u64> {
    let work = async {
        match pruned(planner, tree, shape, values).await {
            Some(bytes) => Some(bytes),
            None => whole(planner, tree).await,
        }
    };
    timeout(PATIENCE, work).await.ok().flatten()
}

async fn whole(planner: &Planner, tree: &Tree) -> Option<u64> {
    let mut bytes: u64 = 0;
    for table in tables(planner, explained(tree)).ok()?.values() {
        let snapshot = planner.shared.open(&table.table_name(), table, &AsOf::Latest).await.ok()?;
        bytes = bytes.saturating_add(snapshot.files.bytes());
    }
    Some(bytes)
}

async fn pruned(
    planner: &Planner,
    tree: &Tree,
    shape: &Shape,
    values: &[Parameter],
) -> Option<u64> {
    let basis = Arc::new(Basis::new(planner.catalog.version));
    let planner = Planner { route: Route::Local, basis, ..planner.clone() };
    let planned = planner.plan(explained(tree)).await.ok()?;
    let plan = bind(planned.plan, shape, values).ok()?;
    let plan = planned.state.create_physical_plan(&plan).await.ok()?;
    let mut scans = Vec::new();
    scanned(&plan, &mut scans);
    let tables = planned.basis.tables();
    // An answer from metadata alone leaves scans out, which the remote may not know to do.
    match scans.len() < tables.len() {
        true => Some(tables.iter().map(|table| table.snapshot.files.bytes()).sum()),
        false => Some(scans.into_iter().sum()),
    }
}

fn scanned(plan: &Arc<dyn ExecutionPlan>, scans: &mut Vec<u64>) {
    if let Some(source) = plan.downcast_ref::<DataSourceExec>()
        && let Some(scan) = source.data_source().downcast_ref::<FileScanConfig>()
    {
        let files = scan.file_groups.iter().flat_map(|group| group.iter());
        scans.push(files.map(|file| file.effective_size()).sum());
    }
    plan.children().into_iter().for_each(|child| scanned(child, scans));
}
