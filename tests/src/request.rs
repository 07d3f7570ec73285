//! Requests of an app's program. Every field can be changed, so that a wrong request is one line.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use url::form_urlencoded::Serializer;

use crate::browser::Answer;
use crate::client::{Client, name};
use crate::forge::Jwt;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const FORM: &str = "application/x-www-form-urlencoded";

/// A request of a program, before it is sent.
#[derive(Clone)]
pub struct Request {
    client: Client,
    path: &'static str,
    method: Method,
    form: Vec<(String, String)>,
    query: Vec<(String, String)>,
    kind: String,
    body: Option<String>,
    headers: Vec<(String, String)>,
    assertion: Option<Jwt>,
    proof: Option<Jwt>,
    asks_again: bool,
}

impl Request {
    /// A request with these parameters: in a form, or in the URL of a GET.
    pub(crate) fn new(
        client: &Client,
        method: Method,
        path: &'static str,
        form: &[(&str, &str)],
    ) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self {
            client: client.clone(),
            path,
            method,
            form: form.iter().map(owned).collect(),
            query: Vec::new(),
            kind: FORM.to_owned(),
            body: None,
            headers: Vec::new(),
            assertion: None,
            proof: None,
            asks_again: true,
        }
    }

    /// The same with an assertion.
    #[must_use]
    pub(crate) fn asserting(mut self, assertion: Jwt) -> Self {
        self.assertion = Some(assertion);
        self
    }

    /// The same at another endpoint.
    #[must_use]
    pub fn at(mut self, path: &'static str) -> Self {
        self.path = path;
        self
    }

    /// The same by another method.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// The same with a parameter.
    #[must_use]
    pub fn with(self, name: &str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    /// The same with one more parameter, even of the same name.
    #[must_use]
    pub fn and(mut self, name: &str, value: &str) -> Self {
        self.form.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same without a parameter.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.form.retain(|(known, _)| known != name);
        self
    }

    /// The value of a parameter; empty without.
    pub fn value(&self, name: &str) -> String {
        let found = self.form.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// The same with a parameter a second time.
    #[must_use]
    pub fn twice(self, name: &str) -> Self {
        let value = self.value(name);
        self.and(name, &value)
    }

    /// The same with a parameter in the URL beside the form.
    #[must_use]
    pub fn in_url(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with all parameters in the URL and none in the form.
    #[must_use]
    pub fn all_in_url(mut self) -> Self {
        self.query.append(&mut self.form);
        self
    }

    /// The same, saying that its body is of another type; of none, if that is empty.
    #[must_use]
    pub fn kind(mut self, kind: &str) -> Self {
        kind.clone_into(&mut self.kind);
        self
    }

    /// The same with a body as it is, instead of the form.
    #[must_use]
    pub fn body(mut self, body: &str) -> Self {
        self.body = Some(body.to_owned());
        self
    }

    /// The same with the client's name and secret in the header (RFC 6749 §2.3.1).
    #[must_use]
    pub fn by_header(self) -> Self {
        let (id, secret) = (self.value("client_id"), self.value("client_secret"));
        let basic = STANDARD.encode(format!("{id}:{secret}"));
        self.without("client_id")
            .without("client_secret")
            .header("authorization", &format!("Basic {basic}"))
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same without a header.
    #[must_use]
    pub fn without_header(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    /// The same with another assertion.
    #[must_use]
    pub fn assertion(mut self, change: impl FnOnce(Jwt) -> Jwt) -> Self {
        self.assertion = self.assertion.map(change);
        self
    }

    /// The same without proof of who asks.
    #[must_use]
    pub fn without_assertion(mut self) -> Self {
        self.assertion = None;
        self
    }

    /// The same with a DPoP proof.
    #[must_use]
    pub fn proven(mut self) -> Self {
        self.proof = Some(self.client.proof(&self.method, self.path));
        self
    }

    /// The same with another proof.
    #[must_use]
    pub fn proof(mut self, change: impl FnOnce(Jwt) -> Jwt) -> Self {
        self.proof = self.proof.map(change);
        self
    }

    /// The same without a proof.
    #[must_use]
    pub fn without_proof(mut self) -> Self {
        self.proof = None;
        self
    }

    /// The same request, made anew: nobody has seen its assertion and its proof.
    #[must_use]
    pub fn anew(self) -> Self {
        self.assertion(|jwt| jwt.claim("jti", name())).proof(|jwt| jwt.claim("jti", name()))
    }

    /// The same, taking the first answer as it is: no second try with a nonce.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.asks_again = false;
        self
    }

    /// Sends it; once more if the answer is that the proof needs a nonce (RFC 9449 §8).
    pub async fn send(self) -> Answer {
        let answer = self.send_once().await;
        let wants_nonce = answer.body.contains("use_dpop_nonce");
        let Some(nonce) = self.note_nonce(&answer).filter(|_| wants_nonce && self.asks_again)
        else {
            return answer;
        };
        // An assertion is for one request.
        let again = self.assertion(|jwt| jwt.claim("jti", name()));
        let again = again.proof(|jwt| jwt.claim("nonce", nonce));
        let answer = again.send_once().await;
        again.note_nonce(&answer);
        answer
    }

    fn note_nonce(&self, answer: &Answer) -> Option<String> {
        let nonce = answer.headers.get("dpop-nonce")?.to_str().unwrap().to_owned();
        self.client.note_nonce(self.path, &nonce);
        Some(nonce)
    }

    async fn send_once(&self) -> Answer {
        let (mut query, mut form) = (self.query.clone(), self.form.clone());
        if let Some(assertion) = &self.assertion {
            form.push(("client_assertion_type".to_owned(), ASSERTION_TYPE.to_owned()));
            form.push(("client_assertion".to_owned(), assertion.signed()));
        }
        if [Method::GET, Method::HEAD].contains(&self.method) {
            query.append(&mut form);
        }
        let body = self.body.clone().unwrap_or_else(|| encoded(&form));
        let path = match encoded(&query).as_str() {
            "" => self.path.to_owned(),
            query => format!("{}?{query}", self.path),
        };
        let proof = self.proof.as_ref().map(Jwt::signed);
        let mut headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        headers.extend(proof.iter().map(|proof| ("DPoP", proof.as_str())));
        if !body.is_empty() && !self.kind.is_empty() {
            headers.push(("content-type", &self.kind));
        }
        let body = (!body.is_empty()).then_some(body.as_bytes());
        self.client.tenant.send(self.method.clone(), &path, &headers, body).await
    }
}

fn encoded(pairs: &[(String, String)]) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}
