//! Renders every page with sample data into a folder, to be looked at:
//! `cargo run -p hosted-login --example gallery -- /tmp/gallery`.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};
use std::path::PathBuf;
use std::{env, fs};

use askama::Template;
use hosted_login::assets;
use hosted_login::language::Language;
use hosted_login::pages::{
    Account, AccountAdd, AccountPassword, AccountRemove, ActionView, AppView, CancelView,
    ConfirmSignOut, Continue, EventView, FactView, FieldView, FormError, FormPage, FormView, Frame,
    GrantedView, HandOverCode, HandOverConfirm, HandOverLink, HandOverOffer, IdentityView,
    LanguageLink, Login, Message, Notice, PanelView, PasswordView, Problem, Reason, SessionView,
    SignedOut, SourceKind, SourceView, Target, TimeView, UnavailableView,
};
use hosted_login::texts::{ApproveTexts, BindTexts, LocalTexts};
use store::branding::{Agreement, Branding, NoBranding};

use hosted_login::texts::account::{AccountTexts, Done, Happening};

type Outcome = Result<(), Box<dyn std::error::Error>>;

const LOGO: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 60 60'%3E\
    %3Crect width='60' height='60' fill='%230b7a5c'/%3E%3Ccircle cx='30' cy='30' r='14' fill='%23fff'/%3E%3C/svg%3E";
/// Stands for a tenant's picture, which a gallery on a disk can't load.
const PICTURE: (&str, &str) = (
    "https://picture.example/sea.svg",
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1600 1000' preserveAspectRatio='xMidYMid slice'>\
     <linearGradient id='a' x2='0' y2='1'><stop stop-color='#ffb27a'/><stop offset='.5' stop-color='#e0457b'/>\
     <stop offset='1' stop-color='#2b1c5a'/></linearGradient><rect width='1600' height='1000' fill='url(#a)'/>\
     <circle cx='1100' cy='420' r='140' fill='#fff3d6'/><path d='M0 700q400-120 800 0t800 0v300H0z' \
     fill='#14304f'/></svg>",
);
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn main() -> Outcome {
    let folder = env::args().nth(1).ok_or_else(|| {
        Error::new(ErrorKind::InvalidInput, "usage: gallery FOLDER, into which pages are written")
    })?;
    let gallery = Gallery { folder: folder.into() };
    fs::create_dir_all(&gallery.folder)?;
    for name in ["hufu.css", "login.js", "icon.svg"] {
        let asset = assets::find(assets::href(name)).ok_or("an asset is missing")?;
        fs::write(gallery.folder.join(name), asset.bytes)?;
    }
    fs::write(gallery.folder.join("sea.svg"), PICTURE.1)?;
    for language in Language::ALL {
        gallery.login(language)?;
        gallery.messages(language)?;
        gallery.others(language)?;
        gallery.forms(language)?;
        gallery.branded(language)?;
        gallery.account(language)?;
        gallery.hand_over(language)?;
    }
    Ok(())
}

struct Gallery {
    folder: PathBuf,
}

impl Gallery {
    fn write(&self, name: &str, language: Language, page: &impl Template) -> Outcome {
        // Without the mark by which a page goes on by itself, so that it can be looked at.
        let mut html = page.render()?.replace(" data-auto", "");
        for asset in ["hufu.css", "login.js", "icon.svg"] {
            html = html.replace(assets::href(asset), asset);
        }
        // The style sheet of a branding, if the page has one.
        if let Some(at) = html.find("/assets/brand.") {
            let path = html[at..].split('"').next().unwrap_or_default().to_owned();
            let sheet = assets::find(&path).ok_or("a style sheet is missing")?;
            let name = path.replace("/assets/", "");
            fs::write(self.folder.join(&name), sheet.bytes)?;
            html = html.replace(&path, &name);
        }
        html = html.replace(PICTURE.0, "sea.svg");
        fs::write(self.folder.join(format!("{name}.{}.html", language.tag())), html)?;
        Ok(())
    }

    fn login(&self, language: Language) -> Outcome {
        let one = Login { sources: sources(language, 1), ..login(language) };
        self.write("login-one", language, &one)?;
        self.write("login-three", language, &login(language))?;
        let many = Login { sources: sources(language, 12), ..login(language) };
        self.write("login-many", language, &many)?;

        let mut long = login(language);
        let name = match language {
            Language::ZhCn => "集团总部及各分子公司统一办公协同与移动审批管理平台（测试环境）",
            Language::ZhTw => {
                "集團總部暨各分公司與子公司整合式辦公協作及行動簽核管理平台（測試環境）"
            }
            Language::Ja => {
                "グループ本社および各支社・子会社共通業務コラボレーション承認管理プラットフォーム"
            }
            Language::En => {
                "Enterprise Collaboration and Mobile Approval Management Platform (Staging, EU-West)"
            }
        };
        long.frame.app = Some(AppView { name: name.repeat(2), logo_url: None });
        name.clone_into(&mut long.sources[0].name);
        long.sources[1].name = "a".repeat(70);
        self.write("login-long", language, &long)?;

        let panel = PanelView {
            src: "panel.html?login_type=CorpApp".to_owned(),
            fallback_href: "/connections/social/qr".to_owned(),
            name: source_name(language, 0),
        };
        let only = Login { panel: Some(panel.clone()), sources: Vec::new(), ..login(language) };
        self.write("login-panel", language, &only)?;
        let more = Login {
            panel: Some(panel),
            sources: sources(language, 3)[1..].to_vec(),
            ..login(language)
        };
        self.write("login-panel-more", language, &more)?;

        self.write("login-phone", language, &phone(language))?;
        let mut wechat = phone(language);
        for view in &mut wechat.unavailable {
            view.reason = Reason::PersonalWechat;
        }
        self.write("login-wechat", language, &wechat)?;
        let mut mixed = phone(language);
        mixed.sources = sources(language, 1);
        mixed.unavailable.truncate(1);
        self.write("login-mixed", language, &mixed)
    }

    fn messages(&self, language: Language) -> Outcome {
        for notice in Notice::ALL {
            let mut page = Message::new(frame(language), notice, TRACE);
            let texts = page.frame.texts;
            if notice == Notice::InvalidRequest {
                page.details =
                    Some("code_challenge_method: must be S256 (RFC 7636, 4.3)".to_owned());
                page.frame.app = None;
            } else if notice == Notice::UpstreamBusy {
                page.retry_after = Some(30);
            }
            let app = page.frame.app.as_ref().map(|app| (texts.back_to)(&app.name));
            page.actions = vec![action(texts.sign_in_again, true)];
            page.actions.extend(app.map(|label| action(&label, false)));
            self.write(&format!("message-{}", notice.code()), language, &page)?;
        }
        Ok(())
    }

    fn branded(&self, language: Language) -> Outcome {
        for (name, accent, background) in [
            ("green", Some("#0b7a5c"), Some("#e9f5f0")),
            ("yellow", Some("#ffd400"), Some("#1b1b1b")),
            ("white", Some("#ffffff"), None),
            ("black", Some("#000000"), Some("#ff0055")),
            ("image", Some("#7a3cff"), Some(PICTURE.0)),
            ("plain", None, None),
        ] {
            let mut page = Login { sources: sources(language, 1), ..login(language) };
            page.frame.branding = branding(accent, background)?;
            self.write(&format!("brand-{name}-one"), language, &page)?;
            page.sources = sources(language, 3);
            self.write(&format!("brand-{name}-three"), language, &page)?;
            let mut message = Message::new(page.frame, Notice::UpstreamBusy, TRACE);
            message.actions = vec![action(message.frame.texts.sign_in_again, true)];
            self.write(&format!("brand-{name}-message"), language, &message)?;
        }
        Ok(())
    }

    #[expect(clippy::too_many_lines, reason = "a list of pages")]
    fn forms(&self, language: Language) -> Outcome {
        let (local, bind) = (LocalTexts::of(language), BindTexts::of(language));
        let sign_in = form(
            "sign-in",
            None,
            vec![field("name", local.name), field("password", local.password)],
            local.sign_in,
        );
        let links = vec![action(local.forgot, false), action(local.with_email_code, false)];
        let page = Login {
            sources: sources(language, 1),
            forms: vec![sign_in.clone()],
            links: links.clone(),
            error: Some(FormError::new(&frame(language), Notice::ProofFailed, TRACE)),
            ..login(language)
        };
        self.write("login-password", language, &page)?;
        let mut code = field("code", local.code);
        code.autocomplete = "one-time-code";
        let page = FormPage {
            heading: local.enter_code.to_owned(),
            lead: vec![local.code_sent.to_owned()],
            forms: vec![form("enter-code", None, vec![code], local.go_on)],
            links,
            ..form_page(language)
        };
        self.write("form-code", language, &page)?;
        let button = |submit: &str, note: &str, primary| FormView {
            note: Some(note.to_owned()),
            primary,
            ..form("choice", None, Vec::new(), submit)
        };
        let who = (bind.who)("张小虎", "虎符软件");
        let page = FormPage {
            heading: bind.heading.to_owned(),
            lead: vec![who.clone(), bind.meaning.to_owned()],
            forms: vec![
                button(bind.existing, bind.existing_note, true),
                button(bind.create, bind.create_note, false),
            ],
            ..form_page(language)
        };
        self.write("bind-choice", language, &page)?;
        let page = FormPage {
            heading: bind.prove_heading.to_owned(),
            lead: vec![who, bind.prove_text.to_owned()],
            forms: vec![
                FormView { heading: Some(bind.by_password.to_owned()), ..sign_in },
                form(
                    "prove-sms",
                    Some(bind.by_sms_code),
                    vec![field("phone", local.phone)],
                    local.send_code,
                ),
            ],
            sources_heading: Some(bind.by_source.to_owned()),
            sources: sources(language, 1),
            ..form_page(language)
        };
        self.write("bind-proofs", language, &page)?;
        let page = FormPage {
            heading: bind.confirm_heading.to_owned(),
            lead: vec![bind.confirm_text.to_owned()],
            facts: vec![
                (bind.member.to_owned(), "张小虎 · 虎符软件".to_owned()),
                (bind.account.to_owned(), "张小虎 · zhangxiaohu".to_owned()),
            ],
            forms: vec![
                form("confirm", None, Vec::new(), bind.confirm),
                FormView { primary: false, ..form("another", None, Vec::new(), bind.another) },
            ],
            ..form_page(language)
        };
        self.write("bind-confirm", language, &page)
    }

    fn others(&self, language: Language) -> Outcome {
        let texts = frame(language).texts;
        let actions = vec![action(texts.sign_in_again, false)];
        self.write("signed-out", language, &SignedOut { frame: frame(language), actions })?;
        let confirm = ConfirmSignOut {
            frame: frame(language),
            action: "/oidc/session/end/confirm".to_owned(),
            csrf: "token".to_owned(),
            fields: vec![("state".to_owned(), "s".to_owned())],
            user: Some("张小虎".to_owned()),
        };
        self.write("confirm-sign-out", language, &confirm)?;
        let target = Target::Link { href: "/oidc/auth".to_owned() };
        self.write("continue", language, &Continue { frame: frame(language), target })
    }

    fn hand_over(&self, language: Language) -> Outcome {
        let [here, app, csrf] = ["https://desk.example/", "app", "token"].map(str::to_owned);
        let offer = HandOverOffer {
            frame: frame(language),
            here: here.clone(),
            app: app.clone(),
            csrf: csrf.clone(),
        };
        self.write("hand-over-offer", language, &offer)?;
        let link = HandOverLink {
            frame: frame(language),
            link: "https://acme.login.example.com/continue/1b9k2Xq0Zf7".to_owned(),
            address: "https://acme.login.example.com/continue".to_owned(),
            code: "7J4Q2M9XK0".to_owned(),
            here: here.clone(),
            app,
            csrf: csrf.clone(),
        };
        self.write("hand-over-link", language, &link)?;
        let code = HandOverCode { frame: frame(language), csrf: csrf.clone() };
        self.write("hand-over-code", language, &code)?;
        let confirm = HandOverConfirm {
            frame: frame(language),
            action: "/continue/1b9k2Xq0Zf7".to_owned(),
            csrf,
            user: "张小虎".to_owned(),
            ends: Some("王小明".to_owned()),
            without: here,
        };
        self.write("hand-over-confirm", language, &confirm)
    }
}

fn field(name: &'static str, label: &str) -> FieldView {
    FieldView {
        name,
        id: name,
        label: label.to_owned(),
        kind: if name == "password" { "password" } else { "text" },
        autocomplete: "on",
        hint: None,
        value: None,
    }
}

fn form(id: &'static str, heading: Option<&str>, fields: Vec<FieldView>, submit: &str) -> FormView {
    FormView {
        id,
        action: "/bind",
        heading: heading.map(str::to_owned),
        hidden: Vec::new(),
        fields,
        submit: submit.to_owned(),
        note: None,
        primary: true,
    }
}

fn form_page(language: Language) -> FormPage {
    let cancel = CancelView { action: "/login/cancel".to_owned(), csrf: "token".to_owned() };
    FormPage {
        frame: frame(language),
        heading: String::new(),
        lead: Vec::new(),
        error: None,
        facts: Vec::new(),
        forms: Vec::new(),
        sources_heading: None,
        sources: Vec::new(),
        links: Vec::new(),
        cancel: Some(cancel),
        cancel_label: frame(language).texts.cancel.to_owned(),
    }
}

impl Gallery {
    fn account(&self, language: Language) -> Outcome {
        let texts = AccountTexts::of(language);
        let bare = || Frame { app: None, ..frame(language) };
        self.write("account", language, &account(language))?;
        let few = Account {
            person: AppView { name: "张小虎".to_owned(), logo_url: None },
            done: Some((texts.done)(Done::Unlinked)),
            facts: Vec::new(),
            password: None,
            events: Vec::new(),
            sessions: account(language).sessions[..1].to_vec(),
            ..account(language)
        };
        self.write("account-few", language, &few)?;
        let add = AccountAdd {
            frame: bare(),
            texts,
            query: String::new(),
            person: few.person.clone(),
            sources: sources(language, 2),
            elsewhere: false,
        };
        self.write("account-add", language, &add)?;
        for is_last in [false, true] {
            let remove = AccountRemove {
                frame: bare(),
                texts,
                csrf: "token".to_owned(),
                query: String::new(),
                ui_locales: None,
                id: "1".to_owned(),
                corp: "虎符软件（上海）有限公司".to_owned(),
                name: "张小虎".to_owned(),
                is_last,
            };
            self.write(if is_last { "account-last" } else { "account-remove" }, language, &remove)?;
        }
        let password = AccountPassword {
            frame: bare(),
            texts,
            csrf: "token".to_owned(),
            query: String::new(),
            ui_locales: None,
            username: Some("zhangxiaohu".to_owned()),
            has_password: true,
            problem: Some(Problem::Common),
        };
        self.write("account-password", language, &password)
    }
}

fn time(hour: u8) -> TimeView {
    TimeView {
        stamp: format!("2026-11-27T{hour:02}:26:00Z"),
        text: format!("2026-11-27 {hour:02}:26 UTC"),
    }
}

fn apps(language: Language) -> Vec<GrantedView> {
    let words = ApproveTexts::of(language).scope;
    let granted = |name: &str, scopes: &[&str], offline: bool| GrantedView {
        id: name.len().to_string(),
        name: name.to_owned(),
        gets: scopes.iter().map(|scope| words(scope).unwrap_or(scope).to_owned()).collect(),
        offline: words("offline_access").filter(|_| offline),
        since: time(1),
        last: time(5),
    };
    vec![
        granted("Ticket Desk", &["openid", "profile", "email"], false),
        granted(
            "合作伙伴报表 Partner reports",
            &["openid", "profile", "phone", "reports:read"],
            true,
        ),
    ]
}

fn events(texts: &AccountTexts) -> Vec<EventView> {
    let event = |what, refused, app: Option<&str>| EventView {
        what: (texts.happening)(what),
        refused,
        at: time(2),
        app: app.map(str::to_owned),
        address: Some("198.51.100.7".to_owned()),
    };
    vec![
        event(Happening::SingleSignOn, false, Some("Ticket Desk")),
        event(Happening::Password, true, None),
        event(Happening::Linked, false, None),
        event(Happening::SignIn, false, Some("Ticket Desk")),
    ]
}

fn account(language: Language) -> Account {
    let texts = AccountTexts::of(language);
    let fact = |label, value: &str, verified| FactView { label, value: value.to_owned(), verified };
    let identity = |corp: &str, suspended| IdentityView {
        id: "1".to_owned(),
        corp: corp.to_owned(),
        name: "张小虎".to_owned(),
        since: time(3),
        last: time(5),
        suspended,
    };
    let session = |browser, system, is_this| SessionView {
        id: "1".to_owned(),
        device: (texts.device)(browser, system),
        address: Some("2001:db8:4bf9:2f35:77b3:4da6:a3ce:929d".to_owned()),
        seen: time(4),
        is_this,
    };
    Account {
        frame: Frame { app: None, ..frame(language) },
        texts,
        csrf: "token".to_owned(),
        query: String::new(),
        ui_locales: None,
        done: None,
        person: AppView {
            name: "张小虎 Zhang Xiaohu".to_owned(), logo_url: Some(LOGO.to_owned())
        },
        facts: vec![
            fact(texts.email, "zhang.xiaohu@example.com", Some(true)),
            fact(texts.phone, "+8613800000001", Some(false)),
            fact(texts.username, "zhangxiaohu", None),
        ],
        identities: vec![
            identity("虎符软件（上海）有限公司", false),
            identity("Hufu Software Asia Pacific Holdings (Singapore) Pte. Ltd.", true),
        ],
        may_link: true,
        password: Some(PasswordView { since: Some(time(1)) }),
        sessions: vec![
            session("Chrome", "Windows", true),
            session(texts.wecom, "iPhone", false),
            session("Safari", "macOS", false),
        ],
        apps: apps(language),
        events: events(texts),
    }
}

fn frame(language: Language) -> Frame {
    let name = match language {
        Language::ZhCn => "协同工单",
        Language::ZhTw => "協作工單",
        Language::Ja => "ワークデスク",
        Language::En => "Ticket Desk",
    };
    Frame {
        app: Some(AppView { name: name.to_owned(), logo_url: Some(LOGO.to_owned()) }),
        languages: Language::ALL
            .map(|language| LanguageLink {
                language,
                href: format!("?ui_locales={}", language.tag()),
            })
            .to_vec(),
        ..Frame::new(language, "bm9uY2U=")
    }
}

fn branding(accent: Option<&str>, background: Option<&str>) -> Result<Branding, NoBranding> {
    let texts = |all: [(&str, &str); 4]| -> BTreeMap<String, String> {
        all.map(|(tag, text)| (tag.to_owned(), text.to_owned())).into()
    };
    let agreement =
        |names| Agreement { names: texts(names), url: "https://acme.example/terms".to_owned() };
    Ok(Branding {
        accent: accent.map(str::parse).transpose()?,
        background: background.map(|text| text.to_owned().try_into()).transpose()?,
        heading: texts([
            ("zh-CN", "欢迎来到虎符软件"),
            ("zh-TW", "歡迎來到虎符軟體"),
            ("ja", "Hufu Softwareへようこそ"),
            ("en", "Welcome to Hufu Software"),
        ]),
        note: texts([
            ("zh-CN", "需要帮助？请拨打 IT 服务台 8888。"),
            ("zh-TW", "需要協助嗎？請撥打資訊服務台 8888。"),
            ("ja", "お困りの際は、ITヘルプデスク（内線8888）までご連絡ください。"),
            ("en", "Need help? Call the IT service desk on 8888."),
        ]),
        agreements: vec![
            agreement([
                ("zh-CN", "用户协议"),
                ("zh-TW", "使用者條款"),
                ("ja", "利用規約"),
                ("en", "Terms of Service"),
            ]),
            agreement([
                ("zh-CN", "隐私政策"),
                ("zh-TW", "隱私權政策"),
                ("ja", "プライバシーポリシー"),
                ("en", "Privacy Policy"),
            ]),
        ],
        ..Branding::default()
    })
}

fn action(label: &str, primary: bool) -> ActionView {
    ActionView { href: "/oidc/auth".to_owned(), label: label.to_owned(), primary }
}

fn source_name(language: Language, index: usize) -> String {
    match (language, index) {
        (Language::ZhCn, 0) => "企业微信扫码登录".to_owned(),
        (Language::ZhCn, 1) => "使用企业微信登录".to_owned(),
        (Language::ZhCn, _) => format!("华东分公司 {index} 部"),
        (Language::ZhTw, 0) => "企業微信掃描登入".to_owned(),
        (Language::ZhTw, 1) => "使用企業微信登入".to_owned(),
        (Language::ZhTw, _) => format!("華東分公司 {index} 部"),
        (Language::Ja, 0) => "WeCom（QRコード）".to_owned(),
        (Language::Ja, 1) => "WeComでサインイン".to_owned(),
        (Language::Ja, _) => format!("東日本支社 第{index}部"),
        (Language::En, 0) => "WeCom QR code".to_owned(),
        (Language::En, 1) => "Continue with WeCom".to_owned(),
        (Language::En, _) => format!("Eastern branch {index}"),
    }
}

fn sources(language: Language, count: usize) -> Vec<SourceView> {
    (0..count)
        .map(|index| SourceView {
            href: format!("/connections/social/source-{index}"),
            name: source_name(language, index),
            logo_url: (index == 2).then(|| LOGO.to_owned()),
            kind: if index % 2 == 0 { SourceKind::WecomQr } else { SourceKind::WecomMobile },
            note: (index == 2).then(|| "Hufu Software (Shanghai)".to_owned()),
        })
        .collect()
}

fn login(language: Language) -> Login {
    Login {
        frame: frame(language),
        sources: sources(language, 3),
        unavailable: Vec::new(),
        panel: None,
        forms: Vec::new(),
        links: Vec::new(),
        error: None,
        said: None,
        this_link: Some(
            "https://acme.login.example.com/oidc/auth?client_id=desk&state=x".to_owned(),
        ),
        cancel: Some(CancelView { action: "/login/cancel".to_owned(), csrf: "token".to_owned() }),
    }
}

fn phone(language: Language) -> Login {
    let unavailable = [Reason::OnlyInWecom, Reason::OnlyOnDesktop]
        .into_iter()
        .enumerate()
        .map(|(index, reason)| UnavailableView { name: source_name(language, 1 - index), reason })
        .collect();
    Login { sources: Vec::new(), unavailable, ..login(language) }
}
