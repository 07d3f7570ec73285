//! What to do, and in which page of WeCom's console.

use super::{Advice, Check};

/// The page of WeCom's console where a check's value stands, as it is written there.
pub(super) const fn console_page(check: Check) -> &'static str {
    match check {
        Check::CorpId => "我的企业 → 企业信息 → 企业ID",
        Check::Secret => "应用管理 → 应用 → Secret",
        Check::AgentId => "应用管理 → 应用 → AgentId",
        Check::VisibleRange => "应用管理 → 应用 → 可见范围",
        Check::RedirectDomain => "应用管理 → 应用 → 网页授权及JS-SDK",
        Check::WebLoginCallbackDomain => "应用管理 → 应用 → 企业微信授权登录 → Web网页",
        Check::TrustedIp => "应用管理 → 应用 → 企业可信IP",
    }
}

/// What to do when a check fails or cannot tell.
pub(super) const fn advice(check: Check) -> Advice {
    match check {
        Check::CorpId => Advice {
            zh: "在“我的企业”页面底部复制企业 ID，填入企业的 corp_id",
            en: "Copy the corp id from the bottom of 我的企业 into the corp's corp_id",
        },
        Check::Secret => Advice {
            zh: "重新复制该应用的 Secret 并保存到身份源",
            en: "Copy the app's Secret again and save it in the identity source",
        },
        Check::AgentId => Advice {
            zh: "AgentId 与 Secret 必须来自同一个应用，重新核对两者",
            en: "AgentId and Secret must be of one app: compare both again",
        },
        Check::VisibleRange => Advice {
            zh: "可见范围为空，没有人能登录：加入成员、部门或标签",
            en: "The visible range is empty, nobody can sign in: add members, departments or tags",
        },
        Check::RedirectDomain => Advice {
            zh: "把“网页授权及JS-SDK”的可信域名设为本租户的主机名，完全一致",
            en: "Set the trusted domain in 网页授权及JS-SDK to exactly this tenant's host",
        },
        Check::WebLoginCallbackDomain => Advice {
            zh: "企业微信不提供查询：请核对“授权回调域”是否为本租户的主机名，再试一次登录",
            en: "WeCom has no call for it: see that 授权回调域 is this tenant's host, then try a sign-in",
        },
        Check::TrustedIp => Advice {
            zh: "把身份源的 egress_addresses 加入企业可信IP，约 1 分钟后生效",
            en: "Add the source's egress_addresses to 企业可信IP; it takes about a minute",
        },
    }
}

/// The app is disabled.
pub(super) const ENABLE: Advice = Advice {
    zh: "应用已停用：在应用详情页启用它",
    en: "The app is disabled: enable it on its page",
};

/// WeCom answered, but not about this.
pub(super) const LATER: Advice = Advice {
    zh: "企业微信暂时无法回答，请稍后再测试；errcode 可在其全局错误码页查询",
    en: "WeCom gives no answer now: test again later; its page of global error codes explains errcode",
};

/// What to do when there was no answer of WeCom.
pub(super) const fn way(error: &wecom::Error) -> Advice {
    match error {
        wecom::Error::UnknownEgress(_) => Advice {
            zh: "该企业的出口（egress）已不存在：为企业另选一个出口",
            en: "The corp's egress does not exist any more: choose another for the corp",
        },
        _ => Advice {
            zh: "没有收到企业微信的有效回答：请稍后再测试，若持续如此请联系运营方检查出口网络",
            en: "No usable answer from WeCom: test again later; if it stays so, ask the operator to check the egress",
        },
    }
}
