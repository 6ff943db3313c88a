//! A packed value is equal to the value, and is read in the same way.

use proptest::prelude::*;
use serde_json::json;
use telform::model::value::CompactValue;

use crate::properties::cases;
use crate::properties::normalising::value;

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn packed_and_not_it_is_the_same(value in value(), other in value()) {
        let packed = CompactValue::from(&value);
        prop_assert_eq!(packed.to_string(), value.to_string());
        prop_assert_eq!(packed.json(), value.clone());
        prop_assert_eq!(serde_json::from_str::<CompactValue>(&value.to_string()).expect("JSON"), packed.clone());
        prop_assert_eq!(serde_json::from_value::<CompactValue>(value.clone()).expect("JSON"), packed.clone());
        prop_assert_eq!(packed.as_str(), value.as_str());
        prop_assert_eq!(packed == CompactValue::from(&other), value == other);
        let turned = json!([{"a": value, "b": other}, {"b": other, "a": value}]);
        prop_assert_eq!(CompactValue::from(&turned[0]), CompactValue::from(&turned[1]));
    }
}
