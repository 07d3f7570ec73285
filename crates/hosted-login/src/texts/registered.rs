//! Words about apps that registered themselves.

use super::spaced;
use crate::language::Language;

/// The words in one language.
#[derive(Debug)]
pub struct RegisteredTexts {
    /// Where an app gets its answer; the host.
    pub at: fn(&str) -> String,
    /// Link: how it uses what it learns.
    pub policy: &'static str,
    /// Link: on which terms.
    pub terms: &'static str,
    /// Heading: going on to a host.
    pub leave: fn(&str) -> String,
    /// Why that is asked.
    pub leave_text: &'static str,
}

static ZH_CN: RegisteredTexts = RegisteredTexts {
    at: |host| format!("信息将发送到{}。", spaced(host)),
    policy: "隐私政策",
    terms: "服务条款",
    leave: |host| format!("要前往{}吗？", spaced(host)),
    leave_text: "这个应用是自行注册的，它的请求没有得到登录结果。如果不是你自己打开的，请关闭本页。",
};

static ZH_TW: RegisteredTexts = RegisteredTexts {
    at: |host| format!("資訊將傳送到{}。", spaced(host)),
    policy: "隱私權政策",
    terms: "服務條款",
    leave: |host| format!("要前往{}嗎？", spaced(host)),
    leave_text: "這個應用程式是自行註冊的，它的請求沒有得到登入結果。如果不是你自己開啟的，請關閉本頁。",
};

static EN: RegisteredTexts = RegisteredTexts {
    at: |host| format!("It is sent to {host}."),
    policy: "Privacy policy",
    terms: "Terms of service",
    leave: |host| format!("Go on to {host}?"),
    leave_text: "This app registered itself, and its request did not lead to a sign-in. If you did not open it \
                 yourself, close this page.",
};

static JA: RegisteredTexts = RegisteredTexts {
    at: |host| format!("情報は {host} に送信されます。"),
    policy: "プライバシーポリシー",
    terms: "利用規約",
    leave: |host| format!("{host} に移動しますか？"),
    leave_text: "このアプリは自ら登録されたもので、リクエストはログインに至りませんでした。ご自身で開いたものでなければ、このページを閉じてください。",
};

impl RegisteredTexts {
    /// The words in a language.
    pub fn of(language: Language) -> &'static Self {
        match language {
            Language::ZhCn => &ZH_CN,
            Language::ZhTw => &ZH_TW,
            Language::En => &EN,
            Language::Ja => &JA,
        }
    }
}
