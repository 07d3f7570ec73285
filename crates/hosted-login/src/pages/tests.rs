//! What every page must keep to, whatever it is filled with.

use std::collections::BTreeMap;

use askama::Template;
use store::branding::{Agreement, Background, Branding, Color};

use super::{
    Account, AccountAdd, AccountPassword, AccountRemove, ActionView, AppView, Approve, CancelView,
    ConfirmSignOut, Continue, EventView, FactView, FormError, Frame, GrantedView, HandOverCode,
    HandOverConfirm, HandOverLink, HandOverOffer, IdentityView, LanguageLink, Leave, Login,
    Message, Notice, OnComputer, OpenInWecom, OriginView, PanelView, PasswordView, Problem, Reason,
    SessionView, SignedOut, SourceKind, SourceView, Target, TimeView, UnavailableView,
};
use crate::language::Language;
use crate::texts::SupplementTexts;
use crate::texts::account::{AccountTexts, Happening};

/// Each of these in every field in turn.
const HOSTILE: [&str; 8] = [
    "\"><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    " JaVa\tScript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "</title></script><svg onload=alert(1)>",
    "\u{2028}\u{2029}\u{202e}<!--",
    "{{ 7*7 }}\" style=\"x\" onclick=\"alert(1)",
];

fn frame(language: Language, text: &str) -> Frame {
    let app = AppView { name: text.to_owned(), logo_url: Some(text.to_owned()) };
    let languages =
        Language::ALL.map(|language| LanguageLink { language, href: text.to_owned() }).to_vec();
    let branding = branding(text, text);
    Frame { app: Some(app), languages, branding, ..Frame::new(language, "bm9uY2U=") }
}

/// A branding with this text, and this address, wherever it may have one.
fn branding(text: &str, address: &str) -> Branding {
    let texts: BTreeMap<_, _> = [("en".to_owned(), text.to_owned())].into();
    let agreement = Agreement { names: texts.clone(), url: address.to_owned() };
    Branding {
        logo_url: Some(address.to_owned()),
        accent: Some(Color([0x0b, 0x7a, 0x5c])),
        background: Some(Background::Image(address.to_owned())),
        heading: texts.clone(),
        note: texts,
        agreements: vec![agreement.clone(), agreement.clone(), agreement],
    }
}

fn actions(text: &str) -> Vec<ActionView> {
    vec![ActionView { href: text.to_owned(), label: text.to_owned(), primary: true }]
}

fn login(language: Language, text: &str) -> Login {
    let owned = || text.to_owned();
    let source = |kind| SourceView {
        href: owned(),
        name: owned(),
        logo_url: Some(owned()),
        kind,
        note: Some(owned()),
    };
    Login {
        frame: frame(language, text),
        sources: vec![source(SourceKind::WecomQr), source(SourceKind::WecomMobile)],
        unavailable: vec![UnavailableView { name: owned(), reason: Reason::OnlyInWecom }],
        panel: Some(PanelView { src: owned(), fallback_href: owned(), name: owned() }),
        forms: Vec::new(),
        links: Vec::new(),
        error: None,
        said: None,
        this_link: Some(owned()),
        cancel: Some(CancelView { action: owned(), csrf: owned() }),
    }
}

fn message(language: Language, text: &str) -> Message {
    let mut page = Message::new(frame(language, text), Notice::InvalidRequest, text);
    text.clone_into(&mut page.heading);
    text.clone_into(&mut page.text);
    text.clone_into(&mut page.code);
    page.details = Some(text.to_owned());
    page.actions = actions(text);
    page.retry_after = Some(30);
    page
}

fn account(language: Language, text: &str) -> Account {
    let owned = || text.to_owned();
    let time = || TimeView { stamp: owned(), text: owned() };
    let texts = AccountTexts::of(language);
    let identity = IdentityView {
        id: owned(),
        corp: owned(),
        name: owned(),
        since: time(),
        last: time(),
        suspended: false,
    };
    let session = SessionView {
        id: owned(),
        device: owned(),
        address: Some(owned()),
        seen: time(),
        is_this: false,
    };
    let event = EventView {
        what: (texts.happening)(Happening::SignIn),
        refused: true,
        at: time(),
        app: Some(owned()),
        address: Some(owned()),
    };
    Account {
        frame: frame(language, text),
        texts,
        csrf: owned(),
        query: String::new(),
        ui_locales: Some(language.tag()),
        done: None,
        person: AppView { name: owned(), logo_url: Some(owned()) },
        facts: vec![FactView { label: texts.email, value: owned(), verified: Some(true) }],
        identities: vec![IdentityView { suspended: true, ..identity.clone() }, identity],
        may_link: true,
        password: Some(PasswordView { since: Some(time()) }),
        sessions: vec![SessionView { is_this: true, ..session.clone() }, session],
        apps: vec![GrantedView {
            id: owned(),
            name: owned(),
            gets: vec![owned()],
            offline: Some(texts.since),
            since: time(),
            last: time(),
        }],
        events: vec![event],
    }
}

/// The pages beside the account page.
fn account_pages(language: Language, text: &str) -> Vec<askama::Result<String>> {
    let owned = || text.to_owned();
    let of = account(language, text);
    let login = login(language, text);
    let (frame, texts, query, ui_locales) = (of.frame.clone(), of.texts, of.query, of.ui_locales);
    let add = AccountAdd {
        frame: frame.clone(),
        texts,
        query: query.clone(),
        person: of.person,
        sources: login.sources,
        elsewhere: true,
    };
    let remove = AccountRemove {
        frame: frame.clone(),
        texts,
        csrf: owned(),
        query: query.clone(),
        ui_locales,
        id: owned(),
        corp: owned(),
        name: owned(),
        is_last: false,
    };
    let password = AccountPassword {
        frame,
        texts,
        csrf: owned(),
        query,
        ui_locales,
        username: Some(owned()),
        has_password: true,
        problem: Some(Problem::Common),
    };
    vec![
        add.render(),
        remove.render(),
        AccountRemove { is_last: true, ..remove }.render(),
        password.render(),
    ]
}

/// The question of an app that registered itself, with `text` in every field.
fn approve(language: Language, text: &str) -> Approve {
    let owned = || text.to_owned();
    let origin = OriginView { host: owned(), policy: Some(owned()), terms: Some(owned()) };
    Approve {
        frame: frame(language, text),
        user: owned(),
        gives: vec![owned()],
        origin: Some(origin),
        action: owned(),
        csrf: owned(),
        cancel: None,
    }
}

/// Every page with `text` in every field.
fn pages(language: Language, text: &str) -> Vec<String> {
    let fields = vec![(text.to_owned(), text.to_owned())];
    let forward = |target| Continue { frame: frame(language, text), target };
    let leave = |target| Leave { frame: frame(language, text), host: text.to_owned(), target };
    let confirm = ConfirmSignOut {
        frame: frame(language, text),
        action: text.to_owned(),
        csrf: text.to_owned(),
        fields: fields.clone(),
        user: Some(text.to_owned()),
    };
    let signed_out = SignedOut { frame: frame(language, text), actions: actions(text) };
    let [here, app, csrf] = [(); 3].map(|()| text.to_owned());
    let offer = HandOverOffer { frame: frame(language, text), here, app, csrf };
    let [link, address, code] = [(); 3].map(|()| text.to_owned());
    let [here, app, csrf] = [(); 3].map(|()| text.to_owned());
    let linked =
        HandOverLink { frame: frame(language, text), link, address, code, here, app, csrf };
    let entered = HandOverCode { frame: frame(language, text), csrf: text.to_owned() };
    let agreed = HandOverConfirm {
        frame: frame(language, text),
        action: text.to_owned(),
        csrf: text.to_owned(),
        user: text.to_owned(),
        ends: Some(text.to_owned()),
        without: text.to_owned(),
    };
    [
        offer.render(),
        linked.render(),
        entered.render(),
        agreed.render(),
        login(language, text).render(),
        message(language, text).render(),
        signed_out.render(),
        confirm.render(),
        forward(Target::Link { href: text.to_owned() }).render(),
        forward(Target::Post { action: text.to_owned(), fields: fields.clone() }).render(),
        leave(Target::Link { href: text.to_owned() }).render(),
        leave(Target::Post { action: text.to_owned(), fields }).render(),
        approve(language, text).render(),
    ]
    .into_iter()
    .chain(std::iter::once(account(language, text).render()))
    .chain(account_pages(language, text))
    .map(|page| page.expect("a page renders whatever it holds"))
    .collect()
}

/// The pages on which missing values are authorised, with `text` in every field.
fn supplements(language: Language, text: &str) -> Vec<String> {
    let (texts, owned) = (SupplementTexts::of(language), || text.to_owned());
    let computer = OnComputer {
        frame: frame(language, text),
        texts,
        error: Some(FormError { text: owned(), code: "code", trace: owned() }),
        said: Some("said"),
        link: owned(),
        number: owned(),
        hidden: vec![("csrf", owned())],
        poll: owned(),
        links: actions(text),
        cancel: Some(CancelView { action: owned(), csrf: owned() }),
        cancel_label: owned(),
    };
    let elsewhere = OpenInWecom { frame: frame(language, text), texts, link: owned() };
    [computer.render(), elsewhere.render()].map(|page| page.expect("renders")).into()
}

/// The tags of a page, markup only: what stands between `<` and the next `>`.
fn tags(page: &str) -> Vec<&str> {
    page.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or(rest)).collect()
}

/// The value of an attribute in a tag; all our templates write double quotation marks.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.split_once(&format!(" {name}=\""))?.1.split('"').next()
}

/// The tags without what stands in quotation marks: their names and their attributes' names.
fn skeleton(page: &str) -> Vec<String> {
    tags(page).iter().map(|tag| tag.split('"').step_by(2).collect()).collect()
}

#[test]
fn hostile_values_change_no_markup() {
    let all = |language, text: &str| [pages(language, text), supplements(language, text)].concat();
    for language in Language::ALL {
        // An address that is neither link nor image, as the hostile ones.
        let tame = all(language, "data:tame");
        for text in HOSTILE {
            for (hostile, tame) in all(language, text).iter().zip(&tame) {
                assert_eq!(skeleton(hostile), skeleton(tame), "{text}");
            }
        }
    }
}

#[test]
fn no_address_carries_script() {
    for text in HOSTILE {
        for page in pages(Language::En, text) {
            for tag in tags(&page) {
                for name in ["href", "action"] {
                    let Some(address) = attribute(tag, name) else { continue };
                    let ours = ["/assets/", "/account", "/continue"];
                    let ours = ours.iter().any(|path| address.starts_with(path));
                    assert!(address == "#" || ours, "{text}: {tag}");
                }
                assert!(!tag.starts_with("img"), "{text}: {tag}");
            }
        }
    }
}

#[test]
fn harmless_addresses_stay_as_they_are() {
    for address in [
        "/connections/social/corp-qr?interaction=abc",
        "?ui_locales=en",
        "https://app.example.com/cb?a=1",
        "http://127.0.0.1:8080/cb",
        "com.example.app:/cb",
    ] {
        let page = Continue {
            frame: Frame::new(Language::En, "n"),
            target: Target::Link { href: address.to_owned() },
        };
        let html = page.render().expect("renders");
        assert!(html.contains(&format!("href=\"{address}\"")), "{address}: {html}");
    }
    for address in ["//evil.example", "/\\evil.example", "/\t/evil.example", "evil", ""] {
        let page = Continue {
            frame: Frame::new(Language::En, "n"),
            target: Target::Link { href: address.to_owned() },
        };
        let html = page.render().expect("renders");
        assert!(html.contains("<a class=\"button primary\" href=\"#\""), "{address:?}: {html}");
    }
}

#[test]
fn pages_keep_to_the_strict_policy() {
    for language in Language::ALL {
        for page in pages(language, "https://logo.example/a.png") {
            assert!(page.contains(&format!("<html lang=\"{}\"", language.tag())));
            for tag in skeleton(&page) {
                assert!(!tag.contains(" on") && !tag.contains(" style="), "{tag}");
            }
            for tag in tags(&page) {
                assert!(!tag.starts_with("style") && !tag.starts_with("iframe"), "{tag}");
                if tag.starts_with("script") {
                    assert_eq!(attribute(tag, "nonce"), Some("bm9uY2U="), "{tag}");
                    let source = attribute(tag, "src").expect("scripts are files");
                    assert!(crate::assets::find(source).is_some(), "{source}");
                }
            }
        }
    }
}

#[test]
fn a_logo_is_shown_only_where_the_policy_allows_it() {
    let shown = |logo: &str| {
        let app = AppView { name: "wiki".to_owned(), logo_url: Some(logo.to_owned()) };
        let frame = Frame { app: Some(app), ..Frame::new(Language::En, "n") };
        let html = SignedOut { frame, actions: Vec::new() }.render().expect("renders");
        assert!(html.contains(">W"), "the monogram stands below: {html}");
        html.contains("<img")
    };
    assert!(shown("https://cdn.example/logo.png"));
    assert!(shown("data:image/png;base64,AAAA"));
    assert!(shown("/assets/icon.svg"));
    for logo in ["http://cdn.example/logo.png", "data:text/html,x", "//cdn.example/l.png", "x", ""]
    {
        assert!(!shown(logo), "{logo}");
    }
}

#[test]
fn the_login_page_explains_what_does_not_work_here() {
    let mut page = login(Language::ZhCn, "/x");
    page.panel = None;
    page.sources.clear();
    page.this_link = Some("https://acme.example/oidc/auth?client_id=1".to_owned());
    page.unavailable = [
        ("总部", Reason::OnlyInWecom),
        ("扫码", Reason::OnlyOnDesktop),
        ("分公司", Reason::OnlyInWecom),
    ]
    .map(|(name, reason)| UnavailableView { name: name.to_owned(), reason })
    .to_vec();
    let html = page.render().expect("renders");
    assert!(html.contains("<span>总部</span><span>分公司</span>"), "one reason, one group: {html}");
    assert_eq!(html.matches("class=\"names\"").count(), 2, "{html}");
    assert!(html.contains("value=\"https://acme.example/oidc/auth?client_id=1\""), "{html}");
    assert!(html.contains(page.frame.texts.none_available), "{html}");

    page.unavailable.clear();
    let html = page.render().expect("renders");
    assert!(!html.contains("https://acme.example/oidc/auth"), "no link without need: {html}");
}

#[test]
fn the_link_is_a_code_where_wecom_on_another_device_helps() {
    let page = |link: &str, reasons: &[Reason]| {
        let mut page = login(Language::En, "/x");
        page.this_link = Some(link.to_owned());
        let view = |reason: &Reason| UnavailableView { name: "x".to_owned(), reason: *reason };
        page.unavailable = reasons.iter().map(view).collect();
        page.render().expect("renders")
    };
    let drawn = |html: &str| html.contains("role=\"img\" aria-label=\"QR code of the link");
    let link = "https://app.example.com/start";
    for reasons in [[Reason::OnlyOnDesktop, Reason::OnlyInWecom], [Reason::PersonalWechat; 2]] {
        assert!(drawn(&page(link, &reasons)), "{reasons:?}");
    }
    assert!(!drawn(&page(link, &[Reason::OnlyOnDesktop])), "WeCom would not help");
    assert!(!drawn(&page(link, &[])), "it works here");
    assert!(!drawn(&page("com.example.app:/start", &[Reason::OnlyInWecom])), "no page");
}

#[test]
fn the_panels_source_can_be_reached_without_script() {
    let mut page = login(Language::En, "/x");
    page.panel = Some(PanelView {
        src: "https://login.work.weixin.qq.com/wwlogin/sso/login?state=s".to_owned(),
        fallback_href: "/connections/social/corp-qr?i=1".to_owned(),
        name: "Head office".to_owned(),
    });
    let html = page.render().expect("renders");
    let links: Vec<_> = tags(&html)
        .into_iter()
        .filter(|tag| attribute(tag, "href") == Some("/connections/social/corp-qr?i=1"))
        .collect();
    assert_eq!(links.len(), 2, "a button, and the link that script shows in its place");
    assert_eq!(links.iter().filter(|tag| tag.ends_with(" hidden")).count(), 1, "{links:?}");
    assert!(html.contains("data-panel=\"https://login.work.weixin.qq.com/wwlogin/sso/login?state"));
}

#[test]
fn a_notice_brings_its_words_and_codes() {
    for language in Language::ALL {
        for notice in Notice::ALL {
            let page = Message::new(Frame::new(language, "n"), notice, "4bf92f3577b34da6");
            let html = page.render().expect("renders");
            for expected in [notice.code(), "4bf92f3577b34da6"] {
                assert!(html.contains(&format!("<code>{expected}</code>")), "{html}");
            }
        }
    }
    let mut page = Message::new(Frame::new(Language::En, "n"), Notice::UpstreamBusy, "");
    page.retry_after = Some(20);
    let html = page.render().expect("renders");
    assert!(html.contains("Please try again in 20 seconds."), "{html}");
    assert!(!html.contains("Trace code"), "{html}");
}

/// The API refuses such values; here is what would become of one that it let pass.
#[test]
fn n4_hostile_branding_is_escaped_on_every_page() {
    const ADDRESS: &str = "https://cdn.example/x?a='b'&c=";
    let all = |text: &str, address: &str| {
        let mut page = login(Language::En, "tame");
        page.frame.branding = branding(text, address);
        let signed_out = SignedOut { frame: page.frame.clone(), actions: Vec::new() };
        [page.render(), signed_out.render()].map(|page| page.expect("renders"))
    };
    let tame = all("tame", ADDRESS);
    for text in HOSTILE.into_iter().chain(["}</style><script>alert(1)</script>", "*{x:y}\u{0}"]) {
        let address = format!("{ADDRESS}{text}");
        for (hostile, tame) in all(text, &address).iter().zip(&tame) {
            assert_eq!(skeleton(hostile), skeleton(tame), "{text}");
            for tag in tags(hostile) {
                assert!(!tag.starts_with("style"), "{tag}");
                let styled = tag.starts_with("link").then(|| attribute(tag, "href")).flatten();
                assert!(styled.is_none_or(|path| crate::assets::find(path).is_some()), "{tag}");
            }
        }
    }
    // An address of another scheme is neither picture nor link.
    for text in HOSTILE {
        for page in all("tame", text) {
            assert!(!page.contains("backdrop") && !page.contains("agreements"), "{page}");
        }
    }
    // Control: what a tenant may decide is on the page.
    let [page, signed_out] = all("Acme & more", ADDRESS);
    for shown in [&page, &signed_out] {
        assert!(shown.contains("<p class=\"note\">Acme &#38; more</p>"), "{shown}");
        assert!(shown.contains("<img class=\"backdrop\" src=\"https://cdn.example/x?"), "{shown}");
    }
    assert!(page.contains("<h1 class=\"clamp\">Acme &#38; more</h1>"), "{page}");
    assert!(!signed_out.contains("agreements"), "{signed_out}");
}

#[test]
fn agreements_are_named_in_each_language() {
    let agreement = |zh: &str, en: &str| Agreement {
        names: [("zh-CN".to_owned(), zh.to_owned()), ("en".to_owned(), en.to_owned())].into(),
        url: "https://acme.example/terms".to_owned(),
    };
    let all = [
        agreement("用户协议", "Terms of Service"),
        agreement("《隐私政策》", "Privacy Policy"),
        agreement("安全须知", "House Rules"),
    ];
    let shown = |language, count: usize| {
        let mut page = login(language, "/x");
        page.frame.branding = Branding { agreements: all[..count].to_vec(), ..Branding::default() };
        let html = page.render().expect("renders");
        let text = html.split_once("<p class=\"agreements\">").map(|(_, rest)| rest);
        let text = text.and_then(|rest| rest.split_once("</p>")).map(|(text, _)| text.to_owned());
        // The sentence without its tags.
        text.map(|text| {
            text.split('<').map(|part| part.rsplit('>').next().unwrap_or(part)).collect()
        })
    };
    let mut expected: Vec<String> = vec![
        "继续即表示你同意《用户协议》、《隐私政策》和《安全须知》。".to_owned(),
        "繼續即表示您同意《用户协议》、《隐私政策》及《安全须知》。".to_owned(),
        "続行すると、「Terms of Service」、「Privacy Policy」および「House Rules」に同意したものとみなされます。".to_owned(),
        "By continuing you agree to Terms of Service, Privacy Policy and House Rules.".to_owned(),
    ];
    expected.reverse();
    for language in Language::ALL {
        assert_eq!(shown(language, 3), expected.pop());
    }
    let one: Option<String> = shown(Language::En, 1);
    assert_eq!(one.as_deref(), Some("By continuing you agree to Terms of Service."));
    assert_eq!(shown(Language::En, 0), None);
    // Where nobody can go on, nobody agrees.
    let mut page = login(Language::En, "/x");
    page.frame.branding = Branding { agreements: all.to_vec(), ..Branding::default() };
    page.panel = None;
    page.sources.clear();
    assert!(!page.render().expect("renders").contains("agreements"));
}

#[test]
fn administrators_can_look_every_code_up() {
    let manuals = [
        include_str!("../../../../docs/administrators.md"),
        include_str!("../../../../docs/administrators.zh-CN.md"),
    ];
    for (manual, notice) in manuals.iter().flat_map(|manual| Notice::ALL.map(|it| (manual, it))) {
        let row = format!("\n| `{}` |", notice.code());
        assert!(manual.contains(&row), "{}", notice.code());
    }
}
