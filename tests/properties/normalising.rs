//! Properties of the normalisers: one spelling stands for all, and equality is an equality.

use proptest::prelude::*;
use serde_json::{Value, json};
use telform::kind::{Field, Normaliser, Type, decimal};
use telform::value::Packed;

use crate::cases;

const ALL: [Normaliser; 8] = [
    Normaliser::Exact,
    Normaliser::EmptyIsNull,
    Normaliser::Decimal,
    Normaliser::Digits,
    Normaliser::Mail,
    Normaliser::Mails,
    Normaliser::Catalogue,
    Normaliser::Collection,
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
        any::<f64>()
            .prop_map(|number| serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-c]{0,2}", inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn canonical(normaliser: Normaliser, value: &Value) -> Packed {
    normaliser.canonical(&value.into())
}

fn field(normaliser: Normaliser) -> Field {
    Field::new("x", Type::Text).compared(normaliser)
}

/// The same map with its keys in another order, all the way down.
fn turned(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            Value::Object(map.iter().rev().map(|(key, item)| (key.clone(), turned(item))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(turned).collect()),
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn a_canonical_spelling_stays(value in value()) {
        let value = Packed::from(value);
        for normaliser in ALL {
            let once = normaliser.canonical(&value);
            prop_assert_eq!(&normaliser.canonical(&once), &once, "{:?} of {}", normaliser, value);
            prop_assert_eq!(serde_json::to_string(&normaliser.canonical(&once)).expect("JSON"), serde_json::to_string(&once).expect("JSON"));
        }
    }

    #[test]
    fn same_is_an_equivalence(a in value(), b in value(), c in value()) {
        let [a, b, c] = [a, b, c].map(Packed::from);
        for normaliser in ALL {
            let field = field(normaliser);
            prop_assert!(field.same(&a, &a));
            prop_assert_eq!(field.same(&a, &b), field.same(&b, &a));
            prop_assert!(!(field.same(&a, &b) && field.same(&b, &c)) || field.same(&a, &c));
            prop_assert!(field.same(&a, &normaliser.canonical(&a)));
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
            let items: Vec<Packed> = items.iter().map(|item| canonical(Normaliser::Exact, item)).collect();
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
        let (first, second) = (Packed::from(spelled(a, zeros, plus)), Packed::from(spelled(b, 0, false)));
        prop_assert_eq!(field.same(&first, &second), a == b);
        prop_assert!(field.same(&first, &Packed::from(spelled(a, 3 - zeros, false))));
    }

    /// Two amounts that one float would stand for are two amounts.
    #[test]
    fn decimals_never_pass_through_floats(digits in "[1-9][0-9]{20,30}", last in 0_u8..9) {
        let field = field(Normaliser::Decimal);
        let (a, b) = (format!("{digits}.{last}"), format!("{digits}.{}", last + 1));
        prop_assert!(!field.same(&a.as_str().into(), &b.as_str().into()));
        prop_assert_eq!(decimal(&a).map(|text| text.starts_with(&digits)), Some(true));
    }

    #[test]
    fn mails_are_a_set(mut addresses in prop::collection::vec("[a-c]@[a-c]{1,2}\\.example", 0..5), turn in any::<prop::sample::Index>()) {
        let field = field(Normaliser::Mails);
        let first = Packed::from(addresses.join(","));
        if !addresses.is_empty() {
            let turn = turn.index(addresses.len());
            addresses.rotate_left(turn);
            addresses.push(addresses[0].replace(".example", ".EXAMPLE"));
        }
        prop_assert!(field.same(&first, &Packed::from(addresses.join(" , "))));
        addresses.push("z@z.example".to_owned());
        prop_assert!(!field.same(&first, &Packed::from(addresses.join(","))));
    }
}

#[test]
fn examples_that_the_sheets_name() {
    let same = |normaliser, a: Value, b: Value| field(normaliser).same(&a.into(), &b.into());
    assert!(
        same(Normaliser::Decimal, json!("5"), json!("5.00"))
            && same(Normaliser::Decimal, json!("5"), json!(5))
    );
    assert!(!same(Normaliser::Decimal, json!("0"), Value::Null), "null differs from 0 (carrierx.md 4.1)");
    assert!(same(Normaliser::Decimal, json!("-0"), json!("0.0")));
    assert!(!same(Normaliser::Decimal, json!("5"), json!("-5")));
    assert!(same(Normaliser::EmptyIsNull, json!(""), Value::Null), "carrierx.md 4.3");
    assert!(same(Normaliser::Digits, json!("+1 (516) 206-5574"), json!("15162065574")), "carrierx.md 8.1");
    assert!(same(Normaliser::Mail, json!(" Ops@ACME.example "), json!("Ops@acme.example")));
    assert!(
        !same(Normaliser::Mail, json!("ops@acme.example"), json!("Ops@acme.example")),
        "the local part has its case"
    );
    assert!(same(Normaliser::Mails, json!("a@x.y,b@x.y"), json!("b@X.Y, a@x.y ,")));
    assert!(
        same(Normaliser::Collection, json!([]), Value::Null)
            && same(Normaliser::Collection, json!({}), Value::Null)
    );
    assert!(
        !same(Normaliser::Collection, json!([1, 2]), json!([2, 1])),
        "order of rules counts (carrierx.md 5.1)"
    );
    assert!(!same(Normaliser::EmptyIsNull, json!("01234"), json!("1234")), "a zip keeps its zeros");
}
