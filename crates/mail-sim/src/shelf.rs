//! What has arrived, in order, and a way to wait for more; and faults that are used up.

use std::{sync::Mutex, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

use crate::lock::lock;

pub(crate) struct Shelf<T> {
    items: Mutex<Vec<T>>,
    arrived: watch::Sender<()>,
}

impl<T: Clone> Shelf<T> {
    pub(crate) fn new() -> Self {
        Self { items: Mutex::new(Vec::new()), arrived: watch::Sender::new(()) }
    }

    pub(crate) fn push(&self, item: T) {
        lock(&self.items).push(item);
        self.arrived.send_replace(());
    }

    pub(crate) fn all(&self) -> Vec<T> {
        lock(&self.items).clone()
    }

    pub(crate) fn clear(&self) {
        lock(&self.items).clear();
    }

    /// Takes the oldest item that is `wanted`, as soon as there is one.
    pub(crate) async fn take(&self, wanted: impl Fn(&T) -> bool, within: Duration) -> Option<T> {
        let deadline = Instant::now() + within;
        let mut arrived = self.arrived.subscribe();
        loop {
            {
                let mut items = lock(&self.items);
                if let Some(at) = items.iter().position(&wanted) {
                    return Some(items.remove(at));
                }
            }
            timeout_at(deadline, arrived.changed()).await.ok()?.ok()?;
        }
    }
}

/// Faults in the order of injection, each with how often it is still met.
pub(crate) struct Faults<F>(Mutex<Vec<(F, Option<u32>)>>);

impl<F: Clone> Faults<F> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    pub(crate) fn inject(&self, fault: F, times: Option<u32>) {
        lock(&self.0).push((fault, times));
    }

    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }

    /// The first fault that `applies`, used up once.
    pub(crate) fn meet(&self, applies: impl Fn(&F) -> bool) -> Option<F> {
        let mut faults = lock(&self.0);
        let (fault, left) =
            faults.iter_mut().find(|(fault, left)| *left != Some(0) && applies(fault))?;
        *left = left.map(|left| left - 1);
        Some(fault.clone())
    }
}
