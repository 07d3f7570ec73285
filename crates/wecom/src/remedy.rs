//! Where in WeCom's console an administrator mends what an `errcode` complains about.

use crate::Lang;

/// Which page of WeCom's console to open, and what to see to there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remedy {
    /// In Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
}

impl Remedy {
    /// The text in one language.
    pub fn text(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::Zh => self.zh,
            Lang::En => self.en,
        }
    }
}

/// The remedy for an `errcode`: for every one whose action is
/// [`crate::Action::TellAdministrator`], and for a hidden member the visible range [D 90313].
pub fn remedy(errcode: i64) -> Option<&'static Remedy> {
    let remedy = match errcode {
        40001 | 40091 | 45031 => &SECRET,
        40013 | 2_000_002 => &CORP_ID,
        40056 | 301_002 => &AGENT,
        50003 | 50006 | 60031 | 48006 => &ENABLE,
        301_007 | 40141 | 43009 => &CORP,
        50001 | 80001 | 40102 | 85004 | 85005 | 85008 | 85111 => &DOMAIN,
        60020 | 301_042 => &ADDRESS,
        92001 => &FIELDS,
        50002 | 60011 | 60021 | 60111 | 92000 | 40003 | 46004 => &RANGE,
        40133 | 40134 | 48001 | 48002 | 48008 => &PERMISSION,
        48009 => &CONTACT_SYNC,
        40209 | 40210 => &SECOND_VERIFICATION,
        40057 | 43012 => &MESSAGES,
        670_001 => &SHARE,
        45024 => &ACCOUNTS,
        48004 | 40084 => &AUTHORISE,
        40080 | 40083 => &PROVIDER,
        40136 | 40137 | 701_008 | 701_016 | 701_099 => &LICENCE,
        _ => return None,
    };
    Some(remedy)
}

const SECRET: Remedy = Remedy {
    zh: "应用管理 → 该应用：确认应用已启用，重新复制 Secret",
    en: "App management → the app: see that it is enabled, copy its Secret again",
};
const CORP_ID: Remedy = Remedy {
    zh: "我的企业 → 页面底部：复制企业 ID（CorpID）",
    en: "My company → bottom of the page: copy the CorpID",
};
const AGENT: Remedy = Remedy {
    zh: "应用管理 → 该应用：AgentId 与 Secret 必须来自同一个应用",
    en: "App management → the app: AgentId and Secret must be of one app",
};
const ENABLE: Remedy = Remedy {
    zh: "应用管理 → 该应用：启用应用",
    en: "App management → the app: enable it",
};
const CORP: Remedy = Remedy {
    zh: "我的企业：检查企业的状态和认证",
    en: "My company: see to the corp's state and verification",
};
const DOMAIN: Remedy = Remedy {
    zh: "应用管理 → 该应用 → 网页授权及JS-SDK：可信域名必须与本服务的域名完全一致",
    en: "App management → the app → 网页授权及JS-SDK: the trusted domain must be exactly our host",
};
const ADDRESS: Remedy = Remedy {
    zh: "应用管理 → 该应用 → 企业可信IP：加入本服务的出口 IP，约 1 分钟后生效",
    en: "App management → the app → 企业可信IP: add our egress IP; it takes about a minute",
};
const FIELDS: Remedy = Remedy {
    zh: "应用管理 → 该应用 → 成员敏感信息：勾选需要的字段",
    en: "App management → the app → 成员敏感信息: tick the fields that are needed",
};
const RANGE: Remedy = Remedy {
    zh: "应用管理 → 该应用 → 可见范围：加入该成员或其部门",
    en: "App management → the app → 可见范围: add the member or the department",
};
const PERMISSION: Remedy = Remedy {
    zh: "应用管理 → 该应用：检查应用的权限和成员授权",
    en: "App management → the app: see to its permissions and the members' authorisation",
};
const CONTACT_SYNC: Remedy = Remedy {
    zh: "管理工具 → 通讯录同步：该 Secret 只能读取 ID，请改用应用的 Secret",
    en: "Management tools → contact sync: this secret may read ids only, use the app's secret",
};
const SECOND_VERIFICATION: Remedy = Remedy {
    zh: "二次验证：检查验证页面的网址和域名",
    en: "Second verification (二次验证): see to the URL of its page and to its domain",
};
const MESSAGES: Remedy = Remedy {
    zh: "应用管理 → 该应用 → 接收消息：检查回调 URL",
    en: "App management → the app → 接收消息: see to the callback URL",
};
const SHARE: Remedy = Remedy {
    zh: "互联企业 / 上下游：把应用加入共享范围",
    en: "Linked corps: add the app to the share range",
};
const ACCOUNTS: Remedy = Remedy {
    zh: "我的企业：账号数量已达上限",
    en: "My company: the limit of accounts is reached",
};
const AUTHORISE: Remedy = Remedy {
    zh: "请企业管理员重新扫码授权代开发应用",
    en: "Let the corp's administrator authorise the agency app again",
};
const PROVIDER: Remedy = Remedy {
    zh: "服务商后台 → 代开发模板：检查 suite_id 和 suite_secret",
    en: "Provider console → the template: see to suite_id and suite_secret",
};
const LICENCE: Remedy = Remedy {
    zh: "服务商后台 → 接口许可：购买或激活许可，或续期应用",
    en: "Provider console → licences (接口许可): buy or activate one, or renew the app",
};
