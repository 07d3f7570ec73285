//! A browser that nobody has used before, on its way from an app through WeCom to an ID token.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

use crate::console::{REDIRECT_URI, SOURCE};
use crate::http::{Answer, Connection, get, send};
use crate::id_token::Expected;
use crate::installation::Site;
use crate::simulator::userid;

/// The server's requests in one sign-in: authorization, login page, start, callback, token.
pub(crate) const REQUESTS: u64 = 5;

/// What a desktop browser sends along.
const HEADERS: &str = "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like \
    Gecko) Chrome/142.0.0.0 Safari/537.36\r\nAccept: text/html,application/xhtml+xml,\
    application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: zh-CN,zh;q=0.9,en;q=0.8\r\n\
    Upgrade-Insecure-Requests: 1\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\n";
/// The header of a form, as a line.
pub(crate) const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

/// Connections to the server and to the simulator; the server's is a proxy's, which many browsers
/// share.
#[derive(Debug)]
pub(crate) struct Lines {
    hufu: Connection,
    simulator: Connection,
}

impl Lines {
    /// Connects.
    pub(crate) async fn open(site: &Site) -> Result<Self> {
        let (hufu, simulator) =
            (Connection::open(site.port).await?, Connection::open(site.simulator).await?);
        Ok(Self { hufu, simulator })
    }
}

/// What an app asks for, with what it has to remember.
#[derive(Debug)]
pub(crate) struct AppRequest<'a> {
    site: &'a Site,
    state: String,
    nonce: String,
    verifier: String,
}

impl<'a> AppRequest<'a> {
    /// A new one: code with PKCE, state and nonce.
    pub(crate) fn new(site: &'a Site) -> Result<Self> {
        let random = || site.env.alphanumeric(43);
        Ok(Self { site, state: random()?, nonce: random()?, verifier: random()? })
    }

    /// Path and query of the authorization request.
    pub(crate) fn target(&self) -> String {
        let Self { site, state, nonce, verifier } = self;
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        let (id, redirect) = (&site.client.id, utf8_percent_encode(REDIRECT_URI, NON_ALPHANUMERIC));
        format!(
            "/oidc/auth?response_type=code&client_id={id}&redirect_uri={redirect}\
             &scope=openid%20profile&state={state}&nonce={nonce}\
             &code_challenge={challenge}&code_challenge_method=S256"
        )
    }

    /// The code of an answer that is ours: right address, state and issuer (RFC 9207).
    pub(crate) fn code(&self, location: &str) -> Result<String> {
        // The fragment stays in the browser.
        let sent = location.split('#').next().unwrap_or_default();
        let query = sent.strip_prefix(REDIRECT_URI).and_then(|rest| rest.strip_prefix('?'));
        let query = query.with_context(|| format!("the app got no answer but {location}"))?;
        let value = |name: &str| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let value = pairs.into_iter().find(|(known, _)| *known == name)?.1;
            Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
        };
        ensure!(value("state").as_ref() == Some(&self.state), "another state: {location}");
        ensure!(value("iss") == Some(self.site.issuer()), "another issuer: {location}");
        value("code").with_context(|| format!("no code: {location}"))
    }

    /// The token request for a code.
    pub(crate) fn token_request(&self, code: &str) -> Vec<u8> {
        let redirect = utf8_percent_encode(REDIRECT_URI, NON_ALPHANUMERIC);
        let verifier = &self.verifier;
        let body = format!(
            "grant_type=authorization_code&code={code}&redirect_uri={redirect}&code_verifier={verifier}"
        );
        let headers = format!("{}{FORM}", self.site.authorization());
        send("POST", &self.site.host, "/oidc/token", &headers, &body)
    }

    /// Checks a token answer and returns the access token.
    fn access_token(&self, json: &[u8]) -> Result<String> {
        let tokens: Value = serde_json::from_slice(json)?;
        let text = |name: &str| tokens[name].as_str().with_context(|| format!("no {name}"));
        let issuer = self.site.issuer();
        let expected = Expected {
            issuer: &issuer,
            audience: &self.site.client.id,
            nonce: &self.nonce,
            now: self.site.env.now().timestamp(),
        };
        self.site.keys.verify(text("id_token")?, expected)?;
        Ok(text("access_token")?.to_owned())
    }
}

/// A browser: its cookies, and the time that it has waited for the server.
#[derive(Debug)]
pub(crate) struct Browser<'a> {
    site: &'a Site,
    lines: &'a mut Lines,
    cookies: BTreeMap<String, String>,
    /// How long the server's answers took so far, added up.
    pub(crate) waited: Duration,
}

impl<'a> Browser<'a> {
    /// A browser without cookies.
    pub(crate) fn new(site: &'a Site, lines: &'a mut Lines) -> Self {
        Self { site, lines, cookies: BTreeMap::new(), waited: Duration::ZERO }
    }

    /// A complete sign-in. Returns the access token.
    pub(crate) async fn sign_in(&mut self, member: u64) -> Result<String> {
        let request = AppRequest::new(self.site)?;
        let login = self.follow(&request.target()).await?;
        let start = self.look_for_source(&login).await?;
        let wecom = self.follow(&start).await?;
        let callback = self.choose(&wecom, member).await?;
        let location = self.follow(&callback).await?;
        let exchange = request.token_request(&request.code(&location)?);
        let answer = timed(&mut self.lines.hufu, &exchange, &mut self.waited).await?;
        ensure!(answer.status == 200, "the code was refused: {}", answer.excerpt());
        request.access_token(answer.body)
    }

    /// An app's request that the session answers at once. Returns the token request for its code.
    pub(crate) async fn single_sign_on(&mut self) -> Result<Vec<u8>> {
        let request = AppRequest::new(self.site)?;
        let location = self.follow(&request.target()).await?;
        Ok(request.token_request(&request.code(&location)?))
    }

    fn request(&self, target: &str) -> Vec<u8> {
        let mut headers = HEADERS.to_owned();
        if !self.cookies.is_empty() {
            let pairs: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            headers.extend(["Cookie: ", &pairs.join("; "), "\r\n"]);
        }
        get(&self.site.host, target, &headers)
    }

    /// Asks the server and returns where it sends the browser; within its host without the host.
    async fn follow(&mut self, target: &str) -> Result<String> {
        let request = self.request(target);
        let answer = timed(&mut self.lines.hufu, &request, &mut self.waited).await?;
        let location = answer.headers("location").next().map(str::to_owned);
        let Some(location) = location.filter(|_| matches!(answer.status, 302 | 303)) else {
            bail!("{target} was answered with {}: {}", answer.status, answer.excerpt());
        };
        for cookie in answer.headers("set-cookie") {
            let pair = cookie.split(';').next().and_then(|pair| pair.split_once('='));
            let (name, value) = pair.context("a cookie has no name")?;
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        Ok(location)
    }

    /// Reads the login page and returns where the source's button leads.
    async fn look_for_source(&mut self, target: &str) -> Result<String> {
        let request = self.request(target);
        let answer = timed(&mut self.lines.hufu, &request, &mut self.waited).await?;
        ensure!(answer.status == 200, "the login page is none: {}", answer.excerpt());
        let page = std::str::from_utf8(answer.body)?;
        let path = format!("/connections/social/{SOURCE}?");
        let link = page.split("href=\"").find(|rest| rest.starts_with(&path));
        let link = link.and_then(|rest| rest.split('"').next());
        link.map(str::to_owned).context("the login page has no button")
    }

    /// Opens WeCom's page and chooses a member. Returns the way back.
    async fn choose(&mut self, location: &str, member: u64) -> Result<String> {
        let base = format!("http://127.0.0.1:{}", self.site.simulator);
        let page = location.strip_prefix(&base).context("the way to WeCom leads elsewhere")?;
        let host = format!("127.0.0.1:{}", self.site.simulator);
        let answer = self.lines.simulator.exchange(&get(&host, page, HEADERS)).await?;
        ensure!(answer.status == 200, "WeCom's page is none: {}", answer.excerpt());
        let query = page.split_once('?').context("the way to WeCom has no query")?.1;
        let choice = format!("/wwlogin/sso/choose?{query}&userid={}", userid(member));
        let answer = self.lines.simulator.exchange(&get(&host, &choice, HEADERS)).await?;
        let back = answer.headers("location").next().context("WeCom sends nobody back")?;
        let back = back.strip_prefix("https://").and_then(|to| to.strip_prefix(&self.site.host));
        Ok(back.context("WeCom sends the browser elsewhere")?.to_owned())
    }
}

async fn timed<'a>(
    line: &'a mut Connection,
    request: &[u8],
    waited: &mut Duration,
) -> Result<Answer<'a>> {
    let began = Instant::now();
    let answer = line.exchange(request).await?;
    *waited += began.elapsed();
    Ok(answer)
}
