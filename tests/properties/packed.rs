//! A packed value says what the value says, and is read as one is.

use proptest::prelude::*;
use serde_json::json;
use telform::value::Packed;

use crate::cases;
use crate::normalising::value;

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn packed_and_not_it_is_the_same(value in value(), other in value()) {
        let packed = Packed::from(&value);
        prop_assert_eq!(packed.to_string(), value.to_string());
        prop_assert_eq!(packed.json(), value.clone());
        prop_assert_eq!(serde_json::from_str::<Packed>(&value.to_string()).expect("JSON"), packed.clone());
        prop_assert_eq!(serde_json::from_value::<Packed>(value.clone()).expect("JSON"), packed.clone());
        prop_assert_eq!(packed.as_str(), value.as_str());
        prop_assert_eq!(packed == Packed::from(&other), value == other);
        let turned = json!([{"a": value, "b": other}, {"b": other, "a": value}]);
        prop_assert_eq!(Packed::from(&turned[0]), Packed::from(&turned[1]));
    }
}
