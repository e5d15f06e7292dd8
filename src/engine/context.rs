//! What planning a statement needs of its session, gathered anew for each.

use std::sync::{Arc, Mutex, MutexGuard};

use datafusion::execution::SessionState;
use lakegate_base::{Error, Parameter, RemoteQuery, Result};

use crate::asked::Asked;
use crate::engine::Shared;
use crate::explain;
use crate::names::SessionFunctions;
use crate::plan::Planner;
use crate::plans::Basis;
use crate::remote::{self, Abroad, RemoteWork, Route};
use crate::session::State;
use crate::sessions::{Present, lock};
use crate::statement::Shape;
use crate::system::SessionFacts;

/// What a statement needs of its session; a running query keeps it, to plan once more.
#[derive(Clone)]
pub struct Context {
    pub shared: Arc<Shared>,
    pub present: Arc<Present>,
    pub state: Arc<Mutex<State>>,
}

impl Context {
    /// Whether a plan of this would be the same now: the catalog and every table are as they were.
    pub async fn stands(&self, basis: &Basis) -> Result<bool> {
        let catalog = self.shared.catalog().await?;
        if catalog.version != basis.catalog_version {
            return Ok(false);
        }
        for source in basis.tables() {
            let Some(table) = catalog.table(&source.name) else { return Ok(false) };
            let snapshot = self.shared.open(&source.name, table, &source.as_of).await?;
            if !Arc::ptr_eq(&snapshot, &source.snapshot) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// The statement for the remote: translated and measured. Nothing is sent.
    pub async fn remote_work(
        &self,
        text: &str,
        shape: &Shape,
        values: &[Parameter],
    ) -> Result<RemoteWork> {
        let Some(remote) = &self.shared.options.remote else {
            return Err(Error::internal("a statement left for nowhere"));
        };
        let planner = self.planner(text).await?;
        let abroad = Abroad::new(&planner, &shape.tree, values)?;
        let known = abroad.query(remote.engine.as_ref(), &self.present.user)?;
        let estimate = remote::estimated(&planner, &shape.tree, shape, values).await;
        let columns = (!explain::is_explain(&shape.tree)).then(|| Arc::clone(&shape.schema));
        Ok(RemoteWork {
            query: RemoteQuery { estimate: estimate.or(known.estimate), columns, ..known },
            remote: Arc::clone(&remote.engine),
            admission: Arc::clone(&self.shared.remote_admission),
        })
    }

    /// Pins the catalog and gathers what planning a statement needs; its text says where it is to run.
    pub async fn planner(&self, text: &str) -> Result<Planner> {
        let catalog = self.shared.catalog().await?;
        let lake = self.shared.lake_view(&catalog);
        let facts: Arc<dyn SessionFacts> = Arc::new(Asked {
            present: Arc::clone(&self.present),
            sessions: Arc::clone(&self.shared.sessions),
            database: self.shared.options.catalog_name.clone(),
            state: Arc::clone(&self.state),
            lake,
        });
        let temporary = self.state().temporary.clone();
        let (search_path, as_of, time_zone, route) = {
            let settings = &self.state().settings;
            (
                settings.search_path(&self.present.user),
                settings.as_of()?,
                settings.time_zone().to_string(),
                Route::of(text, settings.route(), self.shared.options.remote.as_ref())?,
            )
        };
        let state = self.session_state(&time_zone);
        let basis = Arc::new(Basis::new(catalog.version));
        let functions = Arc::new(SessionFunctions::new(Arc::clone(&facts)));
        let shared = Arc::clone(&self.shared);
        Ok(Planner {
            shared,
            catalog,
            facts,
            state,
            functions,
            basis,
            search_path,
            temporary,
            as_of,
            time_zone,
            route,
        })
    }

    fn session_state(&self, zone: &str) -> SessionState {
        let mut state = self.shared.template.clone();
        // The options are shared until one changes.
        if state.config().options().execution.time_zone.as_deref() != Some(zone) {
            state.config_mut().options_mut().execution.time_zone = Some(zone.to_string());
        }
        state
    }
}
