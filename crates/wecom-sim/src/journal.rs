//! What was asked of the simulator.

use std::{
    collections::VecDeque,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::lock::lock;

/// The journal keeps the last ten thousand calls.
const LENGTH: usize = 10_000;

/// One request that came, to the API or to a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    /// When, by the simulator's clock.
    pub at: DateTime<Utc>,
    /// HTTP method.
    pub method: String,
    /// Path, without the query.
    pub path: String,
    /// Query as it came, secrets and codes included: this is a test tool.
    pub query: String,
    /// HTTP status answered; 0 if the connection was dropped.
    pub status: u16,
    /// errcode answered: 0 and others by the API, others by error pages, none by other pages and
    /// by faults that are no errcode.
    pub errcode: Option<i64>,
}

pub(crate) struct Journal {
    on: AtomicBool,
    calls: Mutex<VecDeque<Call>>,
}

impl Default for Journal {
    fn default() -> Self {
        Self { on: AtomicBool::new(true), calls: Mutex::default() }
    }
}

impl Journal {
    pub(crate) fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    pub(crate) fn switch(&self, on: bool) {
        self.on.store(on, Ordering::Relaxed);
    }

    pub(crate) fn push(&self, call: Call) {
        let mut calls = lock(&self.calls);
        if calls.len() >= LENGTH {
            calls.pop_front();
        }
        calls.push_back(call);
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        lock(&self.calls).iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        lock(&self.calls).clear();
    }
}
