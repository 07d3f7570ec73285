//! Faults to inject.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use serde::{Deserialize, Serialize};

use crate::lock::lock;

/// A fault of every request whose path begins so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Prefix of the path, such as `/cgi-bin/gettoken`, or `/` for everything.
    pub path: String,
    /// How many requests it hits; `None`: all until the faults are cleared.
    #[serde(default)]
    pub remaining: Option<u32>,
    /// What goes wrong.
    pub kind: FaultKind,
}

impl Fault {
    /// A fault that stays until the faults are cleared.
    pub fn always(path: &str, kind: FaultKind) -> Self {
        Self { path: path.to_owned(), remaining: None, kind }
    }

    /// A fault of the next request only.
    pub fn once(path: &str, kind: FaultKind) -> Self {
        Self::times(path, 1, kind)
    }

    /// A fault of the next `times` requests.
    pub fn times(path: &str, times: u32, kind: FaultKind) -> Self {
        Self { path: path.to_owned(), remaining: Some(times), kind }
    }
}

/// What goes wrong. Several latencies add up; of the others the one injected first acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The answer comes so many milliseconds later.
    Latency(u64),
    /// The request is not carried out: HTTP 200 with this errcode.
    Errcode(i64),
    /// The request is not carried out: the connection closes without a byte.
    DropConnection,
    /// The request **is** carried out (a code is used up), then the connection closes without a byte.
    LoseReply,
    /// The request is carried out; the reply is cut short inside its JSON, length correct.
    MalformedJson,
    /// The request is not carried out: this HTTP status with an HTML body.
    HttpStatus(u16),
    /// The request is carried out; half of the promised body comes, then the connection closes.
    HalfBody,
    /// The request is not carried out: 302 to this URL.
    Redirect(String),
    /// The request is not carried out: HTTP 200 with this body, as JSON.
    Body(String),
    /// The request is carried out; every key of the reply comes twice, `errcode` first as -1.
    DuplicateKeys,
}

#[derive(Default)]
pub(crate) struct Faults {
    any: AtomicBool,
    list: Mutex<Vec<Fault>>,
}

impl Faults {
    pub(crate) fn inject(&self, fault: Fault) {
        lock(&self.list).push(fault);
        self.any.store(true, Ordering::Release);
    }

    pub(crate) fn clear(&self) {
        lock(&self.list).clear();
        self.any.store(false, Ordering::Release);
    }

    pub(crate) fn list(&self) -> Vec<Fault> {
        lock(&self.list).clone()
    }

    /// Total latency in milliseconds and the fault that this request meets, each used up once.
    pub(crate) fn meet(&self, path: &str) -> (u64, Option<FaultKind>) {
        if !self.any.load(Ordering::Acquire) {
            return (0, None);
        }
        let mut list = lock(&self.list);
        let (mut latency, mut met) = (0_u64, None);
        for fault in list.iter_mut().filter(|fault| path.starts_with(&fault.path)) {
            match &fault.kind {
                FaultKind::Latency(more) => latency = latency.saturating_add(*more),
                kind if met.is_none() => met = Some(kind.clone()),
                _ => continue,
            }
            fault.remaining = fault.remaining.map(|left| left.saturating_sub(1));
        }
        list.retain(|fault| fault.remaining != Some(0));
        self.any.store(!list.is_empty(), Ordering::Release);
        (latency, met)
    }
}
