//! How fast requests go out: one token bucket for each kind of operation, by the quotas of an AWS account.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    Start,
    Stop,
    Get,
    Batch,
    Results,
}

/// <https://docs.aws.amazon.com/athena/latest/ug/service-limits.html>
pub(crate) struct Quotas {
    start: Bucket,
    stop: Bucket,
    get: Bucket,
    batch: Bucket,
    results: Bucket,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            start: Bucket::new(20.0, 80.0),
            stop: Bucket::new(20.0, 80.0),
            get: Bucket::new(100.0, 200.0),
            batch: Bucket::new(20.0, 40.0),
            results: Bucket::new(100.0, 200.0),
        }
    }
}

impl Quotas {
    /// Waits until a request may go out.
    pub(crate) async fn take(&self, operation: Operation) {
        let bucket = match operation {
            Operation::Start => &self.start,
            Operation::Stop => &self.stop,
            Operation::Get => &self.get,
            Operation::Batch => &self.batch,
            Operation::Results => &self.results,
        };
        let wait = bucket.take(Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }
}

struct Bucket {
    per_second: f64,
    burst: f64,
    /// Below zero, those who wait have taken theirs in advance: first come, first served.
    level: Mutex<(f64, Option<Instant>)>,
}

impl Bucket {
    fn new(per_second: f64, burst: f64) -> Self {
        Self { per_second, burst, level: Mutex::new((burst, None)) }
    }

    /// How long to wait for the token that was taken.
    fn take(&self, now: Instant) -> Duration {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let (tokens, at) = &mut *level;
        if let Some(at) = at {
            *tokens += now.saturating_duration_since(*at).as_secs_f64() * self.per_second;
        }
        *tokens = tokens.min(self.burst) - 1.0;
        *at = Some(now);
        Duration::from_secs_f64((-*tokens).max(0.0) / self.per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_then_the_rate_holds() {
        let (bucket, now) = (Bucket::new(10.0, 3.0), Instant::now());
        let waits: Vec<u128> = (0..5).map(|_| bucket.take(now).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 100, 200]);
        assert_eq!(bucket.take(now + Duration::from_secs(1)), Duration::ZERO);
    }
}
