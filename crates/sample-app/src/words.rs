//! What the pages say.

use crate::language::Language;

/// A title and a text.
pub(crate) struct Say(pub(crate) &'static str, pub(crate) &'static str);

/// The words of one language.
pub(crate) struct Words {
    pub(crate) app: &'static str,
    pub(crate) hello: &'static str,
    pub(crate) lead: &'static str,
    pub(crate) sign_in: &'static str,
    pub(crate) sign_in_again: &'static str,
    pub(crate) straight: &'static str,
    pub(crate) again: &'static str,
    pub(crate) on: &'static str,
    pub(crate) off: &'static str,
    pub(crate) how: &'static str,
    pub(crate) steps: [Say; 3],
    pub(crate) welcome: &'static str,
    pub(crate) welcome_lead: &'static str,
    pub(crate) sign_out: &'static str,
    pub(crate) id_token: &'static str,
    pub(crate) id_token_lead: &'static str,
    pub(crate) user_info: &'static str,
    pub(crate) user_info_lead: &'static str,
    pub(crate) claim: &'static str,
    pub(crate) value: &'static str,
    pub(crate) raw: &'static str,
    pub(crate) try_again: &'static str,
    pub(crate) home: &'static str,
    pub(crate) answer: &'static str,
    pub(crate) signed_out: Say,
    pub(crate) signed_out_here: Say,
    pub(crate) not_found: Say,
    pub(crate) denied: Say,
    pub(crate) refused: Say,
    pub(crate) no_browser: Say,
    pub(crate) state: Say,
    pub(crate) issuer: Say,
    pub(crate) malformed: Say,
    pub(crate) unreachable: Say,
    pub(crate) invalid: Say,
}

impl Words {
    pub(crate) fn of(language: Language) -> &'static Self {
        match language {
            Language::Chinese => &CHINESE,
            Language::English => &ENGLISH,
        }
    }
}

static ENGLISH: Words = Words {
    app: "Sample app",
    hello: "A small app that asks who you are.",
    lead: "It signs you in with OpenID Connect, checks every answer with an ordinary library, \
           and shows you what it learned. All of it stays in memory.",
    sign_in: "Sign in",
    sign_in_again: "Sign in again",
    straight: "Or go straight to",
    again: "Ask me to sign in even if I already am",
    on: "On",
    off: "Off",
    how: "What happens",
    steps: [
        Say("It asks", "Authorization code with PKCE, a state and a nonce, kept for this browser."),
        Say("It checks", "Signature, issuer, audience, expiry, nonce and the access token’s hash."),
        Say("It shows", "The ID token’s claims and UserInfo’s, side by side."),
    ],
    welcome: "Hello, ",
    welcome_lead: "You are signed in. This is all the app knows about you.",
    sign_out: "Sign out",
    id_token: "ID token",
    id_token_lead: "Signed by the provider and checked by the app.",
    user_info: "UserInfo",
    user_info_lead: "Fetched with the access token, about the same subject.",
    claim: "Claim",
    value: "Value",
    raw: "as JSON",
    try_again: "Try again",
    home: "Back to the start",
    answer: "The provider’s answer",
    signed_out: Say("You are signed out", "Of this app and at the provider. See you soon."),
    signed_out_here: Say("You are signed out", "This app no longer knows you. See you soon."),
    not_found: Say("There is nothing here", "This app has one page only."),
    denied: Say("No sign-in this time", "The sign-in was cancelled or not allowed."),
    refused: Say("The provider said no", "It answered the sign-in with an error."),
    no_browser: Say(
        "This sign-in began elsewhere",
        "This browser does not remember beginning it: another browser did, or cookies were cleared.",
    ),
    state: Say(
        "This sign-in has ended",
        "It was used already, took longer than ten minutes, or did not begin in this browser.",
    ),
    issuer: Say("An answer from somebody else", "It does not come from this app’s provider."),
    malformed: Say("This cannot be read", "The request is incomplete or says something twice."),
    unreachable: Say("The provider does not answer", "Please try again in a moment."),
    invalid: Say(
        "The answer does not hold",
        "The app checked what the provider sent and does not accept it.",
    ),
};

static CHINESE: Words = Words {
    app: "示例应用",
    hello: "你好，请问你是哪位？",
    lead: "它用 OpenID Connect 让你登录，用普通的开源库逐项核对每个应答，再把得到的信息给你看。一切只留在内存里。",
    sign_in: "登录",
    sign_in_again: "重新登录",
    straight: "或直接使用",
    again: "即使已登录，也让我重新登录",
    on: "开",
    off: "关",
    how: "会发生什么",
    steps: [
        Say("请求", "授权码加 PKCE，附上只属于这个浏览器的 state 和 nonce。"),
        Say("核对", "签名、签发者、受众、有效期、nonce，以及访问令牌的哈希。"),
        Say("展示", "并排列出 ID 令牌和 UserInfo 里的声明。"),
    ],
    welcome: "你好，",
    welcome_lead: "你已登录。应用对你的了解都在这里。",
    sign_out: "退出登录",
    id_token: "ID 令牌",
    id_token_lead: "由身份提供方签名，已由应用核对。",
    user_info: "UserInfo",
    user_info_lead: "用访问令牌取得，主体相同。",
    claim: "声明",
    value: "值",
    raw: "查看 JSON",
    try_again: "再试一次",
    home: "回到首页",
    answer: "身份提供方的应答",
    signed_out: Say("你已退出登录", "应用和身份提供方都已退出。下次见。"),
    signed_out_here: Say("你已退出登录", "应用已不再记得你。下次见。"),
    not_found: Say("这里什么也没有", "这个应用只有一个页面。"),
    denied: Say("这次没有登录", "登录被取消，或未获允许。"),
    refused: Say("身份提供方拒绝了", "它用一个错误回应了登录请求。"),
    no_browser: Say(
        "登录不是从这里开始的",
        "这个浏览器不记得开始过这次登录：可能换了浏览器，或清除了 Cookie。",
    ),
    state: Say("这次登录已失效", "它已用过、超过了十分钟，或不是在这个浏览器里开始的。"),
    issuer: Say("应答来自别处", "它不是本应用的身份提供方发出的。"),
    malformed: Say("无法读取请求", "请求不完整，或有重复的参数。"),
    unreachable: Say("身份提供方没有回应", "请稍后再试。"),
    invalid: Say("应答未通过核对", "应用核对了收到的内容，不予接受。"),
};
