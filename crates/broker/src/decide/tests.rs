use proptest::prelude::*;
use store::normal::{Email, Handle, Phone};
use uuid::Uuid;

use super::*;

const A: UserId = UserId(Uuid::from_u128(1));
const B: UserId = UserId(Uuid::from_u128(2));

fn account(user: UserId) -> Candidate {
    Candidate {
        user_id: user,
        status: UserStatus::Active,
        username_key: None,
        external_id_key: None,
        email_key: None,
        email_verified: false,
        phone_key: None,
        phone_number_verified: false,
        of_corp: false,
    }
}

fn with_phone(user: UserId, verified: bool) -> Candidate {
    let phone_key = Some(b"+8613800000001".to_vec());
    Candidate { phone_key, phone_number_verified: verified, ..account(user) }
}

fn with_email(user: UserId, verified: bool) -> Candidate {
    Candidate { email_key: Some(b"a@b.cn".to_vec()), email_verified: verified, ..account(user) }
}

fn rule(field: MatchField, trusted: bool) -> MatchRule {
    MatchRule { field, trusted }
}

fn policy(rules: &[MatchRule]) -> AssociationPolicy {
    AssociationPolicy { rules: rules.to_vec(), ..AssociationPolicy::default() }
}

fn wanted() -> Wanted {
    Wanted {
        mobile: Some(Phone::parse("138 0000 0001").unwrap()),
        email: Some(Email::parse("A@b.cn").unwrap()),
        biz_mail: None,
        userid: Some(Handle::parse("ZhangSan").unwrap()),
    }
}

/// A question to be changed by struct update.
fn question<'a>(
    association: AssociationMode,
    policy: &'a AssociationPolicy,
    wanted: &'a Wanted,
    candidates: &'a [Candidate],
) -> Question<'a> {
    Question {
        association,
        login_only: false,
        policy,
        registration: true,
        wanted,
        linked: None,
        candidates,
        consent_possible: true,
    }
}

fn decision(question: &Question<'_>) -> Decision {
    decide(question).decision
}

fn asked(decision: Decision) -> Ask {
    match decision {
        Decision::Ask(ask) => ask,
        other => panic!("not asked: {other:?}"),
    }
}

#[test]
fn a_link_decides_whatever_else_is_known() {
    use LinkStatus as L;
    use UserStatus as U;
    let rows = [
        (U::Active, L::Active, false, Decision::Linked(A)),
        (U::Suspended, L::Active, false, Decision::Refuse(Reason::UserSuspended)),
        (U::Deleted, L::Active, false, Decision::Refuse(Reason::UserSuspended)),
        (U::Active, L::Suspended, false, Decision::Refuse(Reason::LinkSuspended)),
        (U::Suspended, L::Suspended, false, Decision::Refuse(Reason::LinkSuspended)),
        (U::Active, L::Active, true, Decision::Refuse(Reason::NotAMember)),
        (U::Suspended, L::Active, true, Decision::Refuse(Reason::NotAMember)),
    ];
    let policy = policy(&[rule(MatchField::Mobile, true)]);
    let (wanted, owner) = (wanted(), [with_phone(B, true)]);
    for mode in [AssociationMode::None, AssociationMode::Field, AssociationMode::Ask] {
        for login_only in [false, true] {
            for (status, link, left, expected) in rows.clone() {
                let question = Question {
                    login_only,
                    registration: !login_only,
                    linked: Some(Linked { user: A, status, link, left }),
                    ..question(mode, &policy, &wanted, &owner)
                };
                assert_eq!(decision(&question), expected, "{mode} {status} {link} {left}");
            }
        }
    }
}

/// The table of what Authing documents, row by row.
#[test]
fn every_row_of_association_and_login_only() {
    use Decision::{Create, Match, Refuse};
    let by_mobile = policy(&[rule(MatchField::Mobile, true)]);
    let (wanted, one, none) = (wanted(), [with_phone(A, true)], []);
    let closed = |question: Question<'_>| {
        let login_only = decision(&Question { login_only: true, ..question.clone() });
        let no_registration = decision(&Question { registration: false, ..question.clone() });
        (decision(&question), login_only, no_registration)
    };
    let refused = (Create, Refuse(Reason::LoginOnly), Refuse(Reason::RegistrationClosed));
    // none
    let (mode, found) = (AssociationMode::None, Match(A, MatchField::Mobile));
    assert_eq!(closed(question(mode, &by_mobile, &wanted, &one)), refused);
    // field: exactly one, none
    let mode = AssociationMode::Field;
    let same = (found.clone(), found.clone(), found);
    assert_eq!(closed(question(mode, &by_mobile, &wanted, &one)), same);
    assert_eq!(closed(question(mode, &by_mobile, &wanted, &none)), refused);
    // ask: create or bind; bind only
    let (open, login_only, no_registration) =
        closed(question(AssociationMode::Ask, &by_mobile, &wanted, &one));
    for (decision, create) in [(open, true), (login_only, false), (no_registration, false)] {
        let ask = asked(decision);
        assert_eq!((ask.create, ask.why), (create, Why::Always));
        assert_eq!(ask.proofs, Proof::ALL);
    }
    // Nothing to choose is nothing to ask.
    let nothing = AssociationPolicy { proofs: Vec::new(), ..by_mobile };
    let (open, login_only, no_registration) =
        closed(question(AssociationMode::Ask, &nothing, &wanted, &one));
    assert!(asked(open).create);
    assert_eq!(login_only, Refuse(Reason::LoginOnly));
    assert_eq!(no_registration, Refuse(Reason::RegistrationClosed));
}

#[test]
fn a_field_matches_only_where_both_sides_are_beyond_doubt() {
    let wanted = wanted();
    let mode = AssociationMode::Field;
    for (trusted, verified, expected, outcome) in [
        (true, true, Decision::Match(A, MatchField::Mobile), Outcome::Hit(A)),
        (true, false, Decision::Create, Outcome::Unverified(A)),
        (false, true, Decision::Create, Outcome::Untrusted(A)),
        (false, false, Decision::Create, Outcome::Unverified(A)),
    ] {
        let (policy, owner) =
            (policy(&[rule(MatchField::Mobile, trusted)]), [with_phone(A, verified)]);
        let verdict = decide(&question(mode, &policy, &wanted, &owner));
        assert_eq!((verdict.decision, verdict.rules[0].outcome), (expected, outcome));
    }
    // No rule, no match.
    let owner = [with_phone(A, true)];
    assert_eq!(decision(&question(mode, &policy(&[]), &wanted, &owner)), Decision::Create);
}

#[test]
fn each_field_is_compared_with_its_own() {
    let zhangsan = Some(b"zhangsan".to_vec());
    let owners = [
        (MatchField::Mobile, with_phone(A, true)),
        (MatchField::Email, with_email(A, true)),
        (MatchField::UseridUsername, Candidate { username_key: zhangsan.clone(), ..account(A) }),
        (MatchField::UseridExternalId, Candidate { external_id_key: zhangsan, ..account(A) }),
    ];
    for (of, owner) in &owners {
        for field in MatchField::ALL {
            let policy = policy(&[rule(*field, true)]);
            let wanted = Wanted { biz_mail: None, ..wanted() };
            let owner = std::slice::from_ref(owner);
            let expected = if field == of { Decision::Match(A, *field) } else { Decision::Create };
            let question = question(AssociationMode::Field, &policy, &wanted, owner);
            assert_eq!(decision(&question), expected, "{of:?} {field:?}");
        }
    }
    let policy = policy(&[rule(MatchField::BizMail, true)]);
    let mail = Wanted { biz_mail: Some(Email::parse("a@B.cn").unwrap()), ..Wanted::default() };
    let owner = [with_email(A, true)];
    let question = question(AssociationMode::Field, &policy, &mail, &owner);
    assert_eq!(decision(&question), Decision::Match(A, MatchField::BizMail));
}

#[test]
fn two_rules_that_hit_two_accounts_are_a_conflict() {
    let both = [rule(MatchField::Mobile, true), rule(MatchField::Email, true)];
    let (policy, wanted) = (policy(&both), wanted());
    let mode = AssociationMode::Field;
    let two = [with_phone(A, true), with_email(B, true)];
    let refused = Decision::Refuse(Reason::SeveralAccounts);
    assert_eq!(decision(&question(mode, &policy, &wanted, &two)), refused);
    // Whatever the order, and also if one of them is off.
    let off = Candidate { status: UserStatus::Suspended, ..with_phone(A, true) };
    assert_eq!(decision(&question(mode, &policy, &wanted, &[with_email(B, true), off])), refused);
    // One rule that leads to two, which the store rules out.
    let twice = [with_phone(A, true), with_phone(B, true)];
    assert_eq!(decision(&question(mode, &policy, &wanted, &twice)), refused);
    // Two rules, one account.
    let one = [Candidate {
        email_verified: true,
        email_key: with_email(A, true).email_key,
        ..with_phone(A, true)
    }];
    let found = Decision::Match(A, MatchField::Mobile);
    assert_eq!(decision(&question(mode, &policy, &wanted, &one)), found);
    // Asked instead: with proof, and without a new account that would hide the conflict.
    let asking = AssociationPolicy { on_several: OnDoubt::Ask, ..policy };
    let ask = asked(decision(&question(mode, &asking, &wanted, &two)));
    assert_eq!((ask.why, ask.create), (Why::Several, false));
}

#[test]
fn an_account_that_is_off_or_has_another_identity_is_not_matched() {
    let (policy, wanted) = (policy(&[rule(MatchField::Mobile, true)]), wanted());
    let mode = AssociationMode::Field;
    let off = [Candidate { status: UserStatus::Suspended, ..with_phone(A, true) }];
    let refused = Decision::Refuse(Reason::UserSuspended);
    assert_eq!(decision(&question(mode, &policy, &wanted, &off)), refused);
    let taken = [Candidate { of_corp: true, ..with_phone(A, true) }];
    let refused = Decision::Refuse(Reason::AlreadyBound);
    assert_eq!(decision(&question(mode, &policy, &wanted, &taken)), refused);
    let asking = AssociationPolicy { on_other_identity: OnDoubt::Ask, ..policy.clone() };
    let ask = asked(decision(&question(mode, &asking, &wanted, &taken)));
    assert_eq!((ask.why, ask.create), (Why::OtherIdentity, false));
    for (policy, refused) in [(&policy, Err(Reason::AlreadyBound)), (&asking, Ok(()))] {
        assert_eq!(may_bind(policy, UserStatus::Active, true), refused);
        assert_eq!(may_bind(policy, UserStatus::Active, false), Ok(()));
        for off in [UserStatus::Suspended, UserStatus::Deleted] {
            assert_eq!(may_bind(policy, off, false), Err(Reason::UserSuspended));
        }
    }
}

#[test]
fn a_missing_value_is_offered_to_be_fetched() {
    let rules = [rule(MatchField::Mobile, true), rule(MatchField::Email, false)];
    let nothing = Wanted { userid: wanted().userid, ..Wanted::default() };
    let mode = AssociationMode::Field;
    let plain = policy(&rules);
    assert_eq!(decision(&question(mode, &plain, &nothing, &[])), Decision::Create);
    let offering = AssociationPolicy { offer_consent: true, offer_typed: true, ..plain };
    let ask = asked(decision(&question(mode, &offering, &nothing, &[])));
    // Only what a trusted rule lacks; and binding is not what this source does.
    assert_eq!((ask.consent, ask.typed, ask.create), (true, vec![MatchField::Mobile], true));
    assert!(ask.proofs.is_empty());
    let impossible =
        Question { consent_possible: false, ..question(mode, &offering, &nothing, &[]) };
    assert!(!asked(decision(&impossible)).consent);
    let login_only = Question { login_only: true, ..question(mode, &offering, &nothing, &[]) };
    assert!(!asked(decision(&login_only)).create);
    // The value is there and leads to nobody: nothing is missing.
    assert_eq!(decision(&question(mode, &offering, &wanted(), &[])), Decision::Create);
    // With asking as what follows, an account can be proved as well.
    let then_ask = AssociationPolicy { on_no_match: OnNoMatch::Ask, ..offering };
    assert_eq!(asked(decision(&question(mode, &then_ask, &nothing, &[]))).proofs, Proof::ALL);
    let ask = asked(decision(&question(mode, &then_ask, &wanted(), &[])));
    assert_eq!((ask.why, ask.consent, ask.create), (Why::NoMatch, false, true));
}

/// Draws a whole question out of one number, so that a million of them cost little.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: u64) -> u64 {
        // SplitMix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    fn bool(&mut self) -> bool {
        self.below(2) == 1
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }

    fn key(&mut self, texts: [&str; 2]) -> Option<Vec<u8>> {
        match self.below(4) {
            0 => Some(texts[0].as_bytes().to_vec()),
            1 => Some(texts[1].as_bytes().to_vec()),
            2 => Some(Vec::new()),
            _ => None,
        }
    }
}

struct World {
    policy: AssociationPolicy,
    wanted: Wanted,
    candidates: Vec<Candidate>,
    linked: Option<Linked>,
    association: AssociationMode,
    login_only: bool,
    registration: bool,
    consent_possible: bool,
}

fn world(seed: u64, known: &Wanted) -> World {
    let mut draw = Draw(seed);
    let rules = (0..draw.below(5)).map(|_| rule(draw.of(MatchField::ALL), draw.bool())).collect();
    let proofs = Proof::ALL.iter().copied().filter(|_| draw.bool()).collect();
    let policy = AssociationPolicy {
        rules,
        on_no_match: draw.of(OnNoMatch::ALL),
        on_several: draw.of(OnDoubt::ALL),
        on_other_identity: draw.of(OnDoubt::ALL),
        ask_form: draw.of(AskForm::ALL),
        proofs,
        offer_consent: draw.bool(),
        offer_typed: draw.bool(),
        offer_browser: false,
    };
    let wanted = Wanted {
        mobile: known.mobile.clone().filter(|_| draw.bool()),
        email: known.email.clone().filter(|_| draw.bool()),
        biz_mail: known.biz_mail.clone().filter(|_| draw.bool()),
        userid: known.userid.clone().filter(|_| draw.bool()),
    };
    let candidates = (0..draw.below(4))
        .map(|_| Candidate {
            user_id: draw.of(&[A, B, UserId(Uuid::from_u128(3))]),
            status: draw.of(UserStatus::ALL),
            username_key: draw.key(["zhangsan", "lisi"]),
            external_id_key: draw.key(["zhangsan", "7"]),
            email_key: draw.key(["a@b.cn", "c@d.cn"]),
            email_verified: draw.bool(),
            phone_key: draw.key(["+8613800000001", "+8613800000002"]),
            phone_number_verified: draw.bool(),
            of_corp: draw.bool(),
        })
        .collect();
    let linked = (draw.below(8) == 0).then(|| Linked {
        user: A,
        status: draw.of(UserStatus::ALL),
        link: draw.of(LinkStatus::ALL),
        left: draw.bool(),
    });
    World {
        policy,
        wanted,
        candidates,
        linked,
        association: draw.of(AssociationMode::ALL),
        login_only: draw.bool(),
        registration: draw.bool(),
        consent_possible: draw.bool(),
    }
}

/// What may never happen, said apart from the code that decides.
fn check(world: &World, decision: &Decision) {
    match decision {
        Decision::Linked(user) => {
            let linked = world.linked.unwrap();
            assert_eq!(linked.user, *user);
            assert_eq!((linked.status, linked.link), (UserStatus::Active, LinkStatus::Active));
            assert!(!linked.left);
        }
        Decision::Match(user, field) => {
            assert!(world.linked.is_none() && world.association == AssociationMode::Field);
            assert!(world.policy.rules.contains(&rule(*field, true)), "an untrusted value");
            let upstream = |wanted: &Wanted| match field {
                MatchField::Mobile => wanted.mobile.as_ref().map(|it| it.key().to_owned()),
                MatchField::Email => wanted.email.as_ref().map(|it| it.key().to_owned()),
                MatchField::BizMail => wanted.biz_mail.as_ref().map(|it| it.key().to_owned()),
                _ => wanted.userid.as_ref().map(|it| it.key().to_owned()),
            };
            let value = upstream(&world.wanted).unwrap().into_bytes();
            assert!(!value.is_empty(), "an empty value");
            let holds = |account: &&Candidate| match field {
                MatchField::Mobile => {
                    account.phone_number_verified && account.phone_key.as_ref() == Some(&value)
                }
                MatchField::Email | MatchField::BizMail => {
                    account.email_verified && account.email_key.as_ref() == Some(&value)
                }
                MatchField::UseridUsername => account.username_key.as_ref() == Some(&value),
                MatchField::UseridExternalId => account.external_id_key.as_ref() == Some(&value),
            };
            let holders: Vec<_> = world.candidates.iter().filter(holds).collect();
            assert!(!holders.is_empty(), "a value that is not verified here");
            assert!(holders.iter().all(|account| account.user_id == *user), "several accounts");
        }
        Decision::Create => {
            assert!(world.linked.is_none() && !world.login_only && world.registration);
        }
        Decision::Ask(ask) => {
            assert!(world.linked.is_none() && world.association != AssociationMode::None);
            assert!(!ask.create || (!world.login_only && world.registration));
            assert!(ask.proofs.iter().all(|proof| world.policy.proofs.contains(proof)));
            assert!(ask.create || !ask.proofs.is_empty() || ask.consent || !ask.typed.is_empty());
        }
        Decision::Refuse(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000_000, failure_persistence: None, ..ProptestConfig::default() })]
    /// No input makes a link without a trusted value upstream and a verified one here, or proof; none
    /// makes an account where none may be made.
    #[test]
    fn m7_m11_no_input_links_without_trust_and_verification(seed: u64) {
        thread_local! {
            static KNOWN: Wanted = Wanted {
                biz_mail: Some(Email::parse("c@d.cn").unwrap()),
                ..wanted()
            };
        }
        KNOWN.with(|known| {
            let world = world(seed, known);
            let verdict = decide(&Question {
                association: world.association,
                login_only: world.login_only,
                policy: &world.policy,
                registration: world.registration,
                wanted: &world.wanted,
                linked: world.linked,
                candidates: &world.candidates,
                consent_possible: world.consent_possible,
            });
            check(&world, &verdict.decision);
        });
    }
}

/// The cases above reach every decision: a check that is never reached would prove nothing.
#[test]
fn the_drawn_questions_reach_every_decision() {
    let known = Wanted { biz_mail: Some(Email::parse("c@d.cn").unwrap()), ..wanted() };
    let mut seen = [0_u32; 5];
    for seed in 0..20_000 {
        let world = world(seed, &known);
        let decision = decision(&Question {
            association: world.association,
            login_only: world.login_only,
            policy: &world.policy,
            registration: world.registration,
            wanted: &world.wanted,
            linked: world.linked,
            candidates: &world.candidates,
            consent_possible: world.consent_possible,
        });
        let kind = match decision {
            Decision::Linked(_) => 0,
            Decision::Match(..) => 1,
            Decision::Ask(_) => 2,
            Decision::Create => 3,
            Decision::Refuse(_) => 4,
        };
        seen[kind] += 1;
    }
    assert!(seen.iter().all(|count| *count > 50), "{seen:?}");
}
