//! The simulated world as plain data: corps, their apps, members and visitors.

mod demo;

use serde::{Deserialize, Serialize};

/// Everything the simulator knows. Missing JSON fields take their defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct World {
    /// The organisations.
    pub corps: Vec<Corp>,
    /// Behaviour that the documentation leaves open or without a number.
    pub rules: Rules,
}

/// Behaviour that the documentation leaves open or without a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Wrong secrets in a row from one IP until it is blocked. Never below 1.
    pub wrong_secret_limit: u32,
    /// How long such an IP is blocked, in seconds (documented: one hour).
    pub ban_seconds: u32,
    /// Wrong look-ups by mobile number or mail, in percent of the corp's size, beyond which the
    /// look-ups are blocked (documented: 20). `None`: never.
    pub wrong_lookup_percent: Option<u32>,
    /// How long they are blocked, in seconds (documented: one day).
    pub lookup_block_seconds: u32,
    /// Life of an access_token in seconds (documented: normally 7200).
    pub token_seconds: u32,
    /// errcode of a code's second use: 40029 or 42022 [D 90313].
    pub used_code: i64,
    /// errcode of a code older than five minutes: 40029 or 42003 [D 90313].
    pub expired_code: i64,
    /// How a withheld field looks in `user/get` and `auth/getuserdetail`.
    pub withheld: Withheld,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            wrong_secret_limit: 5,
            ban_seconds: 3_600,
            wrong_lookup_percent: Some(20),
            lookup_block_seconds: 86_400,
            token_seconds: 7_200,
            used_code: 40_029,
            expired_code: 40_029,
            withheld: Withheld::Absent,
        }
    }
}

/// How a withheld field looks: the documents say "absent or empty".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Withheld {
    /// The key is missing.
    #[default]
    Absent,
    /// The key holds an empty string.
    Empty,
}

/// One organisation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Corp {
    /// CorpID, `ww…`.
    pub corp_id: String,
    /// Name shown on the pages.
    pub name: String,
    /// How large the corp is taken to be for the limit of wrong look-ups. `None`: its members.
    pub size: Option<u32>,
    /// Contact-sync secret: its token can't redeem codes (50001).
    pub contact_secret: Option<String>,
    /// Self-built apps.
    pub apps: Vec<App>,
    /// Departments, for visible ranges that hold sub-departments.
    pub departments: Vec<Department>,
    /// Members.
    pub members: Vec<Member>,
    /// Visitors who are no members: `getuserinfo` answers with an openid.
    pub non_members: Vec<NonMember>,
    /// Visitors of linked corps: `getuserinfo` answers `CorpId/userid`.
    pub linked_visitors: Vec<LinkedVisitor>,
    /// The member who is signed in in a client that has no `sim_member` cookie.
    pub client_member: Option<String>,
}

impl Corp {
    /// An organisation with nobody in it.
    pub fn new(corp_id: &str, name: &str) -> Self {
        Self { corp_id: corp_id.to_owned(), name: name.to_owned(), ..Self::default() }
    }
}

/// A self-built app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct App {
    /// AgentId, such as 1000002.
    pub agentid: i64,
    /// The app's secret.
    pub secret: String,
    /// Name shown on the pages and by `agent/get`.
    pub name: String,
    /// Created after 2022-06-20 20:00: `user/get` withholds the sensitive fields [D 90196].
    pub created_after_2022_06_20: bool,
    /// Disabled by the administrator.
    pub closed: bool,
    /// Who may use the app.
    pub visible: Visible,
    /// OAuth trusted domain, `host[:port]`.
    pub trusted_domain: Option<String>,
    /// Web login's authorised callback domain, `host[:port]`.
    pub web_login_callback_domain: Option<String>,
    /// Trusted IPs. `None`: not checked; an empty list refuses everybody (60020).
    pub trusted_ips: Option<Vec<String>>,
    /// The sensitive fields that the administrator ticked for the consent page.
    pub sensitive_fields: Vec<SensitiveField>,
    /// May the app read sensitive data at all? Otherwise `getuserdetail` answers 92001.
    pub private_info: bool,
    /// Home page, as `agent/get` tells it.
    pub home_url: String,
}

impl Default for App {
    fn default() -> Self {
        Self {
            agentid: 0,
            secret: String::new(),
            name: String::new(),
            created_after_2022_06_20: true,
            closed: false,
            visible: Visible::everybody(),
            trusted_domain: None,
            web_login_callback_domain: None,
            trusted_ips: None,
            sensitive_fields: Vec::new(),
            private_info: true,
            home_url: String::new(),
        }
    }
}

impl App {
    /// An app that everybody may use, created today, with no domain set.
    pub fn new(agentid: i64, secret: &str, name: &str) -> Self {
        let (secret, name) = (secret.to_owned(), name.to_owned());
        Self { agentid, secret, name, ..Self::default() }
    }
}

/// An app's visible range: a member who is in any of the three.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Visible {
    /// The whole corp.
    pub all: bool,
    /// Single members, by userid, letter case ignored.
    pub members: Vec<String>,
    /// Departments, with everything below them.
    pub departments: Vec<u32>,
}

impl Visible {
    /// The whole corp.
    pub fn everybody() -> Self {
        Self { all: true, ..Self::default() }
    }
}

/// A field that only the member's consent gives [D 95833].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SensitiveField {
    /// `"0"` undefined, `"1"` male, `"2"` female.
    Gender,
    /// Picture URL.
    Avatar,
    /// URL of the member's personal QR code.
    QrCode,
    /// Mobile number.
    Mobile,
    /// Mail address.
    Email,
    /// Mailbox given by the corp.
    BizMail,
    /// Postal address.
    Address,
}

impl SensitiveField {
    /// All of them, in the order of the consent page.
    pub const ALL: [Self; 7] = [
        Self::Mobile,
        Self::Email,
        Self::BizMail,
        Self::Avatar,
        Self::Gender,
        Self::Address,
        Self::QrCode,
    ];

    /// The field's key in replies and forms.
    pub fn key(self) -> &'static str {
        match self {
            Self::Gender => "gender",
            Self::Avatar => "avatar",
            Self::QrCode => "qr_code",
            Self::Mobile => "mobile",
            Self::Email => "email",
            Self::BizMail => "biz_mail",
            Self::Address => "address",
        }
    }
}

/// A department. The root is 1; its parent is 0.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Department {
    /// Id.
    pub id: u32,
    /// Name.
    pub name: String,
    /// The department above.
    pub parentid: u32,
}

/// A member of a corp, with the fields of `user/get` [D 90196].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Member {
    /// Unique in the corp, letter case ignored; kept as written.
    pub userid: String,
    /// Name.
    pub name: String,
    /// Alias.
    pub alias: String,
    /// Job title.
    pub position: String,
    /// Landline.
    pub telephone: String,
    /// Mobile number (sensitive).
    pub mobile: Option<String>,
    /// Mail address (sensitive).
    pub email: Option<String>,
    /// Mailbox given by the corp (sensitive).
    pub biz_mail: Option<String>,
    /// Picture URL (sensitive).
    pub avatar: Option<String>,
    /// URL of the personal QR code (sensitive).
    pub qr_code: Option<String>,
    /// Postal address (sensitive).
    pub address: Option<String>,
    /// 0 undefined, 1 male, 2 female (sensitive).
    pub gender: u8,
    /// 1 active, 2 disabled, 4 not activated, 5 left. 4 and 5 can't be signed in in a client, so
    /// the pages refuse them.
    pub status: u8,
    /// Departments; the first is the main one.
    pub department: Vec<u32>,
    /// Userids of the direct leader: at most one.
    pub direct_leader: Vec<String>,
}

impl Default for Member {
    fn default() -> Self {
        Self {
            userid: String::new(),
            name: String::new(),
            alias: String::new(),
            position: String::new(),
            telephone: String::new(),
            mobile: None,
            email: None,
            biz_mail: None,
            avatar: None,
            qr_code: None,
            address: None,
            gender: 0,
            status: 1,
            department: vec![1],
            direct_leader: Vec::new(),
        }
    }
}

impl Member {
    /// An active member of the root department without personal data.
    pub fn new(userid: &str, name: &str) -> Self {
        Self { userid: userid.to_owned(), name: name.to_owned(), ..Self::default() }
    }
}

/// A visitor who is no member of the corp.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NonMember {
    /// Unique per corp, at most 64 bytes.
    pub openid: String,
    /// Set if the visitor is an external contact whose owner is in the visible range.
    pub external_userid: Option<String>,
}

/// A member of a linked corp (互联企业, 上下游).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinkedVisitor {
    /// The visitor's own corp.
    pub corp_id: String,
    /// The visitor's userid there.
    pub userid: String,
}

impl LinkedVisitor {
    /// As `getuserinfo` tells it: `CorpId/userid` [D 91023].
    pub fn full_userid(&self) -> String {
        format!("{}/{}", self.corp_id, self.userid)
    }
}
