//! A request to a tenant's host of which every part can be another tenant's.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::{Answer, Browser, Client, REGISTER, Tenant};
use reqwest::Method;
use url::Url;
use url::form_urlencoded::Serializer;

use super::artefact::Artefact;
use super::value::Value;
use crate::steps::{FORM, SESSION};

const BROWSER: &str = "__Host-hufu_browser";

/// Another address of this machine each time, out of 64,000.
fn next_address() -> Ipv4Addr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let [high, low] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    Ipv4Addr::new(127, 1, high, low.max(1))
}

/// Where a part stands.
#[derive(Clone, PartialEq)]
enum Place {
    Path(&'static str),
    Query(String),
    Form(String),
    Cookie(String),
    Header(&'static str),
    /// In `Authorization`, after this scheme.
    Scheme(&'static str),
}

#[derive(Clone)]
struct Part {
    place: Place,
    artefact: Option<Artefact>,
    value: Value,
}

/// How an answer shows that a request was taken.
#[derive(Debug, Clone)]
pub(super) enum Works {
    /// 200, with this text, and nothing about a failure.
    Page(String),
    /// 201, with this text.
    Created(&'static str),
    /// 204.
    Empty,
    /// The browser is sent to an address with this text, which is no form that is shown again.
    To(&'static str),
}

impl Works {
    pub(super) fn page(text: &str) -> Self {
        Self::Page(text.to_owned())
    }

    fn shows(&self, answer: &Answer) -> bool {
        let location = answer.location().map(String::from).unwrap_or_default();
        match self {
            Self::Page(text) => {
                answer.status == 200 && answer.body.contains(text) && answer.code().is_none()
            }
            Self::Created(text) => answer.status == 201 && answer.body.contains(text),
            Self::Empty => answer.status == 204,
            Self::To(text) => {
                answer.status == 303 && location.contains(text) && !location.contains("&error=")
            }
        }
    }
}

/// A request.
#[derive(Clone)]
pub(super) struct Shown {
    method: Method,
    pattern: &'static str,
    user_agent: String,
    parts: Vec<Part>,
    /// A body that is no form.
    json: Option<String>,
    works: Works,
    rests_on: Vec<Artefact>,
    /// Whether any browser's secret and token will do: the one is the other's hash, and nothing that
    /// the host keeps knows them.
    any_browser: bool,
}

impl Shown {
    /// A request that is right if the answer shows it so.
    pub(super) fn new(method: &Method, pattern: &'static str, works: Works) -> Self {
        Self {
            method: method.clone(),
            pattern,
            user_agent: e2e::DESKTOP.to_owned(),
            parts: Vec::new(),
            json: None,
            works,
            rests_on: Vec::new(),
            any_browser: false,
        }
    }

    /// With what each of these has to be this tenant's own for.
    pub(super) fn rests_on(mut self, artefacts: &[Artefact]) -> Self {
        for artefact in artefacts {
            let known = self.parts.iter().any(|part| part.artefact == Some(*artefact));
            assert!(known, "{self:?} has no {artefact:?}");
        }
        self.rests_on = artefacts.to_vec();
        self
    }

    /// For which a browser's secret and token are good together, whoever made them.
    pub(super) fn of_any_browser(self) -> Self {
        Self { any_browser: true, ..self }
    }

    fn part(mut self, place: Place, artefact: Option<Artefact>, value: Value) -> Self {
        self.parts.push(Part { place, artefact, value });
        self
    }

    /// With a parameter, where parameters of the method stand.
    pub(super) fn with(self, name: &str, value: &str) -> Self {
        let place = match self.method {
            Method::POST => Place::Form(name.to_owned()),
            _ => Place::Query(name.to_owned()),
        };
        let artefact = match name {
            "interaction" => Some(Artefact::Interaction),
            "csrf" => Some(Artefact::FormToken),
            _ => None,
        };
        self.part(place, artefact, Value::Fixed(value.to_owned()))
    }

    /// With a parameter of the query, whatever the method.
    pub(super) fn asking(self, name: &str, value: &str) -> Self {
        self.part(Place::Query(name.to_owned()), None, Value::Fixed(value.to_owned()))
    }

    /// With these parameters.
    pub(super) fn with_all(self, params: &[(&str, &str)]) -> Self {
        params.iter().fold(self, |shown, (name, value)| shown.with(name, value))
    }

    /// The parameter of this name, or the part of the path, is such a thing.
    pub(super) fn naming(mut self, name: &str, artefact: Artefact) -> Self {
        let part = self.parts.iter_mut().find(|part| match &part.place {
            Place::Query(known) | Place::Form(known) => known == name,
            Place::Path(known) => *known == name,
            _ => false,
        });
        part.unwrap_or_else(|| panic!("no {name}")).artefact = Some(artefact);
        self
    }

    /// With a part of the path.
    pub(super) fn at(self, name: &'static str, value: &str) -> Self {
        self.part(Place::Path(name), None, Value::Fixed(value.to_owned()))
    }

    /// With a parameter that is made anew each time.
    pub(super) fn making(
        self,
        name: &str,
        artefact: Artefact,
        make: impl Fn() -> String + Send + Sync + 'static,
    ) -> Self {
        self.part(Place::Form(name.to_owned()), Some(artefact), Value::Made(Arc::new(make)))
    }

    /// With a proof that is made anew each time.
    pub(super) fn proving(self, make: impl Fn() -> String + Send + Sync + 'static) -> Self {
        let proof = Value::Made(Arc::new(make));
        self.part(Place::Header("dpop"), Some(Artefact::DpopProof), proof)
    }

    /// With a client's proof, which has this nonce.
    pub(super) fn proving_with(self, client: &Client, nonce: &str) -> Self {
        let value = Value::Nonce(Box::new(client.clone()), nonce.to_owned());
        self.part(Place::Header("dpop"), Some(Artefact::DpopNonce), value)
    }

    /// With the tenant's app's id and secret in the header.
    pub(super) fn by(self, tenant: &Tenant) -> Self {
        let secret = tenant.app.secret.as_deref().unwrap();
        let value = Value::Fixed(format!("{}:{secret}", tenant.app.id));
        self.part(Place::Scheme("Basic"), Some(Artefact::ClientCredentials), value)
    }

    /// With an access token in the header.
    pub(super) fn bearing(self, scheme: &'static str, token: &str) -> Self {
        self.showing(Artefact::AccessToken, scheme, token)
    }

    /// With such a token in the header.
    pub(super) fn showing(self, artefact: Artefact, scheme: &'static str, token: &str) -> Self {
        self.part(Place::Scheme(scheme), Some(artefact), Value::Fixed(token.to_owned()))
    }

    /// With a body of JSON.
    pub(super) fn saying_json(self, body: &serde_json::Value) -> Self {
        Self { json: Some(body.to_string()), ..self }
    }

    /// With a body of any other kind.
    pub(super) fn sending(self, body: String) -> Self {
        Self { json: Some(body), ..self }
    }

    /// From a browser, with the cookies that it has at the tenant's host.
    pub(super) fn from(mut self, tenant: &Tenant, browser: &Browser) -> Self {
        self.user_agent.clone_from(&browser.user_agent);
        let cookies = browser.cookies.get(&tenant.host).into_iter().flatten();
        cookies.fold(self, |shown, (name, value)| {
            let artefact = match name.as_str() {
                SESSION => Some(Artefact::Session),
                BROWSER => Some(Artefact::Browser),
                _ => None,
            };
            shown.part(Place::Cookie(name.clone()), artefact, Value::Fixed(value.clone()))
        })
    }

    /// With the query of an address.
    pub(super) fn query_of(self, url: &Url) -> Self {
        url.query_pairs().fold(self, |shown, (name, value)| shown.with(&name, &value))
    }

    /// With what a page's form to this path posts: its query and its hidden fields.
    pub(super) fn form_of(self, page: &Answer, path: &str) -> Self {
        let rest = page.body.split_once(&format!("action=\"{path}\""));
        let rest = rest.map(|(_, rest)| ("", rest)).or_else(|| {
            let rest = page.body.split_once(&format!("action=\"{path}?"))?.1;
            rest.split_once('"')
        });
        let (query, rest) = rest.unwrap_or_else(|| panic!("no form to {path}: {}", page.body));
        let fields = rest.split_once("</form>").unwrap().0;
        let mut shown = self;
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let artefact = (name == "interaction").then_some(Artefact::Interaction);
            let value = Value::Fixed(value.into_owned());
            shown = shown.part(Place::Query(name.into_owned()), artefact, value);
        }
        let attribute = |tag: &str, name: &str| {
            let rest = tag.split_once(&format!(" {name}=\"")).unwrap().1;
            rest.split_once('"').unwrap().0.to_owned()
        };
        for tag in fields.split("<input type=\"hidden\"").skip(1) {
            shown = shown.with(&attribute(tag, "name"), &attribute(tag, "value"));
        }
        shown
    }

    /// Those artefacts that have to be the tenant's own.
    pub(super) fn decisive(&self) -> &[Artefact] {
        &self.rests_on
    }

    /// The value of one of them.
    pub(super) fn value(&self, artefact: Artefact) -> String {
        self.find(artefact).value.artefact()
    }

    fn find(&self, artefact: Artefact) -> &Part {
        self.parts.iter().find(|part| part.artefact == Some(artefact)).unwrap()
    }

    fn change(&self, artefact: Artefact, change: impl Fn(&Value) -> Value) -> Self {
        let mut changed = self.clone();
        for part in &mut changed.parts {
            if part.artefact == Some(artefact) {
                part.value = change(&part.value);
            }
        }
        changed
    }

    /// The same with these artefacts of another tenant's; none if that is no mixture.
    pub(super) fn mixed(&self, theirs: &Self, artefacts: &[Artefact]) -> Option<Self> {
        let made_by_any = [Artefact::Browser, Artefact::FormToken];
        if self.any_browser && artefacts == made_by_any {
            return None;
        }
        let mix = |shown: Self, artefact: &Artefact| {
            shown.change(*artefact, |own| own.foreign(&theirs.find(*artefact).value))
        };
        Some(artefacts.iter().fold(self.clone(), mix))
    }

    /// The same with everything of another tenant's that does not matter.
    pub(super) fn with_what_is_idle(&self, theirs: &Self) -> Self {
        let mut mixed = self.clone();
        for part in &mut mixed.parts {
            let idle = part.artefact.is_some_and(|artefact| !self.rests_on.contains(&artefact));
            let other = theirs.parts.iter().find(|other| other.place == part.place);
            if let Some(other) = other.filter(|_| idle) {
                part.value = other.value.clone();
            }
        }
        mixed
    }

    /// The same with a text that is nobody's.
    pub(super) fn garbled(&self, artefact: Artefact) -> Self {
        self.change(artefact, Value::garbage)
    }

    /// The same with another text.
    pub(super) fn saying(&self, artefact: Artefact, text: &str) -> Self {
        self.change(artefact, |own| own.saying(text))
    }

    /// Whether an answer shows that it was taken.
    pub(super) fn works(&self, answer: &Answer) -> bool {
        self.works.shows(answer)
    }

    /// What a form of it posts.
    pub(super) fn fields(&self) -> Vec<(String, String)> {
        self.pairs(|place| match place {
            Place::Form(name) => Some(name),
            _ => None,
        })
    }

    fn pairs(&self, pick: fn(&Place) -> Option<&str>) -> Vec<(String, String)> {
        let parts = self.parts.iter();
        let picked =
            parts.filter_map(|part| Some((pick(&part.place)?.to_owned(), part.value.text())));
        picked.collect()
    }

    fn path(&self) -> String {
        let mut path = self.pattern.to_owned();
        for part in &self.parts {
            let Place::Path(name) = part.place else { continue };
            let from = path.find(&format!("{{{name}")).unwrap();
            let rest = &path[from..];
            // A pattern of its own may have braces as well.
            let end = rest.find("}}").map_or_else(|| rest.find('}').unwrap() + 1, |at| at + 2);
            path.replace_range(from..from + end, &part.value.text());
        }
        let query = self.pairs(|place| match place {
            Place::Query(name) => Some(name),
            _ => None,
        });
        match query.is_empty() {
            true => path,
            false => {
                format!("{path}?{}", Serializer::new(String::new()).extend_pairs(query).finish())
            }
        }
    }

    /// Sends it to a tenant's host.
    pub(super) async fn send(&self, tenant: &Tenant) -> Answer {
        // It takes sixty calls a minute from one address.
        let from = self.pattern.starts_with(REGISTER).then(next_address);
        let tenant = &Tenant { from, ..tenant.clone() };
        let mut headers =
            vec![("user-agent", self.user_agent.clone()), ("accept-language", "en".to_owned())];
        for part in &self.parts {
            match part.place {
                Place::Header(name) => headers.push((name, part.value.text())),
                Place::Scheme("Basic") => {
                    let value = format!("Basic {}", STANDARD.encode(part.value.text()));
                    headers.push(("authorization", value));
                }
                Place::Scheme(scheme) => {
                    headers.push(("authorization", format!("{scheme} {}", part.value.text())));
                }
                _ => {}
            }
        }
        let cookies = self.pairs(|place| match place {
            Place::Cookie(name) => Some(name),
            _ => None,
        });
        let cookies: Vec<String> =
            cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        headers.extend((!cookies.is_empty()).then(|| ("cookie", cookies.join("; "))));
        let form = Serializer::new(String::new()).extend_pairs(self.fields()).finish();
        let form = (self.method == Method::POST).then_some(form.as_bytes());
        let json = self.json.as_ref().map(|json| (json.as_bytes(), "application/json"));
        let body = json.or(form.map(|form| (form, FORM.1)));
        headers.extend(body.map(|(_, kind)| (FORM.0, kind.to_owned())));
        let body = body.map(|(body, _)| body);
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        tenant.send(self.method.clone(), &self.path(), &headers, body).await
    }
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let artefacts: Vec<Artefact> = self.parts.iter().filter_map(|part| part.artefact).collect();
        write!(f, "{} {} with {artefacts:?}", self.method, self.pattern)
    }
}
