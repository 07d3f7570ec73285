//! JSON that means one thing: an object in which no member is named twice, at any depth, and times
//! that are numbers.

use std::fmt;

use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use super::{Error, Result};

/// Reads one JSON object. Two readers of a member that is named twice may take different ones, so
/// that one checks what the other does not use: refused (RFC 7515 §4, RFC 7519 §4 and §10.12, RFC
/// 8725 §2.4). Nesting ends at serde_json's 128 levels.
pub fn object(json: &[u8]) -> Result<Map<String, Value>> {
    match serde_json::from_slice::<Unambiguous>(json) {
        Ok(Unambiguous(Value::Object(members))) => Ok(members),
        _ => Err(Error::NotJson),
    }
}

/// Seconds since 1970 of a NumericDate (RFC 7519 §2), rounded down. `None` unless it is a number
/// from 0 up to what an `i64` holds. A number like `1e400` is refused earlier, by [`object`].
pub fn numeric_date(value: &Value) -> Option<i64> {
    // 2^63, the first number that is too large; a float holds it exactly.
    const END: f64 = 9_223_372_036_854_775_808.0;
    let Value::Number(number) = value else { return None };
    if let Some(seconds) = number.as_i64() {
        return (seconds >= 0).then_some(seconds);
    }
    let seconds = number.as_f64()?;
    #[expect(clippy::cast_possible_truncation, reason = "rounding down is meant; it is in range")]
    (0.0..END).contains(&seconds).then_some(seconds as i64)
}

/// A NumericDate as a member of a type for [`super::Verified::claims_as`]: seconds since 1970, read
/// by the rules of [`numeric_date`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NumericDate(pub i64);

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        numeric_date(&value).map(Self).ok_or_else(|| D::Error::custom("no NumericDate"))
    }
}

/// A value in which no object names a member twice.
struct Unambiguous(Value);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UnambiguousVisitor).map(Self)
    }
}

struct UnambiguousVisitor;

impl<'de> Visitor<'de> for UnambiguousVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without duplicate members")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Unambiguous(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        // Names are compared as they read, not as they are escaped.
        while let Some((name, Unambiguous(value))) = entries.next_entry::<String, _>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member is named twice"));
            }
        }
        Ok(members.into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_is_read_as_serde_json_reads_it() {
        let text = r#" {"a":[1,-2,0.5,null,true,{"b":"\u00e9"}],"c":{"a":{}},"":""} "#;
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(Value::Object(object(text.as_bytes()).unwrap()), value);
    }

    #[test]
    fn a_member_named_twice_is_refused_at_every_depth() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"b":2,"\u0061":3}"#,
            r#"{"x":{"a":1,"a":null}}"#,
            r#"{"x":[[{"y":[{"a":1,"a":2}]}]]}"#,
        ] {
            assert_eq!(object(text.as_bytes()), Err(Error::NotJson), "{text}");
        }
        assert!(object(br#"{"a":{"a":1},"A":[{"a":1},{"a":1}]}"#).is_ok());
    }

    #[test]
    fn what_is_not_one_object_is_refused() {
        for text in ["", "1", "null", "[]", "\"a\"", "{", "{}{}", "{} x", "{\"a\":1,}", "{'a':1}"] {
            assert_eq!(object(text.as_bytes()), Err(Error::NotJson), "{text}");
        }
        let bom = object(b"\xef\xbb\xbf{}");
        let not_utf8 = object(b"{\"a\":\"\xff\"}");
        let half_a_pair = object(br#"{"a":"\ud800"}"#);
        let number = object(br#"{"exp":1e400}"#);
        let eastern_digits = object("{\"exp\":٣}".as_bytes());
        for refused in [bom, not_utf8, half_a_pair, number, eastern_digits] {
            assert_eq!(refused, Err(Error::NotJson));
        }
        let deep = |levels| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
        assert!(object(deep(100).as_bytes()).is_ok());
        assert_eq!(object(deep(1000).as_bytes()), Err(Error::NotJson));
        assert_eq!(object("[".repeat(100_000).as_bytes()), Err(Error::NotJson));
    }

    #[test]
    fn a_numeric_date_is_a_number_that_fits() {
        let read = |text: &str| numeric_date(&serde_json::from_str(text).unwrap());
        assert_eq!(read("0"), Some(0));
        assert_eq!(read("1785500000"), Some(1_785_500_000));
        assert_eq!(read("1785500000.9"), Some(1_785_500_000));
        assert_eq!(read("1.7855e9"), Some(1_785_500_000));
        assert_eq!(read("9223372036854775807"), Some(i64::MAX));
        for refused in [
            "9223372036854775808",
            "18446744073709551615",
            "9.3e18",
            "1e300",
            "-1",
            "-0.5",
            "\"9999999999\"",
            "null",
            "true",
            "[1]",
            "{}",
        ] {
            assert_eq!(read(refused), None, "{refused}");
        }
        assert_eq!(serde_json::from_value::<NumericDate>(json!(5.5)).unwrap(), NumericDate(5));
        assert!(serde_json::from_value::<NumericDate>(json!("5")).is_err());
    }

    proptest! {
        #[test]
        fn bytes_are_no_reason_to_panic(bytes in any::<Vec<u8>>()) {
            let _ = object(&bytes);
        }

        #[test]
        fn text_that_looks_like_json_is_read_as_serde_json_reads_it(text in r#"[{}\[\]",:0-9eE.\\u a-c-]{0,40}"#) {
            if let Ok(members) = object(text.as_bytes()) {
                let same: Value = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(Value::Object(members), same);
            }
        }

        #[test]
        fn a_float_is_no_reason_to_panic(float in any::<f64>()) {
            if let Some(seconds) = numeric_date(&json!(float)) {
                prop_assert!(seconds >= 0 && float >= 0.0);
            }
        }
    }
}
