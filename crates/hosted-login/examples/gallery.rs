//! Renders every page with sample data into a folder, to be looked at:
//! `cargo run -p hosted-login --example gallery -- /tmp/gallery`.

use std::io::{Error, ErrorKind};
use std::path::PathBuf;
use std::{env, fs};

use askama::Template;
use hosted_login::assets;
use hosted_login::language::Language;
use hosted_login::pages::{
    ActionView, AppView, CancelView, ConfirmSignOut, Continue, Frame, HandOverCode,
    HandOverConfirm, HandOverLink, HandOverOffer, LanguageLink, Login, Message, Notice, PanelView,
    Reason, SignedOut, SourceKind, SourceView, Target, UnavailableView,
};

type Outcome = Result<(), Box<dyn std::error::Error>>;

const LOGO: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 60 60'%3E\
    %3Crect width='60' height='60' fill='%230b7a5c'/%3E%3Ccircle cx='30' cy='30' r='14' fill='%23fff'/%3E%3C/svg%3E";
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
    for language in Language::ALL {
        gallery.login(language)?;
        gallery.messages(language)?;
        gallery.others(language)?;
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
