//! The pages' words in Chinese and English.

use actix_web::http::header;

use crate::{request::Request, world::SensitiveField};

/// One language.
pub(super) struct Words {
    pub(super) lang: &'static str,
    pub(super) simulated: &'static str,
    pub(super) web_title: &'static str,
    pub(super) sign_in_to: &'static str,
    pub(super) scan_hint: &'static str,
    pub(super) scanned: &'static str,
    pub(super) or_choose: &'static str,
    pub(super) outside: &'static str,
    pub(super) other_userid: &'static str,
    pub(super) go: &'static str,
    pub(super) non_member: &'static str,
    pub(super) linked: &'static str,
    pub(super) deny: &'static str,
    pub(super) allow: &'static str,
    pub(super) error_title: &'static str,
    pub(super) consent_title: &'static str,
    pub(super) consent_text: &'static str,
    pub(super) consent_note: &'static str,
    pub(super) client_title: &'static str,
    pub(super) client_text: &'static str,
    pub(super) signed_in_as: &'static str,
    pub(super) leave: &'static str,
    pub(super) scan_title: &'static str,
    pub(super) scan_done: &'static str,
    pub(super) done_title: &'static str,
    pub(super) done_text: &'static str,
    fields: [&'static str; 7],
}

const ZH: Words = Words {
    lang: "zh-CN",
    simulated: "企业微信模拟器 · 仅供测试，不会连接真实的企业微信",
    web_title: "企业微信登录",
    sign_in_to: "登录到",
    scan_hint: "请使用另一台设备扫描二维码",
    scanned: "已在手机上确认",
    or_choose: "或选择一位成员直接登录",
    outside: "不在可见范围",
    other_userid: "其他成员的 userid",
    go: "登录",
    non_member: "非企业成员",
    linked: "互联企业访客",
    deny: "取消登录",
    allow: "同意",
    error_title: "无法继续",
    consent_title: "申请获取以下信息",
    consent_text: "以下是个人敏感信息，可取消勾选不愿提供的项",
    consent_note: "同意后 30 天内不再询问",
    client_title: "企业微信客户端",
    client_text: "选择谁登录在这台设备的企业微信中",
    signed_in_as: "当前登录",
    leave: "退出登录",
    scan_title: "扫码登录确认",
    scan_done: "已确认，请回到电脑上继续",
    done_title: "完成",
    done_text: "可以关闭此页面",
    fields: ["手机号", "邮箱", "企业邮箱", "头像", "性别", "地址", "个人二维码"],
};

const EN: Words = Words {
    lang: "en",
    simulated: "WeCom simulator · for tests only, nothing here reaches the real WeCom",
    web_title: "WeCom sign-in",
    sign_in_to: "Sign in to",
    scan_hint: "Scan the code with another device",
    scanned: "I confirmed on my phone",
    or_choose: "or choose a member to sign in directly",
    outside: "outside the visible range",
    other_userid: "userid of another member",
    go: "Sign in",
    non_member: "Not a member",
    linked: "Visitor of a linked corp",
    deny: "Cancel",
    allow: "Allow",
    error_title: "This can't go on",
    consent_title: "asks for your information",
    consent_text: "This is sensitive personal information: untick what you don't want to give.",
    consent_note: "You won't be asked again for 30 days",
    client_title: "WeCom client",
    client_text: "Choose who is signed in in the WeCom of this device",
    signed_in_as: "Signed in as",
    leave: "Sign out",
    scan_title: "Confirm the sign-in",
    scan_done: "Confirmed. Go on at your computer.",
    done_title: "Done",
    done_text: "You can close this page",
    fields: [
        "Mobile number",
        "Mail address",
        "Corp mailbox",
        "Picture",
        "Gender",
        "Address",
        "Personal QR code",
    ],
};

impl Words {
    /// By `lang`, else by Accept-Language, else Chinese.
    pub(super) fn of(request: &Request) -> &'static Self {
        let english = match request.all("lang").next() {
            Some("en") => true,
            Some("zh") => false,
            _ => request.header(header::ACCEPT_LANGUAGE).starts_with("en"),
        };
        if english { &EN } else { &ZH }
    }

    /// A sensitive field's name.
    pub(super) fn field(&self, field: SensitiveField) -> &'static str {
        let places = SensitiveField::ALL.iter().zip(self.fields);
        places.into_iter().find(|(of, _)| **of == field).map_or("", |(_, name)| name)
    }
}

/// What an error page says.
pub(super) fn error(request: &Request, code: i64) -> &'static str {
    let (zh, en) = texts(code);
    if Words::of(request).lang == "en" { en } else { zh }
}

fn texts(code: i64) -> (&'static str, &'static str) {
    match code {
        -31_020 => (
            "redirect_uri 与配置的授权登录回调域不一致",
            "redirect_uri differs from the configured Web-login callback domain",
        ),
        -31_027 => ("appid 错误", "Wrong appid"),
        -31_028 => ("agentid 错误", "Wrong agentid"),
        -31_033 => ("请求来源校验失败", "The request's origin check failed"),
        -31_035 => ("redirect_uri 为空", "redirect_uri is empty"),
        -31_037 => ("appid 不是登录授权应用", "appid is not a login-authorisation app"),
        -31_039 => {
            ("redirect_uri 与可信域名不一致", "redirect_uri differs from the trusted domain")
        }
        -31_040 => ("login_type 错误", "Wrong login_type"),
        40_013 => ("appid 参数错误", "Wrong appid"),
        40_035 => ("参数错误", "Wrong parameter"),
        40_056 => ("agentid 参数错误", "Wrong agentid"),
        41_011 => ("缺少 agentid 参数", "agentid is missing"),
        50_001 => {
            ("redirect_uri 需使用应用可信域名", "redirect_uri must use the app's trusted domain")
        }
        50_003 => ("应用已停用", "The app is disabled"),
        60_111 => ("没有这位成员，或尚未激活", "No such member, or not activated"),
        84_025 => (
            "state 只能是 a-zA-Z0-9，且不超过 128 字节",
            "state must be of a-zA-Z0-9, at most 128 bytes",
        ),
        92_000 => (
            "没有权限：你不在应用的可见范围内",
            "No permission: you are not in the app's visible range",
        ),
        NOT_IN_CLIENT => ("请在微信客户端打开链接", "Please open this link in the WeChat client"),
        SCAN_GONE => ("二维码已过期", "The code has expired"),
        NOT_CONFIRMED => ("尚未在手机上确认", "Not confirmed on the phone yet"),
        CANCELLED => ("已取消登录", "The sign-in was cancelled"),
        _ => ("出错了", "Something went wrong"),
    }
}

/// The page for browsers that are no client. Not a code of WeCom's, like the rest here.
pub(super) const NOT_IN_CLIENT: i64 = 1;
/// The QR code is not known any more.
pub(super) const SCAN_GONE: i64 = 2;
/// Nobody has confirmed on the other device yet.
pub(super) const NOT_CONFIRMED: i64 = 3;
/// Denied in a panel that reports to its page, which has no code for it.
pub(super) const CANCELLED: i64 = 4;
