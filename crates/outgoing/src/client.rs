//! An HTTP client that reaches permitted addresses only.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use reqwest::{
    Method, RequestBuilder, Response, StatusCode,
    dns::{Addrs, Name, Resolve, Resolving},
    header, redirect, retry, tls,
};

use crate::{
    CallError, FetchError, Policy, UrlFlaw, check_url, failure::NotPermitted, url::is_localhost,
};

/// As much is read of an answer that nobody looks at.
const IGNORED: usize = 64 * 1024;

/// The HTTP client can't be built: the machine's certificates or TLS are unusable.
#[derive(Debug, thiserror::Error)]
#[error("the guarded HTTP client can't be built")]
pub struct ClientError(#[source] reqwest::Error);

/// A client for URLs that somebody else wrote. It follows no redirect, uses no proxy, keeps no
/// cookies, decompresses nothing and repeats nothing.
///
/// It hands out no bare `reqwest::Client`: that one calls an address in a URL without asking the
/// resolver, so every URL must pass [`check_url`] on its way.
#[derive(Debug, Clone)]
pub struct GuardedClient {
    policy: Policy,
    /// Public addresses and those of the policy.
    https: reqwest::Client,
    /// Those of the policy only.
    http: reqwest::Client,
}

/// Makes the client for `policy`; a whole call, with name, connection and body, takes at most
/// `timeout`.
pub fn guarded_client(policy: &Policy, timeout: Duration) -> Result<GuardedClient, ClientError> {
    GuardedClient::with_resolver(policy, timeout, System)
}

impl GuardedClient {
    /// Like [`guarded_client`], with names looked up by `resolver`. Its answers are filtered too.
    pub fn with_resolver(
        policy: &Policy,
        timeout: Duration,
        resolver: impl Resolve + 'static,
    ) -> Result<Self, ClientError> {
        let resolver: Arc<dyn Resolve> = Arc::new(resolver);
        let client = |https| {
            let filter = Filter { policy: policy.clone(), https, names: Arc::clone(&resolver) };
            build(timeout, filter)
        };
        Ok(Self { policy: policy.clone(), https: client(true)?, http: client(false)? })
    }

    /// Which addresses it may call.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Begins a request to `url`, which is checked as [`check_url`] does.
    pub fn request(&self, method: Method, url: &str) -> Result<RequestBuilder, UrlFlaw> {
        let url = check_url(url, &self.policy)?;
        let client = if url.scheme() == "https" { &self.https } else { &self.http };
        Ok(client.request(method, url))
    }

    /// Begins a POST; see [`GuardedClient::request`].
    pub fn post(&self, url: &str) -> Result<RequestBuilder, UrlFlaw> {
        self.request(Method::POST, url)
    }

    /// Begins a GET; see [`GuardedClient::request`].
    pub fn get(&self, url: &str) -> Result<RequestBuilder, UrlFlaw> {
        self.request(Method::GET, url)
    }

    /// Fetches a document of at most `limit` bytes. Nothing but 200 is an answer.
    pub async fn fetch(&self, url: &str, limit: usize) -> Result<Vec<u8>, FetchError> {
        let response = self.get(url).map_err(CallError::from)?.send().await;
        let response = response.map_err(CallError::from)?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        let body = Self::read(response, limit).await.map_err(CallError::from)?;
        body.ok_or(FetchError::TooLong)
    }

    /// Posts a form (`application/x-www-form-urlencoded`). Of the answer only the status counts.
    pub async fn post_form(&self, url: &str, form: String) -> Result<u16, CallError> {
        let kind = "application/x-www-form-urlencoded";
        let response = self.post(url)?.header(header::CONTENT_TYPE, kind).body(form).send().await?;
        let status = response.status().as_u16();
        // Read so that the connection can be kept; what it says, and whether it ends, does not matter
        let _ = Self::read(response, IGNORED).await;
        Ok(status)
    }

    /// Reads a body of at most `limit` bytes; `None` if it is longer.
    pub async fn read(
        mut response: Response,
        limit: usize,
    ) -> Result<Option<Vec<u8>>, reqwest::Error> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
            if body.len() + chunk.len() > limit {
                return Ok(None);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Some(body))
    }
}

fn build(timeout: Duration, filter: Filter) -> Result<reqwest::Client, ClientError> {
    reqwest::Client::builder()
        .user_agent("Hufu")
        .connect_timeout(timeout)
        .timeout(timeout)
        .pool_idle_timeout(Duration::from_secs(15))
        .pool_max_idle_per_host(4)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_proxy()
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
        .tls_version_min(tls::Version::TLS_1_2)
        .dns_resolver(filter)
        .build()
        .map_err(|error| ClientError(error.without_url()))
}

/// Lets only permitted addresses through.
struct Filter {
    policy: Policy,
    https: bool,
    names: Arc<dyn Resolve>,
}

impl Resolve for Filter {
    fn resolve(&self, name: Name) -> Resolving {
        let (policy, https) = (self.policy.clone(), self.https);
        let answer = self.names.resolve(name);
        Box::pin(async move {
            let passes = |address: &SocketAddr| match https {
                true => policy.permits(address.ip()),
                false => policy.lists(address.ip()),
            };
            let permitted: Vec<SocketAddr> = answer.await?.filter(passes).collect();
            if permitted.is_empty() {
                return Err(NotPermitted.into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

/// The system's resolver; loopback names, which it may not know, are answered here.
struct System;

impl Resolve for System {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = if is_localhost(name.as_str()) {
                vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))]
            } else {
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect()
            };
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
