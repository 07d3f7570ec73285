//! An app that is a server of its own, as a browser sees it.

use e2e::{Answer, Browser, Tenant};
use serde_json::json;
use url::Url;

/// An app with a server.
pub(crate) struct Server {
    /// The tenant, with the app.
    pub(crate) tenant: Tenant,
    /// Where a sign-in begins.
    pub(crate) begins_at: String,
    /// A person's browser.
    pub(crate) browser: Browser,
}

impl Server {
    /// An app of a tenant that sends browsers away from this address of its own.
    pub(crate) fn of(tenant: Tenant, begins_at: String) -> Self {
        Self { tenant, begins_at, browser: Browser::on_this_machine() }
    }

    /// A browser that was never there.
    pub(crate) fn forget(&mut self) {
        self.browser = Browser::on_this_machine();
    }

    /// The request that the app sends the browser away with.
    pub(crate) async fn begins(&mut self) -> Url {
        let answer = self.browser.get(&self.begins_at).await;
        let url = answer.location().unwrap_or_else(|| panic!("not sent away: {answer:?}"));
        assert!(url.as_str().starts_with(&self.tenant.issuer()), "{url}");
        url
    }

    /// The person signs in, and the app takes the answer: what it says to it.
    pub(crate) async fn goes_through(&mut self) -> Answer {
        let url = self.begins().await;
        let mut answer = self.browser.get(&url).await;
        if answer.location().is_some_and(|url| url.path() == "/login") {
            answer = self.tenant.sign_in(&mut self.browser, url.as_str(), "zhangsan").await;
        }
        self.comes_back(&answer).await
    }

    /// The browser goes where the provider sends it: what the app says.
    async fn comes_back(&mut self, answer: &Answer) -> Answer {
        let location = answer.location().unwrap_or_else(|| panic!("not sent back: {answer:?}"));
        self.browser.get(location).await
    }

    /// The app is brought another tenant's answer to its own request (I2): what it says to it.
    pub(crate) async fn is_brought_an_answer_of(&mut self, other: &Tenant) -> Answer {
        let twin = json!({ "redirect_uris": [self.tenant.app.redirect_uri] });
        let twin = other.make_app(twin).await;
        let url = self.begins().await;
        let theirs = url.as_str().replacen(&self.tenant.host, &other.host, 1);
        let theirs = theirs.replacen(&self.tenant.app.id, &twin.id, 1);
        let answer = other.sign_in(&mut self.browser.clone(), &theirs, "zhangsan").await;
        self.comes_back(&answer).await
    }
}
