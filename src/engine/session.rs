//! One client's session: its settings, its transaction, its running statement. Nothing here is shared
//! with another session.

use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{FieldRef, Schema};
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use futures::StreamExt;
use lakegate_base::{
    Answer, BoxFuture, Error, ErrorKind, Parameter, Prepared, Result, Rows, Session,
    SessionOptions, Statement, StatementKind, Stop, Subject, Transaction,
};
use sqlparser::ast::Statement as Tree;

use crate::command::{self, Outcome};
use crate::constant;
use crate::context::Context;
use crate::engine::Shared;
use crate::explain::{self, Form};
use crate::log::{Entry, Who};
use crate::place::pointed;
use crate::plan::Planned;
use crate::plans::{Kept, Key};
use crate::remote::{self, Abroad, RemoteWork, Route, Turned};
use crate::rewrite;
use crate::run::{Again, Job, LocalWork, Work, named, start};
use crate::settings::Settings;
use crate::sql::{Formality, Place, ends_transaction, is_session_command, parse};
use crate::statement::{LakePrepared, PreparedFormality, Shape, bind};
use crate::temporary::{self, Change, Request, Temporary};
use crate::transaction::{self, Savepoint};

pub struct LakeSession {
    context: Context,
}

/// What a statement comes to before its first row, with its notices.
enum Begun {
    /// The answer is there already.
    Answered(RecordBatch, Vec<String>),
    Running(Box<dyn Work>, Vec<String>),
}

/// What statements change.
#[derive(Debug)]
pub struct State {
    pub settings: Settings,
    pub transaction: Transaction,
    pub temporary: Temporary,
    /// What was at BEGIN, for ROLLBACK.
    pub before: Option<(Settings, Temporary)>,
    /// The settings to return to at the transaction's end, because of SET LOCAL.
    pub after_local: Option<Settings>,
    pub savepoints: Vec<Savepoint>,
}

impl State {
    /// As SHOW prints it. Outside a transaction, the modes are those of the next one.
    pub fn show(&self, name: &str) -> Result<String> {
        let canonical = Settings::canonical(name)?;
        let is_mode = ["transaction_isolation", "transaction_read_only"].contains(&&*canonical);
        match is_mode && self.transaction == Transaction::Idle {
            true => self.settings.show(&format!("default_{canonical}")),
            false => self.settings.show(name),
        }
    }
}

impl LakeSession {
    pub fn new(shared: Arc<Shared>, options: SessionOptions) -> Result<Self> {
        let timeout = shared.options.limits.statement_timeout;
        let mut settings = Settings::new(&options.settings, timeout)?;
        settings.fix("session_authorization", &options.principal.name);
        settings.fix("max_connections", &shared.options.limits.connections_max.to_string());
        let state = State {
            settings,
            transaction: Transaction::Idle,
            temporary: Temporary::default(),
            before: None,
            after_local: None,
            savepoints: Vec::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let user = &options.principal.name;
        let present = shared.sessions.enter(user, &options.client, &state);
        Ok(Self { context: Context { shared, present, state } })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.context.state()
    }

    /// Plans on the query threads: their stacks are large enough for what the limits allow.
    async fn plan(&self, statement: &Statement, tree: &Arc<Tree>) -> Result<Planned> {
        let planner = self.context.planner(&statement.text).await?;
        let tree = Arc::clone(tree);
        self.on_query_threads(async move { planner.plan(&tree).await }).await
    }

    async fn on_query_threads<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let task = self.context.shared.queries.spawn(work);
        task.await.unwrap_or_else(|e| Err(Error::internal("planning failed").source(e)))
    }

    fn refuse_in_failed_transaction(&self, tree: Option<&Tree>) -> Result<()> {
        let ends = tree.is_some_and(ends_transaction);
        if self.state().transaction == Transaction::Failed && !ends {
            return Err(Error::invalid(
                "current transaction is aborted, commands ignored until end of transaction block",
            )
            .about(Subject::Transaction));
        }
        Ok(())
    }

    async fn prepare_inner(
        &self,
        statement: &Statement,
        declared: &[Option<FieldRef>],
    ) -> Result<LakePrepared> {
        let tree = tree(statement)?;
        self.refuse_in_failed_transaction(Some(&tree))?;
        if let Some(asked) = self.about_temporary(&tree).await? {
            return self.prepare_change(statement, asked, declared).await;
        }
        if is_session_command(&tree) {
            let schema = command::schema(&tree)?.unwrap_or_else(|| Arc::new(Schema::empty()));
            return Ok(LakePrepared::command(statement, tree, schema));
        }
        let key = self.key(&statement.text, declared);
        if let Some(key) = &key
            && let Some(Kept { planned, shape: Some(shape) }) = self.kept(key).await
        {
            return Ok(LakePrepared::query(statement, shape, planned, declared));
        }
        let prepared = self.prepare_query(statement, tree.as_ref().clone(), declared).await?;
        if let (Some(key), Some(planned)) = (key, prepared.fresh()) {
            let shape = Some(Arc::clone(&prepared.shape));
            self.context.shared.plans.keep(key, Kept { planned, shape });
        }
        Ok(prepared)
    }

    async fn prepare_query(
        &self,
        statement: &Statement,
        mut tree: Tree,
        declared: &[Option<FieldRef>],
    ) -> Result<LakePrepared> {
        rewrite::declare(&mut tree, declared);
        let tree = Arc::new(tree);
        let planned = match self.plan(statement, &tree).await {
            Ok(planned) => planned,
            Err(error) => return self.turn_away(statement, tree, error).await,
        };
        let shape = Arc::new(Shape::of(tree, &planned, declared)?);
        Ok(LakePrepared::query(statement, shape, planned, declared))
    }

    /// What is valid and not supported here may be so elsewhere. Anything else that is wrong stays wrong.
    async fn turn_away(
        &self,
        statement: &Statement,
        tree: Arc<Tree>,
        error: Error,
    ) -> Result<LakePrepared> {
        let error = pointed(error, &tree);
        let Some(remote) = &self.context.shared.options.remote else { return Err(error) };
        let planner = self.context.planner(&statement.text).await?;
        if error.kind() != ErrorKind::Unsupported || !remote.takes(planner.route) {
            return Err(error);
        }
        let query = {
            let (tree, remote) = (Arc::clone(&tree), Arc::clone(&remote.engine));
            let user = self.context.present.user.clone();
            self.on_query_threads(async move {
                if !Abroad::is_possible(&planner, &tree) {
                    return Ok(None);
                }
                let abroad = Abroad::new(&planner, &tree, &[])?;
                abroad.query(remote.as_ref(), &user).map(Some)
            })
        };
        // Refused there as well: what we said of it first is what its author knows.
        let Ok(Some(query)) = query.await else { return Err(error) };
        let schema = match explain::is_explain(&tree) {
            true => explain::schema(&tree),
            false => {
                let stop = Stop::after(self.state().settings.statement_timeout());
                self.context.present.begin(&statement.text, Some(&stop));
                remote.engine.describe(&query, &stop).await?
            }
        };
        Ok(LakePrepared::elsewhere(statement, tree, schema))
    }

    /// None while the session has temporary tables: they change what names mean.
    fn key(&self, text: &str, declared: &[Option<FieldRef>]) -> Option<Key> {
        let state = self.state();
        state.temporary.is_empty().then(|| Key {
            session: self.context.present.number,
            settings: state.settings.revision(),
            text: text.to_string(),
            declared: declared.to_vec(),
        })
    }

    /// What the session planned before, if what it read then still stands.
    async fn kept(&self, key: &Key) -> Option<Kept> {
        let mut kept = self.context.shared.plans.get(key)?;
        if !self.context.stands(&kept.planned.basis).await.unwrap_or(false) {
            return None;
        }
        kept.planned.state.mark_start_execution();
        Some(kept)
    }

    /// What a statement does to temporary tables, if anything.
    async fn about_temporary(&self, tree: &Tree) -> Result<Option<Request>> {
        if !temporary::may_concern(tree) {
            return Ok(None);
        }
        let planner = self.context.planner("").await?;
        let known = self.state().temporary.clone();
        temporary::request(tree, &known, &|name| planner.has_table(name))
    }

    async fn prepare_change(
        &self,
        statement: &Statement,
        Request { change, source }: Request,
        declared: &[Option<FieldRef>],
    ) -> Result<LakePrepared> {
        let mut prepared = self.prepare_query(statement, source, declared).await?;
        prepared.change = Some(change);
        Ok(prepared)
    }

    /// Reads all rows that the change needs, then makes it.
    async fn execute_change(
        &self,
        change: &Change,
        prepared: &LakePrepared,
        parameters: &[Parameter],
        stop: Stop,
    ) -> Result<Answer> {
        let answer = self.execute_query(prepared, parameters, stop).await?;
        let mut batches = Vec::new();
        if let Some(mut rows) = answer.rows {
            while let Some(batch) = rows.stream.next().await {
                batches.push(batch?);
                temporary::check_size(&batches)?;
            }
        }
        let told = self.state().temporary.change(change, &prepared.shape.schema, batches)?;
        Ok(Answer { tag: told.tag, rows: None, notices: told.notices })
    }

    async fn execute_query(
        &self,
        prepared: &LakePrepared,
        parameters: &[Parameter],
        stop: Stop,
    ) -> Result<Answer> {
        let Context { shared, present, .. } = &self.context;
        let who = Who { user: &present.user, client: &present.client };
        let log = Arc::clone(&shared.log);
        let entry = Entry::new(log, who, &prepared.statement.text, stop.clone());
        match self.work(prepared, parameters, &stop).await {
            Ok(Begun::Answered(batch, notices)) => {
                answered(&batch, &prepared.shape, entry, stop, notices)
            }
            Ok(Begun::Running(work, notices)) => {
                let schema = Arc::clone(&prepared.shape.schema);
                let rows = start(Job { schema, stop, entry, work }, &shared.queries);
                let tag = explain::tag(&prepared.shape.tree);
                Ok(Answer { tag: tag.to_string(), rows: Some(rows), notices })
            }
            Err(error) => {
                entry.finish(Some(&error));
                Err(error)
            }
        }
    }

    /// What there is to do for the statement, here or elsewhere.
    async fn work(
        &self,
        prepared: &LakePrepared,
        parameters: &[Parameter],
        stop: &Stop,
    ) -> Result<Begun> {
        if prepared.is_elsewhere {
            return self.leave(prepared, parameters).await;
        }
        let planned = self.ready(prepared, stop).await?;
        let is_remote = planned.basis.is_remote();
        let (state, plan) = bound(planned, &prepared.shape, parameters)?;
        if is_remote {
            return self.leave(prepared, parameters).await;
        }
        if let Some(row) = constant::row(&plan) {
            return Ok(Begun::Answered(row, Vec::new()));
        }
        let shared = &self.context.shared;
        let tree = &prepared.shape.tree;
        let work = LocalWork {
            state,
            plan,
            admission: Arc::clone(&shared.admission),
            watch: Arc::clone(&shared.watch),
            again: Some(self.again(prepared, parameters)),
            turned: self.turned(prepared, parameters)?,
            present: match explain::is_explain(tree) {
                true if explain::form(tree)? == Form::Json => explain::json,
                true => explain::lines,
                false => named,
            },
        };
        Ok(Begun::Running(Box::new(work), Vec::new()))
    }

    /// The statement in the remote's words, and the notice that tells its price.
    async fn leave(&self, prepared: &LakePrepared, parameters: &[Parameter]) -> Result<Begun> {
        let (context, shape) = (self.context.clone(), Arc::clone(&prepared.shape));
        let (text, values) = (prepared.statement.text.clone(), parameters.to_vec());
        let work = async move { context.remote_work(&text, &shape, &values).await };
        let RemoteWork { remote, query, admission } = self.on_query_threads(work).await?;
        let (name, price) = (remote.name(), remote.price(query.estimate));
        if explain::is_explain(&prepared.shape.tree) {
            explain::refuse_analyze(&prepared.shape.tree, name)?;
            let told = [format!("Runs on {name}: {price}"), "Statement:".to_string()];
            let text = query.text.lines().map(|line| format!("  {line}"));
            let lines =
                remote::lines(told.into_iter().chain(text).collect(), &prepared.shape.schema);
            return Ok(Begun::Answered(lines?, Vec::new()));
        }
        let notices = vec![format!("runs on {name}: {price}")];
        Ok(Begun::Running(Box::new(RemoteWork { remote, query, admission }), notices))
    }

    /// Where a statement that proves to be unsupported goes, if the operator allows it.
    fn turned(&self, prepared: &LakePrepared, parameters: &[Parameter]) -> Result<Option<Turned>> {
        let (settings, text) =
            (self.state().settings.route().to_string(), &prepared.statement.text);
        let Some(remote) = &self.context.shared.options.remote else { return Ok(None) };
        let is_query = !explain::is_explain(&prepared.shape.tree);
        if !is_query || !remote.takes(Route::of(text, &settings, Some(remote))?) {
            return Ok(None);
        }
        let (context, shape) = (self.context.clone(), Arc::clone(&prepared.shape));
        let (text, values) = (text.clone(), parameters.to_vec());
        Ok(Some(Box::new(move || {
            Box::pin(async move { context.remote_work(&text, &shape, &values).await })
        })))
    }

    /// The plan: the one just made by `prepare`, or a new one over the tables' current versions.
    async fn ready(&self, prepared: &LakePrepared, stop: &Stop) -> Result<Planned> {
        match prepared.take_fresh() {
            Some(planned) => Ok(planned),
            None => tokio::select! {
                biased;
                error = stop.stopped() => Err(error),
                planned = self.plan_again(prepared) => planned,
            },
        }
    }

    /// For a later execution: the plan kept from an earlier one, or a new one to keep.
    async fn plan_again(&self, prepared: &LakePrepared) -> Result<Planned> {
        let key = match prepared.change {
            Some(_) => None,
            None => self.key(&prepared.statement.text, &prepared.declared),
        };
        let (statement, tree) = (&prepared.statement, &prepared.shape.tree);
        let Some(key) = key else { return self.plan(statement, tree).await };
        if let Some(kept) = self.kept(&key).await {
            return Ok(kept.planned);
        }
        let planned = self.plan(statement, tree).await?;
        // The client was told the shape of an older plan.
        let kept = Kept { planned: planned.clone(), shape: None };
        self.context.shared.plans.keep(key, kept);
        Ok(planned)
    }

    /// How to plan the statement over the tables' newest versions, when a file of the old ones vanished.
    fn again(&self, prepared: &LakePrepared, parameters: &[Parameter]) -> Again {
        let (context, shape) = (self.context.clone(), Arc::clone(&prepared.shape));
        let (text, values) = (prepared.statement.text.clone(), parameters.to_vec());
        Box::new(move || {
            Box::pin(async move {
                context.shared.tables.look_again();
                let planned = context.planner(&text).await?.plan(&shape.tree).await?;
                bound(planned, &shape, &values)
            })
        })
    }

    fn execute_formality(&self, formality: Formality) -> Result<Answer> {
        self.refuse_in_failed_transaction(None)?;
        let Formality { tag, notice, place } = formality;
        match (place, self.state().transaction) {
            (Place::Inside, Transaction::Idle | Transaction::Implicit) => {
                Err(transaction::only_inside(tag))
            }
            (Place::Outside, now) if now != Transaction::Idle => Err(transaction::not_inside(tag)),
            _ => {
                let notices = notice.map(str::to_string).into_iter().collect();
                Ok(Answer { tag: tag.to_string(), rows: None, notices })
            }
        }
    }

    fn execute_command(&self, prepared: &LakePrepared) -> Result<Answer> {
        let outcome = command::execute(&prepared.shape.tree, &mut self.state())?;
        let Outcome { tag, batch, notices } = outcome;
        let rows = batch.map(|batch| Rows {
            schema: batch.schema(),
            stream: Box::pin(futures::stream::iter([Ok(batch)])),
            stop: Stop::default(),
        });
        Ok(Answer { tag, rows, notices })
    }
}

impl Drop for LakeSession {
    fn drop(&mut self) {
        self.context.shared.plans.forget(self.context.present.number);
    }
}

/// An answer that is there already.
fn answered(
    row: &RecordBatch,
    shape: &Shape,
    mut entry: Entry,
    stop: Stop,
    notices: Vec<String>,
) -> Result<Answer> {
    let row = named(row, &shape.schema)?;
    entry.add(row.num_rows(), row.get_array_memory_size());
    entry.finish(None);
    let stream = Box::pin(futures::stream::iter([Ok(row)]));
    let rows = Rows { schema: Arc::clone(&shape.schema), stream, stop };
    let tag = explain::tag(&shape.tree);
    Ok(Answer { tag: tag.to_string(), rows: Some(rows), notices })
}

/// The plan with its parameters, if its answer is still of the shape the client was told.
fn bound(
    planned: Planned,
    shape: &Shape,
    values: &[Parameter],
) -> Result<(SessionState, LogicalPlan)> {
    let Planned { state, plan, .. } = planned;
    let same = plan.schema().fields().len() == shape.schema.fields().len();
    if !same && !explain::is_explain(&shape.tree) {
        return Err(Error::unsupported("cached plan must not change result type")
            .hint("The table's columns changed: prepare the statement again."));
    }
    Ok((state, bind(plan, shape, values)?))
}

#[async_trait]
impl Session for LakeSession {
    fn parse(&self, text: &str) -> Result<Vec<Statement>> {
        parse(text, self.context.shared.options.limits.sql).inspect_err(|_| self.fail())
    }

    async fn prepare(
        &self,
        statement: &Statement,
        declared: &[Option<FieldRef>],
    ) -> Result<Arc<dyn Prepared>> {
        if let Some(formality) = statement.tree.downcast_ref::<Formality>() {
            return Ok(Arc::new(PreparedFormality(*formality)));
        }
        let prepared = self.prepare_inner(statement, declared).await;
        Ok(Arc::new(prepared.inspect_err(|_| self.fail())?))
    }

    async fn execute(&self, prepared: &dyn Prepared, parameters: &[Parameter]) -> Result<Answer> {
        if let Some(PreparedFormality(formality)) = prepared.as_any().downcast_ref() {
            return self.execute_formality(*formality).inspect_err(|_| self.fail());
        }
        let prepared = prepared
            .as_any()
            .downcast_ref::<LakePrepared>()
            .ok_or_else(|| Error::internal("a statement of another engine"))?;
        let run = async {
            self.refuse_in_failed_transaction(Some(&prepared.shape.tree))?;
            let text = &prepared.statement.text;
            if is_session_command(&prepared.shape.tree) {
                self.context.present.begin(text, None);
                return self.execute_command(prepared);
            }
            let stop = Stop::after(self.state().settings.statement_timeout());
            self.context.present.begin(text, Some(&stop));
            if let Some(change) = &prepared.change {
                return self.execute_change(change, prepared, parameters, stop).await;
            }
            self.execute_query(prepared, parameters, stop).await
        };
        run.await.inspect_err(|_| self.fail())
    }

    fn resume(&self, rows: &Stop) {
        if self.context.present.resume(rows) {
            rows.restart(self.state().settings.statement_timeout());
        }
    }

    fn rest(&self) {
        if let Some(stop) = self.context.present.rest() {
            stop.restart(None);
        }
    }

    fn cancel(&self) {
        self.context.present.cancel();
    }

    fn terminated(&self) -> BoxFuture<'static, ()> {
        Box::pin(self.context.present.ended().cancelled_owned())
    }

    fn number(&self) -> i32 {
        self.context.present.number
    }

    fn show(&self, name: &str) -> Result<String> {
        self.state().show(name)
    }

    fn transaction(&self) -> Transaction {
        self.state().transaction
    }

    fn savepoints(&self) -> usize {
        self.state().savepoints.len()
    }

    fn begin_implicit(&self) {
        transaction::begin_implicit(&mut self.state());
    }

    fn end_implicit(&self) {
        transaction::end_implicit(&mut self.state());
    }

    fn fail(&self) {
        transaction::fail(&mut self.state());
    }
}

fn tree(statement: &Statement) -> Result<Arc<Tree>> {
    if matches!(statement.kind, StatementKind::Front(_)) {
        return Err(Error::unsupported("cursors, PREPARE and COPY without a client's connection")
            .about(Subject::Statement));
    }
    Arc::clone(&statement.tree)
        .downcast::<Tree>()
        .map_err(|_| Error::internal("a statement of another engine"))
}
