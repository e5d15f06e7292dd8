//! The columns of statements that were asked for lately: a front describes a statement before it runs it,
//! often more than once, and each plan costs a round trip.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::cells::Shape;

/// Where names without a schema are looked up, and the text.
pub(crate) type Key = (Option<String>, String);

pub(crate) struct Known {
    kept_for: Duration,
    max: usize,
    shapes: Mutex<HashMap<Key, (Instant, Shape)>>,
}

impl Known {
    pub(crate) fn new(kept_for: Duration, max: usize) -> Self {
        Self { kept_for, max, shapes: Mutex::default() }
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Shape> {
        let shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, shape) = shapes.get(key)?;
        (at.elapsed() < self.kept_for).then(|| shape.clone())
    }

    /// The oldest one makes room.
    pub(crate) fn put(&self, key: Key, shape: Shape) {
        let mut shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        if shapes.len() >= self.max && !shapes.contains_key(&key) {
            let oldest = shapes.iter().min_by_key(|(_, (at, _))| *at).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                shapes.remove(&oldest);
            }
        }
        shapes.insert(key, (Instant::now(), shape));
    }

    pub(crate) fn forget(&self, key: &Key) {
        let mut shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        shapes.remove(key);
    }
}
