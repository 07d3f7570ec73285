//! 简体中文。

use super::{AgreementWords, Texts, spaced, words};
use crate::pages::{Notice, NoticeText, Reason};

pub(super) static TEXTS: Texts = Texts {
    sign_in_to: |app| format!("登录{}", spaced(app)),
    sign_in: "登录",
    choose_source: "请选择登录方式",
    one_source: "使用企业账号继续",
    scan_panel: "请使用企业微信扫码登录",
    other_sources: "其他登录方式",
    panel_title: |source| format!("{source}：扫码登录"),
    panel_trouble: "二维码无法显示？前往企业微信登录页",
    unavailable: "当前浏览器暂不支持",
    none_available: "请换一种方式打开",
    reason,
    this_link: "本页链接",
    copy: "复制",
    copied: "已复制",
    cancel_to: |app| format!("取消并返回{}", spaced(app)),
    cancel: "取消登录",
    agreements: AgreementWords {
        before: "继续即表示你同意",
        open: "《",
        close: "》",
        between: "、",
        last: "和",
        after: "。",
    },
    language: "语言",
    code: "错误码",
    trace: "追踪码",
    details: "给开发者的说明",
    retry_after: |seconds| match seconds {
        0..=60 => format!("请在 {seconds} 秒后重试。"),
        _ => format!("请在 {} 分钟后重试。", seconds.div_ceil(60)),
    },
    try_again: "重试",
    sign_in_again: "重新登录",
    other_source: "使用其他登录方式",
    back_to: |app| format!("返回{}", spaced(app)),
    signed_out: "已退出登录",
    signed_out_text: "你已在此浏览器中安全退出。如果这是公用设备，建议同时关闭浏览器窗口。",
    confirm_sign_out_of: |app| format!("要退出{}吗？", spaced(app)),
    confirm_sign_out: "要退出登录吗？",
    confirm_sign_out_text: "退出后，在此浏览器中访问各应用需要重新登录。",
    signed_in_as: |user| format!("当前登录：{user}"),
    sign_out: "退出登录",
    stay: "暂不退出",
    continuing_to: |app| format!("正在前往{}", spaced(app)),
    continuing: "正在跳转",
    continuing_text: "如果页面没有自动跳转，请点击下方按钮。",
    go_on: "继续",
    notice,
};

fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::OnlyInWecom => "请复制本页链接，发送到企业微信的任意聊天中，点击打开后即可登录。",
        Reason::OnlyOnDesktop => "需要用手机扫描屏幕上的二维码，请在电脑浏览器中打开本页。",
        Reason::PersonalWechat => {
            "当前在微信中打开，暂不支持登录。请复制本页链接，在企业微信中打开。"
        }
    }
}

#[expect(clippy::too_many_lines, reason = "a table, one row a notice")]
fn notice(notice: Notice) -> NoticeText {
    match notice {
        Notice::InvalidRequest => words(
            "登录请求有误",
            "应用发来的登录请求不完整或格式不正确。请返回应用重新登录；如果问题仍然存在，请联系应用的开发者。",
        ),
        Notice::UnknownClient => words(
            "无法识别此应用",
            "这个登录请求来自一个未登记的应用。请确认打开的链接是否正确，或联系管理员，并提供追踪码。",
        ),
        Notice::RedirectUriMismatch => words(
            "应用的回调地址未登记",
            "为保护你的账号，我们没有继续跳转。请联系管理员，并提供追踪码。",
        ),
        Notice::RequestUriUnknown => {
            words("本次登录请求已失效", "它已使用过或已过期。请回到应用，重新登录。")
        }
        Notice::UnknownHost => {
            words("没有找到这个登录站点", "请检查地址是否输入正确，或向管理员确认登录地址。")
        }
        Notice::InteractionExpired => {
            words("登录页面已过期", "停留时间较长，本次登录已失效。请返回应用重新登录。")
        }
        Notice::BrowserChanged => words(
            "需要在此浏览器中重新登录",
            "登录过程中似乎切换了浏览器，或浏览器没有保留 Cookie。为保护你的账号，请在当前浏览器中重新登录。",
        ),
        Notice::StateUnknown => words(
            "本次登录已失效",
            "这个登录链接已被使用或已过期。请返回应用重新登录，无需刷新本页。",
        ),
        Notice::DeniedUpstream => {
            words("你已取消授权", "你在企业微信中取消了本次登录。如需继续，请重新登录。")
        }
        Notice::NotAMember => words(
            "你还不是该企业的成员",
            "当前企业微信账号不属于该企业。请切换到企业账号后重试，或联系管理员将你加入企业。",
        ),
        Notice::NotVisible => words(
            "你还没有使用权限",
            "你不在该应用的可见范围内。请联系管理员，将你加入企业微信应用的可见范围。",
        ),
        Notice::LinkedCorp => words(
            "暂不支持互联企业成员登录",
            "你的账号来自互联企业，目前只支持本企业成员登录。请联系管理员了解其他登录方式。",
        ),
        Notice::LoginOnly => words(
            "暂时无法登录",
            "此登录方式仅面向已开通的用户。请联系管理员为你开通，开通后即可使用企业微信登录。",
        ),
        Notice::RegistrationClosed => words(
            "该应用不接受新账号",
            "你的企业微信还没有关联这里的账号，而管理员关闭了新账号的创建。请联系管理员，并提供追踪码。",
        ),
        Notice::SeveralAccounts => words(
            "无法确定哪个是你的账号",
            "企业微信提供的信息对应了多个账号，因此没有打开任何一个。请联系管理员，并提供追踪码。",
        ),
        Notice::AlreadyBound => words(
            "该账号已属于其他成员",
            "该账号已与组织中的另一位成员关联。如果它应当属于你，请联系管理员，并提供追踪码。",
        ),
        Notice::LinkedElsewhere => words(
            "已关联到其他账号",
            "这位企业微信成员登录的是另一个账号，没有做任何更改。如需调整，请联系管理员，并提供追踪码。",
        ),
        Notice::LinkSuspended => {
            words("此登录方式已停用", "管理员暂停了你的企业微信登录。请联系管理员，并提供追踪码。")
        }
        Notice::UserSuspended => {
            words("账号已停用", "你的账号目前处于停用状态。如需恢复，请联系管理员，并提供追踪码。")
        }
        Notice::SourceDisabled => {
            words("此登录方式已停用", "请选择其他登录方式；如果没有其他方式，请联系管理员。")
        }
        Notice::SourceMisconfigured => words(
            "此登录方式暂不可用",
            "登录方式的配置需要管理员检查。请联系管理员，并提供追踪码；你也可以先使用其他登录方式。",
        ),
        Notice::AppDisabled => words("应用已停用", "该应用目前不可登录。如有疑问，请联系管理员。"),
        Notice::TenantSuspended => {
            words("登录服务已暂停", "该企业的登录服务目前处于暂停状态。请联系管理员了解详情。")
        }
        Notice::UpstreamUnavailable => words(
            "暂时无法连接企业微信",
            "企业微信没有及时响应，你的账号没有受到影响。请稍后重试。",
        ),
        Notice::UpstreamBusy => words("企业微信当前较忙", "同时登录的人较多，请稍等片刻再试。"),
        Notice::NoSources => words(
            "应用还没有可用的登录方式",
            "管理员尚未为该应用开启登录方式。请联系管理员，并提供追踪码。",
        ),
        Notice::OnlyInWecom => words(
            "请在企业微信中打开",
            "此登录方式需要在企业微信中使用。请复制链接发送到企业微信，或从企业微信工作台进入应用。",
        ),
        Notice::OnlyOnDesktop => words(
            "请在电脑上打开",
            "扫码登录需要用手机扫描另一块屏幕上的二维码。请在电脑浏览器中打开应用。",
        ),
        Notice::PersonalWechat => words(
            "请改用企业微信打开",
            "当前页面在微信中打开，无法确认你的企业身份。请复制链接，在企业微信中打开。",
        ),
        Notice::SessionEnded => {
            words("登录已结束", "为保护你的账号，登录状态已失效。重新登录后即可继续。")
        }
        Notice::AlreadySignedIn => words(
            "登录已完成",
            "本次登录已在这个浏览器中完成，无需重复操作。可以返回应用继续使用。",
        ),
        Notice::Unavailable => {
            words("服务暂时不可用", "我们正在恢复服务，你的数据没有受到影响。请稍后重试。")
        }
        Notice::InternalError => words(
            "出了点问题",
            "这是我们的问题，与你的操作无关。请重试；如果问题仍然存在，请联系管理员，并提供追踪码。",
        ),
        Notice::NotFound => {
            words("页面不存在", "链接可能已失效或输入有误。请返回应用，从应用重新进入。")
        }
        Notice::TooManyRequests => words("操作过于频繁", "为保护账号安全，请稍等片刻再试。"),
        Notice::ProofFailed => words("信息不匹配", "账号与你输入的验证信息不匹配。请核对后重试。"),
        Notice::CodeWrong => {
            words("验证码无效", "验证码输入有误、已过期或已使用。请核对，或重新获取。")
        }
        Notice::SignInFirst => {
            words("请重新登录一次", "为保护你的账号，此操作需要几分钟内的登录。没有做任何更改。")
        }
        Notice::NotOffered => {
            words("此方式不可用", "它已被关闭，或该应用从未提供。请返回并选择其他方式。")
        }
        Notice::LastWayIn => {
            words("这是你唯一的登录方式", "移除后你将无法登录，因此已保留。请先添加其他登录方式。")
        }
        Notice::PasswordUnacceptable => words(
            "请换一个密码",
            "它太短、太常见，或容易从你的名字猜到。几个互不相关的词就是好密码。",
        ),
        Notice::TicketUnknown => words(
            "链接已使用或已过期",
            "设备之间的链接只能使用一次，且有效时间很短。请在显示它的设备上重新开始。",
        ),
        Notice::ValueNotConfirmed => words(
            "企业微信无法确认",
            "你输入的信息不属于刚刚登录的企业微信成员。请核对，或选择其他方式。",
        ),
        Notice::SomebodyElse => words(
            "正在登录的是另一个人",
            "这台设备上的企业微信账号，与另一台设备上正在登录的不是同一个人，没有提供任何信息。请用登录者本人的手机操作。",
        ),
        Notice::CodeNotSent => {
            words("验证码未能发送", "邮件或短信服务没有响应。请稍后重试，或选择其他方式。")
        }
        Notice::InvalidInput => {
            words("请检查输入内容", "输入不完整，或格式与该栏不符。请修改后重试。")
        }
        Notice::Csrf => words(
            "页面已失效",
            "无法确认这次操作来自当前页面，因此没有执行。请返回上一页，刷新后重试。",
        ),
    }
}
