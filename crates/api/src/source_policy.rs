//! The particulars of a source's association, as an administrator writes and reads them.

use serde_json::Value;
use store::policy::{AskForm, AssociationPolicy, MatchField, MatchRule, OnDoubt, OnNoMatch, Proof};
use store::source::{AssociationMode, SourceMode};
use utoipa::ToSchema;

use crate::fields::{Flaw, Flaws};
use crate::json::pointer;
use crate::rules;

/// Most rules: more than there are fields, so that a field that stands twice is named.
const MAX_RULES: usize = 10;

/// How a first sign-in finds an account, in particular.
#[derive(ToSchema)]
#[schema(as = AssociationPolicy)]
#[expect(dead_code, reason = "describes the object; it is read by `rule`")]
pub(crate) struct AssociationPolicyBody {
    /// Which values of the upstream person are compared with which of ours (for `field`). All rules
    /// are looked at: two that lead to two accounts are a conflict.
    #[schema(required = false, max_items = 10)]
    rules: Vec<MatchRuleBody>,
    /// What becomes of a person whom no rule finds an account for: `create` a new one, or `ask`.
    #[schema(required = false, default = "create", pattern = "^(create|ask)$")]
    on_no_match: String,
    /// What becomes of one whom the rules find several accounts for: `refuse`, or `ask` with proof.
    #[schema(required = false, default = "refuse", pattern = "^(refuse|ask)$")]
    on_several: String,
    /// What becomes of one whose account has another identity of the corp: `refuse`, or `ask` with
    /// proof. With `refuse` no account can have two identities of the corp.
    #[schema(required = false, default = "refuse", pattern = "^(refuse|ask)$")]
    on_other_identity: String,
    /// How the person is asked: `choose` first whether they have an account, or `one_form`, in which a
    /// code sent to an address that nobody has makes a new one.
    #[schema(required = false, default = "choose", pattern = "^(choose|one_form)$")]
    ask_form: String,
    /// How a person can prove that an account is theirs: `password`, `email_code`, `sms_code`, `source`
    /// (signing in by another source that it is linked to). All, without this field.
    #[schema(required = false, example = json!(["password", "sms_code"]))]
    proofs: Vec<String>,
    /// Whether a person may fetch a missing value by authorising once inside the WeCom client. Needs a
    /// `wecom_mobile` source of the same corp that is linked to the app.
    #[schema(required = false, default = false)]
    offer_consent: bool,
    /// Whether a person may type a missing mobile number or mail address, which WeCom then confirms.
    #[schema(required = false, default = false)]
    offer_typed: bool,
    /// Whether the WeCom client on a computer offers to go on in the system's browser.
    #[schema(required = false, default = false)]
    offer_browser: bool,
}

/// A way in which a first sign-in finds an account.
#[derive(ToSchema)]
#[schema(as = MatchRule)]
#[expect(dead_code, reason = "describes the object; it is read by `match_rule`")]
pub(crate) struct MatchRuleBody {
    /// `mobile` with the verified phone number, `email` or `biz_mail` with the verified mail address,
    /// `userid_username` with the user name, `userid_external_id` with the external id.
    #[schema(
        example = "mobile",
        pattern = "^(mobile|email|biz_mail|userid_username|userid_external_id)$"
    )]
    field: String,
    /// Whether the upstream's value is beyond doubt. Without that a hit is only noted in the journal of
    /// links.
    trusted: bool,
}

/// Reads the object. What it may say depends on the source's mode.
pub(crate) fn rule(
    mode: Option<SourceMode>,
) -> impl FnOnce(&Value) -> Result<AssociationPolicy, Flaws> {
    move |value| {
        let Some(object) = value.as_object() else {
            let text = "has to be an object such as {\"rules\": [{\"field\": \"mobile\", \"trusted\": true}]}";
            return Err(vec![Flaw::new("type", text)]);
        };
        let (mut policy, mut flaws) = (AssociationPolicy::default(), Flaws::new());
        for (name, value) in object {
            if let Err(more) = read(&mut policy, name, value, mode) {
                let at = pointer("", name);
                flaws.extend(
                    more.into_iter()
                        .map(|flaw| Flaw { below: format!("{at}{}", flaw.below), ..flaw }),
                );
            }
        }
        if flaws.is_empty() { Ok(policy) } else { Err(flaws) }
    }
}

/// What is wrong with a policy that has no rules where they are needed, given or by itself.
pub(crate) fn without_rules(
    association: Option<AssociationMode>,
    policy: &AssociationPolicy,
) -> Option<Flaw> {
    let needed = association == Some(AssociationMode::Field) && policy.rules.is_empty();
    needed.then(|| Flaw {
        below: "/rules".to_owned(),
        code: "required",
        text: "needs a rule: with association field and none, nobody is ever found".to_owned(),
    })
}

/// Every member's name.
const MEMBERS: [&str; 9] = [
    "rules",
    "on_no_match",
    "on_several",
    "on_other_identity",
    "ask_form",
    "proofs",
    "offer_consent",
    "offer_typed",
    "offer_browser",
];

fn read(
    policy: &mut AssociationPolicy,
    name: &str,
    value: &Value,
    mode: Option<SourceMode>,
) -> Result<(), Flaws> {
    const DOUBT: &[&str] = &["refuse", "ask"];
    match name {
        // As with every field: what is null is as it is by itself.
        _ if value.is_null() && MEMBERS.contains(&name) => {}
        "rules" => policy.rules = match_rules(value, mode)?,
        "on_no_match" => {
            policy.on_no_match = rules::word::<OnNoMatch>(&["create", "ask"])(value)?;
        }
        "on_several" => policy.on_several = rules::word::<OnDoubt>(DOUBT)(value)?,
        "on_other_identity" => policy.on_other_identity = rules::word::<OnDoubt>(DOUBT)(value)?,
        "ask_form" => {
            policy.ask_form = rules::word::<AskForm>(&["choose", "one_form"])(value)?;
        }
        "proofs" => {
            const WORDS: &[&str] = &["password", "email_code", "sms_code", "source"];
            let words = rules::list(0, WORDS.len(), rules::word::<String>(WORDS))(value)?;
            let named = |proof: &Proof| words.iter().any(|word| word == proof.as_str());
            policy.proofs = Proof::ALL.iter().copied().filter(named).collect();
        }
        "offer_consent" => policy.offer_consent = rules::boolean(value)?,
        "offer_typed" => policy.offer_typed = rules::boolean(value)?,
        "offer_browser" => policy.offer_browser = rules::boolean(value)?,
        _ => {
            let text = "is unknown here: leave it out, or check its spelling";
            return Err(vec![Flaw::new("unknown_field", text)]);
        }
    }
    Ok(())
}

/// A list of rules. With a mode, those that it cannot have are refused.
pub(crate) fn match_rules(
    value: &Value,
    mode: Option<SourceMode>,
) -> Result<Vec<MatchRule>, Flaws> {
    let Some(elements) = value.as_array() else {
        return Err(vec![Flaw::new("type", "has to be a list of rules")]);
    };
    if elements.len() > MAX_RULES {
        let text = format!("has to have 0 to {MAX_RULES} elements");
        return Err(vec![Flaw::new("length", text)]);
    }
    let (mut found, mut flaws) = (Vec::<MatchRule>::new(), Flaws::new());
    for (at, element) in elements.iter().enumerate() {
        let below = format!("/{at}");
        // A derived reader takes a list for an object as well.
        let rule = element.as_object().map(|_| serde_json::from_value(element.clone()));
        let flaw = match rule {
            None | Some(Err(_)) => Flaw::new(
                "format",
                "has to be {\"field\": …, \"trusted\": true or false}; field is one of mobile, email, \
                 biz_mail, userid_username, userid_external_id",
            ),
            Some(Ok(MatchRule { field, .. })) if found.iter().any(|known| known.field == field) => {
                Flaw::new("duplicate", "has the field of a rule before: leave it out")
            }
            // An agency app sees encrypted userids, which are nobody's name [D 96518].
            Some(Ok(MatchRule {
                field: MatchField::UseridUsername | MatchField::UseridExternalId,
                ..
            })) if mode == Some(SourceMode::Agency) => Flaw::new(
                "mode",
                "compares userids, which are encrypted for agency apps: leave it out",
            ),
            Some(Ok(rule)) => {
                found.push(rule);
                continue;
            }
        };
        flaws.push(Flaw { below, ..flaw });
    }
    if flaws.is_empty() { Ok(found) } else { Err(flaws) }
}
