//! What the app keeps, all of it in memory.

use std::sync::Arc;
use std::time::Duration;

use openidconnect::{EndSessionUrl, Nonce, PkceCodeVerifier};
use tokio::sync::Mutex;

use crate::error::Error;
use crate::http::Http;
use crate::provider::{Provider, Registration, Told};
use crate::shelf::Shelf;

/// Things of one kind that are kept at most.
const CAPACITY: usize = 10_000;

/// A sign-in that has begun.
pub(crate) struct Pending {
    /// The browser in which it began.
    pub(crate) browser: String,
    pub(crate) nonce: Nonce,
    pub(crate) verifier: PkceCodeVerifier,
}

/// Somebody signed in.
pub(crate) struct Session {
    pub(crate) told: Told,
    pub(crate) end_session: Option<EndSessionUrl>,
}

/// Shared by all workers.
pub(crate) struct State {
    /// The app's own address, without a slash at the end.
    pub(crate) base: String,
    pub(crate) registration: Registration,
    /// The public client of the page with the popup.
    pub(crate) popup_client_id: Option<String>,
    /// Identifier and label of each connection that the landing page offers.
    pub(crate) connections: Vec<(String, String)>,
    pub(crate) http: Http,
    /// By `state`.
    pub(crate) pending: Shelf<Pending>,
    /// By session cookie.
    pub(crate) sessions: Shelf<Arc<Session>>,
    /// Browsers that are signing out, by `state`.
    pub(crate) leaving: Shelf<String>,
    provider: Mutex<Option<Arc<Provider>>>,
}

impl State {
    pub(crate) fn new(
        base: String,
        registration: Registration,
        connections: Vec<(String, String)>,
        http: Http,
    ) -> Self {
        let minutes = Duration::from_mins(10);
        Self {
            base,
            registration,
            popup_client_id: None,
            connections,
            http,
            pending: Shelf::new(minutes, CAPACITY),
            sessions: Shelf::new(Duration::from_hours(12), CAPACITY),
            leaving: Shelf::new(minutes, CAPACITY),
            provider: Mutex::new(None),
        }
    }

    /// The provider; discovered when it is first needed, since it may start after the app.
    pub(crate) async fn provider(&self) -> Result<Arc<Provider>, Error> {
        let mut known = self.provider.lock().await;
        if let Some(provider) = &*known {
            return Ok(Arc::clone(provider));
        }
        let provider = Arc::new(Provider::discover(&self.registration, &self.http).await?);
        *known = Some(Arc::clone(&provider));
        Ok(provider)
    }

    /// Discovers the provider anew: it may have new keys.
    pub(crate) async fn rediscover(&self) -> Result<Arc<Provider>, Error> {
        *self.provider.lock().await = None;
        self.provider().await
    }
}
