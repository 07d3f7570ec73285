//! `bench endpoints`: endpoints that need nobody signed in, each beside a bare hello on the same core
//! right before.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use crate::hello::Hello;
use crate::http::{get, send};
use crate::installation::{Backend, Installation, Site};
use crate::report::Row;
use crate::target::{Rate, Target};

/// Options of `endpoints`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How long to measure each.
    #[arg(long, default_value_t = 5)]
    pub(crate) seconds: u64,
    /// Where Hufu keeps its state.
    #[arg(long, value_enum, default_value_t = Backend::Sqlite)]
    pub(crate) backend: Backend,
}

/// Measures all endpoints.
pub(crate) async fn run(options: &Options) -> Result<Vec<Row>> {
    let installation = Installation::start(options.backend, 1, "info").await?;
    let hello = Hello::start().await?;
    let time = Duration::from_secs(options.seconds);
    let site = &installation.site;
    // To warm both up.
    hello.measure(time / 4).await?;
    let mut rows = Vec::new();
    for target in targets(site) {
        let bare = hello.measure(time).await?;
        let own = target.measure(&installation.hufu, site.port, time).await?;
        rows.push(row(&target, own, bare));
    }
    Ok(rows)
}

fn row(target: &Target, own: Rate, bare: Rate) -> Row {
    let (ratio, work) = (own.per_second / bare.per_second, own.micros / bare.micros);
    let figure = format!(
        "{:.0}/s, {:.1} µs CPU · hello {:.0}/s, {:.1} µs · {ratio:.2} of its rate, {work:.1} × its CPU",
        own.per_second, own.micros, bare.per_second, bare.micros
    );
    let row = Row::new(target.name, figure);
    if target.name.starts_with('D') || target.name.starts_with('J') {
        return row.aim("≥ 0.5 of the hello's rate");
    }
    row
}

fn targets(site: &Site) -> [Arc<Target>; 3] {
    let host = &site.host;
    let form =
        format!("{}Content-Type: application/x-www-form-urlencoded\r\n", site.authorization());
    let unknown =
        "grant_type=authorization_code&code=hufu_code_unknown&redirect_uri=https%3A%2F%2Fa";
    let unknown = send("POST", host, "/oidc/token", &form, unknown);
    [
        Target::same("Discovery", get(host, "/oidc/.well-known/openid-configuration", ""), 200),
        Target::same("JWKS", get(host, "/oidc/.well-known/jwks.json", ""), 200),
        Target::same("token endpoint, unknown code", unknown, 400),
    ]
}
