//! One query's view of the shared memory pool, so that its part of it is known.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::common::Result;
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SessionState, TaskContext};

/// Passes everything on to the pool, and counts.
#[derive(Debug)]
pub struct Share {
    pool: Arc<dyn MemoryPool>,
    held: AtomicUsize,
}

impl Share {
    /// The context of one query, and its share.
    pub fn of(state: &SessionState) -> (Arc<TaskContext>, Arc<Self>) {
        let runtime = state.runtime_env();
        let pool = Arc::clone(&runtime.memory_pool);
        let share = Arc::new(Self { pool, held: AtomicUsize::new(0) });
        let memory_pool: Arc<dyn MemoryPool> = Arc::clone(&share) as _;
        let runtime = RuntimeEnv { memory_pool, ..runtime.as_ref().clone() };
        let context = TaskContext::from(state).with_runtime(Arc::new(runtime));
        (Arc::new(context), share)
    }

    pub fn bytes(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pool.fmt(f)
    }
}

impl MemoryPool for Share {
    fn name(&self) -> &str {
        self.pool.name()
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.pool.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.pool.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.pool.grow(reservation, additional);
        self.held.fetch_add(additional, Ordering::Relaxed);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.pool.shrink(reservation, shrink);
        self.held.fetch_sub(shrink, Ordering::Relaxed);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        self.pool.try_grow(reservation, additional)?;
        self.held.fetch_add(additional, Ordering::Relaxed);
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.pool.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.pool.memory_limit()
    }
}
