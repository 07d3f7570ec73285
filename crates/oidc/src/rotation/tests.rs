use uuid::Uuid;

use super::*;
use KeyStatus::{Active, Next, Retired};
use Step::{Activate, Create, Remove};

const RULES: Rules = Rules { age: Some(TimeDelta::days(90)), session: TimeDelta::hours(12) };
const SECOND: TimeDelta = TimeDelta::seconds(1);

/// A key's name and status, and for how long it has had it.
type Named = (char, KeyStatus, TimeDelta);

fn id(name: char) -> KeyId {
    KeyId(Uuid::from_u128(name.into()))
}

/// The keys of ES256 with these names, each with its status for so long, beside young ones of the
/// other algorithms.
fn due_of(rules: &Rules, keys: &[Named]) -> Vec<Step> {
    let now = DateTime::UNIX_EPOCH + TimeDelta::days(10_000);
    let known = |name, algorithm, status, time| Known {
        id: id(name),
        algorithm,
        status,
        since: now - time,
    };
    let others = Algorithm::ALL.iter().skip(1);
    let mut all: Vec<Known> =
        others.map(|algorithm| known('-', *algorithm, Active, TimeDelta::zero())).collect();
    all.extend(
        keys.iter().map(|(name, status, time)| known(*name, Algorithm::ALL[0], *status, *time)),
    );
    due(&all, now, rules)
}

#[test]
fn each_key_goes_its_way_in_its_time() {
    let es256 = Algorithm::ALL[0];
    let (old, young) = (TimeDelta::days(90), TimeDelta::days(90) - SECOND);
    let (known, new) = (PUBLISH_FOR, PUBLISH_FOR - SECOND);
    let (dead, alive) = (RULES.kept(), RULES.kept() - SECOND);
    let none = TimeDelta::zero();
    let cases: [(&[Named], &[Step]); 14] = [
        // A tenant from before the algorithm.
        (&[], &[Create(es256, Active)]),
        (&[('r', Retired, alive)], &[Create(es256, Active)]),
        (&[('a', Active, none)], &[]),
        (&[('a', Active, young)], &[]),
        (&[('a', Active, old)], &[Create(es256, Next)]),
        // It is published first, however old the other is.
        (&[('a', Active, old), ('n', Next, none)], &[]),
        (&[('a', Active, old * 9), ('n', Next, new)], &[]),
        (&[('a', Active, old), ('n', Next, known)], &[Activate(id('n'))]),
        // By hand, before the time.
        (&[('a', Active, none), ('n', Next, known)], &[Activate(id('n'))]),
        // Nothing signs.
        (&[('n', Next, none)], &[Activate(id('n'))]),
        (&[('a', Active, none), ('r', Retired, alive)], &[]),
        (&[('a', Active, none), ('r', Retired, dead)], &[Remove(id('r'))]),
        (
            &[
                ('a', Active, old),
                ('r', Retired, dead),
                ('s', Retired, alive),
                ('t', Retired, dead * 2),
            ],
            &[Create(es256, Next), Remove(id('r')), Remove(id('t'))],
        ),
        // A clock that was set back.
        (&[('a', Active, -old), ('n', Next, -old), ('r', Retired, -old)], &[]),
    ];
    for (keys, expected) in cases {
        assert_eq!(due_of(&RULES, keys), expected, "{keys:?}");
    }
}

#[test]
fn without_an_age_only_what_was_begun_goes_on() {
    let never = Rules { age: None, ..RULES };
    let ages = TimeDelta::days(5000);
    assert_eq!(due_of(&never, &[('a', Active, ages)]), []);
    assert_eq!(
        due_of(&never, &[('a', Active, ages), ('n', Next, PUBLISH_FOR)]),
        [Activate(id('n'))]
    );
    assert_eq!(due_of(&never, &[]), [Create(Algorithm::ALL[0], Active)]);
}

#[test]
fn a_new_tenants_keys_are_made_for_every_algorithm() {
    let all: Vec<Step> = Algorithm::ALL.iter().map(|each| Create(*each, Active)).collect();
    assert_eq!(due(&[], DateTime::UNIX_EPOCH, &RULES), all);
}

#[test]
fn a_key_is_kept_for_the_longest_of_what_it_signed() {
    assert_eq!(RULES.kept(), TimeDelta::hours(25));
    let month = Rules { session: TimeDelta::days(30), ..RULES };
    assert_eq!(month.kept(), TimeDelta::days(30) + TimeDelta::hours(1));
}

/// Whatever a tenant's keys are, doing what is due ends within a few turns with one key that signs for
/// each algorithm, and never takes one from the JWK Set that signed until lately.
#[test]
fn what_is_due_settles() {
    let mut now = DateTime::UNIX_EPOCH + TimeDelta::days(10_000);
    let (mut keys, mut made): (Vec<Known>, u128) = (Vec::new(), 0);
    for _turn in 0..9000 {
        for step in due(&keys, now, &RULES) {
            match step {
                Create(algorithm, status) => {
                    made += 1;
                    keys.push(Known {
                        id: KeyId(Uuid::from_u128(made)),
                        algorithm,
                        status,
                        since: now,
                    });
                }
                Activate(id) => {
                    let next = keys.iter().position(|key| key.id == id).unwrap_or_default();
                    let algorithm = keys[next].algorithm;
                    for key in &mut keys {
                        if key.algorithm == algorithm && key.status == Active {
                            (key.status, key.since) = (Retired, now);
                        }
                    }
                    (keys[next].status, keys[next].since) = (Active, now);
                }
                Remove(id) => {
                    assert!(keys.iter().all(|key| key.id != id || now - key.since >= RULES.kept()));
                    keys.retain(|key| key.id != id);
                }
            }
        }
        for algorithm in Algorithm::ALL {
            let of = |status| {
                keys.iter()
                    .filter(|key| key.algorithm == *algorithm && key.status == status)
                    .count()
            };
            assert_eq!(of(Active), 1);
            assert!(of(Next) <= 1 && of(Retired) <= 1);
        }
        now += TimeDelta::hours(1);
    }
    // 375 days: each key signs for 90 days and an hour.
    assert_eq!(made, 4 * 5);
}
