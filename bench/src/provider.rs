//! `bench provider`: the endpoints of the OpenID Provider that programs call, beside those of npm
//! `oidc-provider`, which runs on the same core right after, and a bare hello.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::browser::{Browser, FORM, Lines};
use crate::console::{Client, REDIRECT_URI};
use crate::hello::Hello;
use crate::http::{Connection, get, send};
use crate::installation::{Backend, Installation, Site, basic};
use crate::peer::Peer;
use crate::process::Process;
use crate::report::{Row, mebibytes, note};
use crate::target::{Rate, Target};

/// Options of `provider`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How long to measure each.
    #[arg(long, default_value_t = 5)]
    pub(crate) seconds: u64,
    /// Where Hufu keeps its state.
    #[arg(long, value_enum, default_value_t = Backend::Sqlite)]
    pub(crate) backend: Backend,
    /// Codes that are exchanged. They live for a minute, in which they have to be made as well.
    #[arg(long, default_value_t = 5_000)]
    pub(crate) codes: usize,
    /// Where npm put `oidc-provider`. Without it Hufu is measured alone.
    #[arg(long)]
    pub(crate) node_modules: Option<PathBuf>,
    /// What Hufu logs.
    #[arg(long, default_value = "info")]
    pub(crate) log: String,
    /// Only endpoints whose names contain this.
    #[arg(long, default_value = "")]
    pub(crate) only: String,
}

impl Options {
    /// For the short run of everything.
    pub(crate) fn short(backend: Backend, seconds: u64, node_modules: Option<PathBuf>) -> Self {
        let (log, only) = ("info".to_owned(), String::new());
        Self { seconds, backend, codes: 5_000, node_modules, log, only }
    }
}

/// What to ask a provider.
struct Service<'a> {
    process: &'a Process,
    port: u16,
    targets: Vec<Arc<Target>>,
}

/// Where a provider is and who asks it.
struct Place<'a> {
    host: &'a str,
    client: &'a Client,
    /// Paths of token endpoint, UserInfo, introspection and pushed requests.
    paths: [&'static str; 4],
}

const OURS: [&str; 4] = ["/oidc/token", "/oidc/me", "/oidc/token/introspection", "/oidc/request"];
const THEIRS: [&str; 4] = ["/token", "/me", "/token/introspection", "/request"];
/// The aims for Hufu's processor time, by the endpoints' names.
const AIMS: [(&str, &str); 4] = [
    ("client credentials", "≤ 45 µs"),
    ("UserInfo", "≤ 50 µs"),
    ("introspection", "≤ 50 µs"),
    ("code exchange", "≤ 200 µs"),
];

/// Measures all endpoints.
pub(crate) async fn run(options: &Options) -> Result<Vec<Row>> {
    let time = Duration::from_secs(options.seconds);
    let hello = Hello::start().await?;
    let app = json!({
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "scopes": ["openid", "profile", "offline_access", "api"],
    });
    let installation = Installation::start_with(options.backend, 1, &options.log, app).await?;
    note(&format!("making {} codes", options.codes));
    let exchanges = exchanges(&installation.site, options.codes).await?;
    let site = &installation.site;
    let place = Place { host: &site.host, client: &site.client, paths: OURS };
    let ours = Service::new(&installation.hufu, site.port, &place, exchanges).await?;
    let peer = match &options.node_modules {
        Some(modules) => Some(Peer::start(modules, options.codes).await?),
        None => None,
    };
    let theirs = match &peer {
        Some(peer) => {
            let place = Place { host: "localhost", client: &peer.client, paths: THEIRS };
            Some(Service::new(&peer.process, peer.port, &place, peer.exchanges()).await?)
        }
        None => None,
    };
    let mut rows = Vec::new();
    for (index, target) in ours.targets.iter().enumerate() {
        if !target.name.contains(&options.only) {
            continue;
        }
        let bare = hello.measure(time).await?;
        let own = target.measure(ours.process, ours.port, time).await?;
        let other = match &theirs {
            Some(theirs) => {
                let target = &theirs.targets[index];
                Some(target.measure(theirs.process, theirs.port, time).await?)
            }
            None => None,
        };
        rows.push(row(target.name, own, bare, other));
    }
    rows.push(memory(ours.process, peer.as_ref())?);
    Ok(rows)
}

fn row(name: &'static str, own: Rate, bare: Rate, other: Option<Rate>) -> Row {
    let beside = other.map(|other| {
        let (rate, work) = (own.per_second / other.per_second, other.micros / own.micros);
        format!(
            " · oidc-provider {:.0}/s, {:.1} µs · {rate:.1} × its rate, 1/{work:.1} of its CPU",
            other.per_second, other.micros
        )
    });
    let figure = format!(
        "{:.0}/s, {:.1} µs CPU{} · hello {:.0}/s, {:.1} µs",
        own.per_second,
        own.micros,
        beside.unwrap_or_default(),
        bare.per_second,
        bare.micros
    );
    let aim = AIMS.iter().find(|(known, _)| name.contains(known)).map_or("", |(_, aim)| aim);
    Row::new(name, figure).aim(aim)
}

fn memory(ours: &Process, peer: Option<&Peer>) -> Result<Row> {
    let own = mebibytes(ours.resident()?);
    let figure = match peer {
        Some(peer) => format!("{own} · oidc-provider {}", mebibytes(peer.process.resident()?)),
        None => own,
    };
    Ok(Row::new("resident memory after all that", figure).aim("≤ a quarter of oidc-provider's"))
}

impl<'a> Service<'a> {
    /// Gets tokens for one of the codes, to ask about; the others are exchanged later.
    async fn new(
        process: &'a Process,
        port: u16,
        place: &Place<'_>,
        mut exchanges: Vec<Vec<u8>>,
    ) -> Result<Self> {
        let first = exchanges.pop().context("no code was made")?;
        let mut line = Connection::open(port).await?;
        let answer = line.exchange(&first).await?;
        ensure!(answer.status == 200, "a code was refused: {}", answer.excerpt());
        let tokens: Value = serde_json::from_slice(answer.body)?;
        let token = |name: &str| {
            tokens[name].as_str().with_context(|| format!("there is no {name}: {tokens}"))
        };
        let (access, refresh) = (token("access_token")?, token("refresh_token")?);
        token("id_token")?;
        let [token, userinfo, introspection, pushed] = place.paths;
        let form = |path, body: &str| {
            let headers = format!("{}{FORM}", basic(&place.client.id, &place.client.secret));
            send("POST", place.host, path, &headers, body)
        };
        let bearer = format!("Authorization: Bearer {access}\r\n");
        let refresh = format!("grant_type=refresh_token&refresh_token={refresh}");
        let redirect = url::form_urlencoded::byte_serialize(REDIRECT_URI.as_bytes());
        let request = format!(
            "client_id={}&response_type=code&redirect_uri={}&scope=openid%20profile&state={state}&nonce={state}\
             &code_challenge={state}&code_challenge_method=S256",
            place.client.id,
            redirect.collect::<String>(),
            state = "s".repeat(43),
        );
        let targets = vec![
            // First, because codes live for a minute.
            Target::each("code exchange, with ID token and refresh token", exchanges),
            Target::same(
                "client credentials, ES256 JWT",
                form(token, "grant_type=client_credentials&scope=api"),
                200,
            ),
            Target::same("UserInfo", get(place.host, userinfo, &bearer), 200),
            Target::same("introspection", form(introspection, &format!("token={access}")), 200),
            Target::same("pushed authorization request", form(pushed, &request), 201),
            Target::same("refresh", form(token, &refresh), 200),
        ];
        Ok(Self { process, port, targets })
    }
}

/// Token requests with codes that a session got.
async fn exchanges(site: &Arc<Site>, codes: usize) -> Result<Vec<Vec<u8>>> {
    const BROWSERS: usize = 8;
    let mut tasks = JoinSet::new();
    for _ in 0..BROWSERS {
        let site = Arc::clone(site);
        tasks.spawn(async move {
            let mut lines = Lines::open(&site).await?;
            let mut browser = Browser::new(&site, &mut lines);
            browser.sign_in(0).await?;
            let mut requests = Vec::with_capacity(codes / BROWSERS);
            for _ in 0..codes / BROWSERS {
                requests.push(browser.single_sign_on().await?);
            }
            Ok::<_, anyhow::Error>(requests)
        });
    }
    let mut requests = Vec::with_capacity(codes);
    while let Some(task) = tasks.join_next().await {
        requests.extend(task??);
    }
    Ok(requests)
}
