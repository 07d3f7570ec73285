//! What a simulation says, in words for administrators.

use store::id::UserId;

use super::Advice;
use crate::decide::{Ask, Decision, Outcome, Why};
use crate::error::Reason;

impl Decision {
    /// The word for it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Linked(_) => "linked",
            Self::Match(..) => "match",
            Self::Ask(_) => "ask",
            Self::Create => "create",
            Self::Refuse(_) => "refuse",
        }
    }
}

impl Why {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::NoMatch => "no_match",
            Self::Several => "several",
            Self::OtherIdentity => "other_identity",
        }
    }
}

impl Outcome {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoValue => "no_value",
            Self::Nobody => "nobody",
            Self::Unverified(_) => "unverified",
            Self::Untrusted(_) => "untrusted",
            Self::Hit(_) => "hit",
        }
    }

    /// The user whom it leads to, whether it counts or not.
    #[must_use]
    pub const fn user(self) -> Option<UserId> {
        match self {
            Self::NoValue | Self::Nobody => None,
            Self::Unverified(user) | Self::Untrusted(user) | Self::Hit(user) => Some(user),
        }
    }
}

/// What a decision means, for administrators.
#[must_use]
pub const fn of_decision(decision: &Decision) -> Advice {
    match decision {
        Decision::Linked(_) => Advice {
            zh: "此人已关联该用户，直接登录；规则不再比较",
            en: "The person is linked to this user already and signs in; no rule is looked at",
        },
        Decision::Match(..) => Advice {
            zh: "规则找到唯一的用户，首次登录时关联",
            en: "A rule finds exactly one user; the first sign-in links the person to it",
        },
        Decision::Create => Advice {
            zh: "没有找到用户，首次登录时新建一个",
            en: "No user is found; the first sign-in makes one",
        },
        Decision::Ask(Ask { why, .. }) => of_why(*why),
        Decision::Refuse(reason) => of_reason(*reason),
    }
}

const fn of_why(why: Why) -> Advice {
    match why {
        Why::Always => Advice {
            zh: "该身份源总是询问：此人选择绑定已有账号（需验证）或新建账号",
            en: "The source asks everybody: the person binds an account with proof, or gets a new one",
        },
        Why::NoMatch => Advice {
            zh: "没有规则命中，询问此人：绑定已有账号（需验证）、补充缺失的信息，或新建账号",
            en: "No rule hits, so the person is asked: to bind an account with proof, to fetch what is missing, or for a new account",
        },
        Why::Several => Advice {
            zh: "规则命中多个用户，此人须验证其中一个账号；先核对这些用户的已验证手机和邮箱",
            en: "The rules hit several users, and the person has to prove one of them; compare their verified numbers and addresses",
        },
        Why::OtherIdentity => Advice {
            zh: "命中的用户已关联该企业的另一位成员，此人须验证账号",
            en: "The user that was hit has another identity of this corp, and the person has to prove the account",
        },
    }
}

const fn of_reason(reason: Reason) -> Advice {
    match reason {
        Reason::LoginOnly => Advice {
            zh: "没有找到用户，而该身份源只允许已有用户登录（login_only）：先手动关联，或关闭 login_only",
            en: "No user is found, and the source lets only existing users in (login_only): link the person first, or switch it off",
        },
        Reason::RegistrationClosed => Advice {
            zh: "没有找到用户，而该应用不允许新建账号（registration）：先手动关联",
            en: "No user is found, and the app lets no accounts be made (registration): link the person first",
        },
        Reason::SeveralAccounts => Advice {
            zh: "规则命中多个用户，因此拒绝：核对这些用户的已验证手机和邮箱，或手动关联",
            en: "The rules hit several users, so the person is refused: compare their verified numbers and addresses, or link by hand",
        },
        Reason::AlreadyBound => Advice {
            zh: "命中的用户已关联该企业的另一位成员，因此拒绝：先解除那个关联，或手动关联",
            en: "The user that was hit has another identity of this corp, so the person is refused: unlink that one, or link by hand",
        },
        Reason::LinkSuspended => Advice {
            zh: "此人的关联已停用：恢复该关联即可登录",
            en: "The person's link is suspended: set its status to active",
        },
        Reason::UserSuspended => Advice {
            zh: "该用户已停用：恢复用户即可登录",
            en: "The user is suspended: set its status to active",
        },
        _ => of_way(reason),
    }
}

/// Why nobody gets as far as a decision.
const fn of_way(reason: Reason) -> Advice {
    match reason {
        Reason::SourceDisabled => Advice {
            zh: "该身份源已停用，或未关联到该应用",
            en: "The source is switched off, or not linked to the app",
        },
        Reason::SourceMisconfigured => Advice {
            zh: "企业微信拒绝该身份源的配置：测试该身份源",
            en: "WeCom refuses the source's settings: test the source",
        },
        Reason::AppDisabled => Advice { zh: "该应用已停用", en: "The app is switched off" },
        Reason::NotAMember => Advice {
            zh: "此人不是企业的在职成员，或其帐号未激活、已禁用",
            en: "The person is no active member of the corp",
        },
        Reason::NotVisible => Advice {
            zh: "企业微信不让该应用看到此人：不在可见范围内，或没有此成员",
            en: "WeCom does not show this person to the app: outside the visible range, or no such member",
        },
        Reason::UpstreamBusy | Reason::UpstreamUnavailable => Advice {
            zh: "企业微信暂时没有有效回答，请稍后再试",
            en: "WeCom gives no usable answer now: try again later",
        },
        _ => Advice { zh: "此人会被拒绝", en: "The person is refused" },
    }
}

/// What a rule's outcome means.
#[must_use]
pub const fn of_rule(outcome: Outcome) -> Advice {
    match outcome {
        Outcome::NoValue => Advice {
            zh: "此人没有这个值，或其写法无法比较",
            en: "The person has no such value, or none that can be compared",
        },
        Outcome::Nobody => Advice {
            zh: "没有用户具有已验证的此值",
            en: "No user has this value verified",
        },
        Outcome::Unverified(_) => Advice {
            zh: "有用户具有此值，但未经验证，因此不算",
            en: "A user has this value, but not verified, so it does not count",
        },
        Outcome::Untrusted(_) => Advice {
            zh: "有用户具有已验证的此值，但该规则不受信任（trusted），只作记录",
            en: "A user has this value verified, but the rule is not trusted, so it is only noted",
        },
        Outcome::Hit(_) => Advice { zh: "命中", en: "A hit" },
    }
}

/// Said when a member who was read live has no mobile number [D 90196].
pub const NO_MOBILE: Advice = Advice {
    zh: "企业微信没有给出手机号：2022-06-20 之后创建的应用在此接口得不到手机、邮箱和头像，只有成员在企业微信内授权后才有。真实登录可能得到更多信息",
    en: "WeCom gave no mobile number: apps made after 2022-06-20 get none here, nor addresses or picture; only a member's consent inside the WeCom client brings them. A real sign-in may know more",
};
