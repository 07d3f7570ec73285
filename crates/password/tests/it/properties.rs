//! What holds for any password and any stored text.

use password::{Error, Verdict, check};
use proptest::prelude::*;
use tokio::runtime::Builder;

use crate::{secret, tiny};

fn wait<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Mostly characters that a password may have.
fn password() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,40}", "[ -~äöüé春眠不觉晓]{1,30}", "\\PC{0,60}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_hashed_password_verifies_and_no_other(
        right in password(),
        wrong in password(),
        salt: [u8; 16],
    ) {
        let passwords = tiny();
        let hashed = wait(passwords.hash(secret(&right), salt));
        prop_assume!(hashed.is_ok());
        let stored = hashed.unwrap();
        let verdict = wait(passwords.verify(secret(&right), Some(stored.clone())));
        prop_assert_eq!(verdict, Ok(Verdict::Right { outdated: false }));
        let longer = format!("{right}x");
        for other in [wrong.as_str(), longer.as_str()] {
            // The same normal form is the same hash
            if wait(passwords.hash(secret(other), salt)).is_ok_and(|hash| hash == stored) {
                continue;
            }
            let verdict = wait(passwords.verify(secret(other), Some(stored.clone())));
            prop_assert_eq!(verdict, Ok(Verdict::Wrong));
        }
        prop_assert_eq!(wait(passwords.verify(secret(&right), None)), Ok(Verdict::Wrong));
    }

    #[test]
    fn other_salts_give_other_hashes(right in "[ -~]{1,40}", one: [u8; 16], two: [u8; 16]) {
        prop_assume!(one != two);
        let hash = |salt| wait(tiny().hash(secret(&right), salt)).unwrap();
        prop_assert_ne!(hash(one), hash(two));
    }
}

proptest! {
    #[test]
    fn any_password_is_judged(text in any::<String>(), about in any::<Vec<String>>()) {
        let about: Vec<&str> = about.iter().map(String::as_str).collect();
        let _ = check(&secret(&text), &about);
        let digits = format!("{text}12345678");
        let _ = check(&secret(&digits), &[&digits, &text]);
        let personal = format!("password{text}");
        prop_assert!(check(&secret(&personal), &["pass"]).is_err());
    }

    #[test]
    fn any_stored_text_is_answered(
        text in prop_oneof![
            any::<String>(),
            "\\$argon2(i|d|id|x)?\\$(v=[0-9]{1,3}\\$)?[mtpkeyiddata=,0-9]{0,40}\\$[A-Za-z0-9+/]{0,40}(\\$[A-Za-z0-9+/]{0,90})?",
            "\\$argon2(i|d|id)\\$v=1[69]\\$m=(8|16|[0-9]{1,4}),t=[0-3],p=[0-3]\\$[A-Za-z0-9+/]{20}[AQgw]{2}\\$[A-Za-z0-9+/]{40}[AQgw]{2}",
        ],
    ) {
        let verdict = wait(tiny().verify(secret("kX9#mQ2v"), Some(text)));
        prop_assert!(
            matches!(verdict, Ok(Verdict::Wrong) | Err(Error::Unreadable | Error::Costly)),
            "{:?}", verdict
        );
    }
}
