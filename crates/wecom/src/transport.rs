//! One HTTP exchange: bounded in time and size, no redirect, no decompression, no retry.

use std::{collections::HashMap, time::Duration};

use reqwest::{Method, Proxy, Response, header, redirect, retry, tls};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use crate::{BaseUrl, Egress, Error, Settings, TransportError, encode::encode, resolve::Resolver};

/// No reply that a sign-in reads comes near it.
const MAX_BODY: usize = 256 * 1024;

/// A call, complete but for the access token.
pub(crate) struct Call<'a> {
    pub(crate) path: &'static str,
    pub(crate) query: Vec<(&'static str, &'a str)>,
    /// JSON of a POST; a GET without.
    pub(crate) body: Option<SecretString>,
}

/// The pools of connections: one for the direct way, one for each egress.
pub(crate) struct Transport {
    api: BaseUrl,
    direct: reqwest::Client,
    egresses: HashMap<String, reqwest::Client>,
    trace_headers: fn() -> Vec<(&'static str, String)>,
}

impl Transport {
    pub(crate) fn new(settings: &Settings) -> Result<Self, Error> {
        let direct = build(settings, None)?;
        let mut egresses = HashMap::new();
        for egress in &settings.egresses {
            let client = build(settings, Some(proxy(egress)?))?;
            if egresses.insert(egress.name.clone(), client).is_some() {
                return Err(Error::Settings("two egresses have one name", None));
            }
        }
        let (api, trace_headers) = (settings.base_urls.api.clone(), settings.trace_headers);
        Ok(Self { api, direct, egresses, trace_headers })
    }

    /// Sends `call` and reads the whole body of a reply of status 200.
    pub(crate) async fn send(
        &self,
        egress: Option<&str>,
        call: &Call<'_>,
        token: Option<&SecretString>,
    ) -> Result<Vec<u8>, Error> {
        let client = self.client(egress)?;
        let method = if call.body.is_some() { Method::POST } else { Method::GET };
        let mut request = client.request(method, self.url(call, token));
        if let Some(body) = &call.body {
            request = request
                .header(header::CONTENT_TYPE, "application/json")
                .body(body.expose_secret().to_owned());
        }
        for (name, value) in (self.trace_headers)() {
            request = request.header(name, value);
        }
        let began = Instant::now();
        let result = exchange(request).await;
        let elapsed_ms = began.elapsed().as_millis();
        match result {
            Ok(body) => {
                tracing::debug!(path = call.path, elapsed_ms, bytes = body.len(), "WeCom replied");
                Ok(body)
            }
            Err(error) => {
                tracing::warn!(path = call.path, elapsed_ms, %error, "no usable reply from WeCom");
                Err(Error::transport(call.path, error))
            }
        }
    }

    fn client(&self, egress: Option<&str>) -> Result<&reqwest::Client, Error> {
        match egress {
            None => Ok(&self.direct),
            Some(name) => {
                self.egresses.get(name).ok_or_else(|| Error::UnknownEgress(name.to_owned()))
            }
        }
    }

    fn url(&self, call: &Call<'_>, token: Option<&SecretString>) -> String {
        let token = token.map(|token| ("access_token", token.expose_secret()));
        let query: Vec<String> = token
            .into_iter()
            .chain(call.query.iter().copied())
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect();
        format!("{}/{}?{}", self.api.as_str(), call.path, query.join("&"))
    }
}

fn build(settings: &Settings, proxy: Option<Proxy>) -> Result<reqwest::Client, Error> {
    let builder = reqwest::Client::builder()
        .connect_timeout(settings.connect_timeout)
        .timeout(settings.call_timeout)
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(32)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
        .tls_version_min(tls::Version::TLS_1_2)
        .dns_resolver(Resolver);
    let builder = match proxy {
        Some(proxy) => builder.proxy(proxy),
        None => builder.no_proxy(),
    };
    let unusable = |error: reqwest::Error| {
        Error::Settings("the HTTP client can't be built", Some(Box::new(error.without_url())))
    };
    builder.build().map_err(unusable)
}

/// The URL may hold a password: an error says no more than which egress it is about.
fn proxy(egress: &Egress) -> Result<Proxy, Error> {
    let url = egress.proxy_url.expose_secret();
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(Error::Settings("a proxy URL must be http or https", None));
    }
    Proxy::all(url).map_err(|_| Error::Settings("a proxy URL is not a URL", None))
}

async fn exchange(request: reqwest::RequestBuilder) -> Result<Vec<u8>, TransportError> {
    let response = request.send().await.map_err(failure)?;
    let status = response.status();
    if status.is_redirection() {
        return Err(TransportError::Redirect(status.as_u16()));
    }
    if status != reqwest::StatusCode::OK {
        return Err(TransportError::Status(status.as_u16()));
    }
    read(response).await
}

async fn read(mut response: Response) -> Result<Vec<u8>, TransportError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failure)? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(TransportError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Without the URL, whose query holds the token.
fn failure(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    if error.is_timeout() {
        TransportError::TimedOut(error.into())
    } else if error.is_connect() {
        TransportError::Connect(error.into())
    } else {
        TransportError::Broken(error.into())
    }
}
