//! Properties of the normalisers: one spelling represents all, and equality is an equivalence.

use proptest::prelude::*;
use serde_json::{Value, json};
use telform::model::kind::{AttributeType, Field, Normaliser, canonical_decimal};
use telform::model::value::CompactValue;

use crate::properties::cases;

const ALL: [Normaliser; 10] = [
    Normaliser::Exact,
    Normaliser::EmptyIsNull,
    Normaliser::Decimal,
    Normaliser::Digits,
    Normaliser::Mail,
    Normaliser::Mails,
    Normaliser::Catalogue,
    Normaliser::Collection,
    Normaliser::Set,
    Normaliser::Time,
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ a-cA-C@.,+0-9-]{0,8}",
        "[a-c]{1,2}@[A-C]{1,2}(, [a-c]@[a-c]){0,2}",
        "[+-]?[0-9]{0,3}\\.?[0-9]{0,3}",
        any::<String>(),
    ]
}

/// Any JSON, not deep.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-c]{0,2}", inner), 0..4).prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn canonical(normaliser: Normaliser, value: &Value) -> CompactValue {
    normaliser.canonicalize(&value.into())
}

fn field(normaliser: Normaliser) -> Field {
    Field::new("x", AttributeType::Text).compared_as(normaliser)
}

/// The same map with its keys in another order, all the way down.
fn turned(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(map.iter().rev().map(|(key, item)| (key.clone(), turned(item))).collect()),
        Value::Array(items) => Value::Array(items.iter().map(turned).collect()),
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn a_canonical_spelling_stays(value in value()) {
        let value = CompactValue::from(value);
        for normaliser in ALL {
            let once = normaliser.canonicalize(&value);
            prop_assert_eq!(&normaliser.canonicalize(&once), &once, "{:?} of {}", normaliser, value);
            prop_assert_eq!(serde_json::to_string(&normaliser.canonicalize(&once)).expect("JSON"), serde_json::to_string(&once).expect("JSON"));
        }
    }

    #[test]
    fn same_is_an_equivalence(a in value(), b in value(), c in value()) {
        let [a, b, c] = [a, b, c].map(CompactValue::from);
        for normaliser in ALL {
            let field = field(normaliser);
            prop_assert!(field.values_equal(&a, &a));
            prop_assert_eq!(field.values_equal(&a, &b), field.values_equal(&b, &a));
            prop_assert!(!(field.values_equal(&a, &b) && field.values_equal(&b, &c)) || field.values_equal(&a, &c));
            prop_assert!(field.values_equal(&a, &normaliser.canonicalize(&a)));
        }
    }

    #[test]
    fn keys_of_maps_have_no_order_and_items_of_lists_do(value in value()) {
        for normaliser in [Normaliser::Exact, Normaliser::Collection] {
            let (a, b) = (canonical(normaliser, &value), canonical(normaliser, &turned(&value)));
            prop_assert_eq!(serde_json::to_string(&a).expect("JSON"), serde_json::to_string(&b).expect("JSON"));
        }
        if let Value::Array(items) = &value {
            let back: Vec<Value> = items.iter().rev().cloned().collect();
            let equal = canonical(Normaliser::Exact, &value) == canonical(Normaliser::Exact, &json!(back));
            let items: Vec<CompactValue> = items.iter().map(|item| canonical(Normaliser::Exact, item)).collect();
            let palindrome = items.iter().eq(items.iter().rev());
            prop_assert_eq!(equal, palindrome);
        }
    }

    /// Against arithmetic on whole numbers: scaled to thousandths, no float anywhere.
    #[test]
    fn decimals_compare_as_decimals(a in -99_999_i128..99_999, b in -99_999_i128..99_999, zeros in 0_usize..4, plus in any::<bool>()) {
        let spelled = |n: i128, zeros: usize, plus: bool| {
            let sign = if n < 0 { "-" } else if plus { "+" } else { "" };
            format!("{sign}{}{}.{:03}{}", "0".repeat(zeros), n.abs() / 1000, n.abs() % 1000, "0".repeat(zeros))
        };
        let field = field(Normaliser::Decimal);
        let (first, second) = (CompactValue::from(spelled(a, zeros, plus)), CompactValue::from(spelled(b, 0, false)));
        prop_assert_eq!(field.values_equal(&first, &second), a == b);
        prop_assert!(field.values_equal(&first, &CompactValue::from(spelled(a, 3 - zeros, false))));
    }

    /// Readers of JSON write large and small numbers with exponents, and whole ones with a point.
    #[test]
    fn decimals_and_whole_numbers_compare_in_any_spelling(whole in -999_i64..999, by in -12_i32..12) {
        let field = Field::new("n", AttributeType::Integer);
        let (packed, float) = (CompactValue::from(json!(whole)), CompactValue::from(json!(whole as f64)));
        prop_assert!(field.values_equal(&packed, &float), "{} {}", packed, float);
        prop_assert!(!field.values_equal(&packed, &CompactValue::from(json!(whole as f64 + 0.5))));
        let field = self::field(Normaliser::Decimal);
        let pad = "0".repeat(by.unsigned_abs() as usize);
        let sign = if whole < 0 { "-" } else { "" };
        let plain = if by < 0 {
            let digits = format!("{pad}{}", whole.abs());
            format!("{sign}{}.{}", &digits[..digits.len() - pad.len()], &digits[digits.len() - pad.len()..])
        } else {
            format!("{whole}{pad}")
        };
        let (one, other) = (CompactValue::from(format!("{whole}e{by}")), CompactValue::from(plain.as_str()));
        prop_assert!(field.values_equal(&one, &other), "{one} {other}");
        // Where any value is allowed they are two values.
        prop_assert_eq!(self::field(Normaliser::Collection).values_equal(&packed, &float), false);
        let endless = format!("{whole}e999999999");
        prop_assert_eq!(canonical_decimal(&endless), None);
    }

    /// Two amounts that one float would represent are two amounts.
    #[test]
    fn decimals_never_pass_through_floats(digits in "[1-9][0-9]{20,30}", last in 0_u8..9) {
        let field = field(Normaliser::Decimal);
        let (a, b) = (format!("{digits}.{last}"), format!("{digits}.{}", last + 1));
        prop_assert!(!field.values_equal(&a.as_str().into(), &b.as_str().into()));
        prop_assert_eq!(canonical_decimal(&a).map(|text| text.starts_with(&digits)), Some(true));
    }

    #[test]
    fn mails_are_a_set(mut addresses in prop::collection::vec("[a-c]@[a-c]{1,2}\\.example", 0..5), turn in any::<prop::sample::Index>()) {
        let field = field(Normaliser::Mails);
        let first = CompactValue::from(addresses.join(","));
        if !addresses.is_empty() {
            let turn = turn.index(addresses.len());
            addresses.rotate_left(turn);
            addresses.push(addresses[0].replace(".example", ".EXAMPLE"));
        }
        prop_assert!(field.values_equal(&first, &CompactValue::from(addresses.join(" , "))));
        addresses.push("z@z.example".to_owned());
        prop_assert!(!field.values_equal(&first, &CompactValue::from(addresses.join(","))));
    }
}

#[test]
fn examples_that_the_sheets_name() {
    let same = |normaliser, a: Value, b: Value| field(normaliser).values_equal(&a.into(), &b.into());
    assert!(same(Normaliser::Decimal, json!("5"), json!("5.00")) && same(Normaliser::Decimal, json!("5"), json!(5)));
    assert!(!same(Normaliser::Decimal, json!("0"), Value::Null), "null differs from 0 (carrierx.md 4.1)");
    assert!(same(Normaliser::Decimal, json!("-0"), json!("0.0")));
    assert!(!same(Normaliser::Decimal, json!("5"), json!("-5")));
    assert!(same(Normaliser::EmptyIsNull, json!(""), Value::Null), "carrierx.md 4.3");
    assert!(same(Normaliser::Digits, json!("+1 (516) 206-5574"), json!("15162065574")), "carrierx.md 8.1");
    assert!(same(Normaliser::Mail, json!(" Ops@ACME.example "), json!("Ops@acme.example")));
    assert!(!same(Normaliser::Mail, json!("ops@acme.example"), json!("Ops@acme.example")), "the local part has its case");
    assert!(same(Normaliser::Mails, json!("a@x.y,b@x.y"), json!("b@X.Y, a@x.y ,")));
    assert!(same(Normaliser::Collection, json!([]), Value::Null) && same(Normaliser::Collection, json!({}), Value::Null));
    assert!(!same(Normaliser::Collection, json!([1, 2]), json!([2, 1])), "order of rules counts (carrierx.md 5.1)");
    assert!(!same(Normaliser::EmptyIsNull, json!("01234"), json!("1234")), "a zip keeps its zeros");
}
