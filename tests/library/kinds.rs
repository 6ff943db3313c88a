//! The kind tables against the fact sheets: complete, documented, and saying neither more nor less than the services do.

use std::collections::BTreeSet;

use telform::model::kind::{AttributeAccess, AttributeType, CollectionListing, DeleteSupport, Field, Kind, UpdateMethod};
use telform::sandbox;
use telform::services::{self, carrierx, unpod};

/// The public fields of a partner (carrierx.md 4.1).
const PUBLIC: [&str; 31] = [
    "acls",
    "address1",
    "address2",
    "attributes",
    "available_scopes",
    "balance",
    "billing_email",
    "callbacks",
    "charge_at",
    "city",
    "company_name",
    "country_code",
    "daily_spending_limit",
    "daily_spent_amount",
    "date_created",
    "display_id",
    "login",
    "name",
    "owner_email",
    "parent_assigned_acls",
    "parent_sid",
    "partner_sid",
    "payment_type",
    "phonenumber",
    "prepay_amount",
    "spending_limit",
    "state",
    "status",
    "tech_email",
    "transformations",
    "zip",
];

/// The modifiable ones (carrierx.md 4.2).
const MODIFIABLE: [&str; 15] = [
    "acls",
    "address1",
    "address2",
    "attributes",
    "billing_email",
    "callbacks",
    "city",
    "company_name",
    "name",
    "owner_email",
    "parent_assigned_acls",
    "phonenumber",
    "tech_email",
    "transformations",
    "zip",
];

fn kinds() -> impl Iterator<Item = &'static Kind> {
    services::tables().iter().flat_map(|service| service.kinds.iter().copied())
}

fn fields(keep: impl Fn(&Field) -> bool) -> BTreeSet<&'static str> {
    carrierx::PARTNERS.fields.iter().filter(|field| keep(field)).map(|field| field.name).collect()
}

fn set(names: &[&'static str]) -> BTreeSet<&'static str> {
    names.iter().copied().collect()
}

#[test]
fn a_partner_has_all_its_public_fields_and_a_password() {
    assert_eq!(fields(|field| field.public), set(&PUBLIC));
    assert_eq!(fields(|field| !field.public), set(&["password"]));
    assert_eq!(set(&sandbox::PUBLIC_FIELDS), set(&PUBLIC), "the simulator was written from the same sheet");
}

#[test]
fn exactly_fifteen_fields_of_a_partner_can_be_changed() {
    assert_eq!(fields(|field| field.access == AttributeAccess::Modifiable), set(&MODIFIABLE));
}

#[test]
fn the_service_sets_what_is_read_only() {
    let read_only = ["available_scopes", "balance", "daily_spent_amount", "date_created", "display_id", "partner_sid", "status"];
    assert_eq!(fields(|field| field.access == AttributeAccess::ReadOnly), set(&read_only));
}

#[test]
fn creating_a_partner_needs_nine_fields() {
    let required =
        ["login", "password", "name", "company_name", "country_code", "zip", "owner_email", "phonenumber", "payment_type"];
    assert_eq!(fields(|field| field.required), set(&required), "carrierx.md 4.3");
    assert_eq!(fields(|field| field.only_with.is_some()), set(&["charge_at", "prepay_amount"]));
}

#[test]
fn a_partner_has_five_nested_fields_three_addresses_and_money_that_is_no_float() {
    let nested = ["acls", "attributes", "callbacks", "parent_assigned_acls", "transformations"];
    assert_eq!(fields(|field| field.is_nested() && field.access != AttributeAccess::ReadOnly), set(&nested), "carrierx.md 6.1");
    assert_eq!(fields(|field| field.needs_verification), set(&["owner_email", "billing_email", "tech_email"]), "carrierx.md 7");
    let money = ["balance", "charge_at", "daily_spending_limit", "daily_spent_amount", "prepay_amount", "spending_limit"];
    assert_eq!(fields(|field| field.ty == AttributeType::Decimal), set(&money), "carrierx.md 4.1");
    let replace = UpdateMethod::PatchOrPut { nested: ("nested_objects", "replace") };
    assert_eq!(carrierx::PARTNERS.update, replace);
    assert_eq!(carrierx::PARTNERS.delete, DeleteSupport::Undocumented { switch: "partner_delete" });
}

#[test]
fn both_generations_of_a_configuration_say_what_their_pages_say() {
    let names = |kind: &Kind, access| -> BTreeSet<&'static str> {
        kind.fields.iter().filter(|field| field.access == access).map(|field| field.name).collect()
    };
    assert_eq!(names(&unpod::PROVIDERS_G2, AttributeAccess::Modifiable), set(&["account_sid", "auth_token"]));
    assert_eq!(names(&unpod::PROVIDERS_G2, AttributeAccess::Replace), set(&["provider"]));
    let modifiable = ["name", "provider", "api_key", "api_secret", "active", "base_url", "sip_url"];
    assert_eq!(names(&unpod::PROVIDERS_G1, AttributeAccess::Modifiable), set(&modifiable));
    assert_eq!(names(&unpod::PROVIDERS_G1, AttributeAccess::Replace), set(&[]), "unpod.md 5.2, 12");
    let read_back = |kind: &Kind| kind.fields.iter().filter(|f| f.ty == AttributeType::Secret).all(|f| f.secret_is_read_back);
    assert!(!read_back(&unpod::PROVIDERS_G2) && read_back(&unpod::PROVIDERS_G1));
}

#[test]
fn every_field_is_documented_and_named_once() {
    for kind in kinds() {
        let mut seen = BTreeSet::new();
        for field in kind.fields {
            let at = format!("{} {:?} {}", kind.name, kind.generation, field.name);
            assert!(seen.insert(field.name), "{at} stands twice");
            assert!(field.doc.ends_with('.') && field.doc.len() > 3, "{at} has no sentence");
            assert!(field.source.contains(".md "), "{at} does not say where its fact stands");
            let secret_needs_word = field.ty != AttributeType::Secret || !field.is_nested();
            assert!(secret_needs_word, "{at}");
            assert!(!field.required || field.access != AttributeAccess::ReadOnly, "{at} cannot be asked for");
            if let Some((other, _)) = field.only_with {
                assert!(kind.field(other).is_some(), "{at} depends on {other}, which is no field");
            }
        }
        assert!(kind.source.contains(".md "), "{} does not say where its facts stand", kind.name);
    }
}

#[test]
fn natural_keys_are_plain_fields_that_a_create_needs() {
    for kind in kinds() {
        assert!(!kind.natural_key.is_empty(), "{} cannot be found without an id", kind.name);
        for name in kind.natural_key {
            let field = kind.field(name).unwrap_or_else(|| panic!("{}: {name} is no field", kind.name));
            assert!(field.required && field.ty != AttributeType::Secret, "{} {name}", kind.name);
        }
        assert!(kind.member.contains("{id}") && !kind.collection.contains("{id}"), "{}", kind.name);
    }
}

#[test]
fn what_names_an_object_is_made_after_it_and_deleted_before_it() {
    let all: Vec<&Kind> = kinds().collect();
    for (kind, field) in all.iter().flat_map(|kind| kind.fields.iter().map(move |field| (*kind, field))) {
        for named in field.reference_kinds() {
            let at = format!("{} {}", kind.name, field.name);
            let below = kind.natural_key.contains(&field.name);
            let named: Vec<&&Kind> = all.iter().filter(|other| other.name == named).collect();
            assert!(!named.is_empty(), "{at} names a kind that nothing declares");
            for other in named {
                // What telform does not set keeps what it names from being deleted, and asks for no order.
                let same = other.name == kind.name || field.access == AttributeAccess::Kept;
                assert!(same || (other.rank < kind.rank && other.delete_rank > kind.delete_rank), "{at}");
                let later = other.link.is_some_and(|link| link.assigned_on_create.is_some());
                assert!(!later, "{at}: what is made in the place of a deleted object comes after everything");
                assert!(!below || other.key_references().next().is_none(), "{at}: an object is found below one, not deeper");
            }
        }
    }
}

#[test]
fn shapes_of_a_kind_differ_by_generation_and_agree_in_order() {
    for kind in kinds() {
        for other in services::shapes_of_kind(kind.name) {
            let same = std::ptr::eq(kind, other);
            assert!(same || kind.generation != other.generation, "two shapes of {} for one generation", kind.name);
            assert_eq!((kind.rank, kind.delete_rank), (other.rank, other.delete_rank), "{}", kind.name);
        }
    }
    let rank = |name| services::shapes_of_kind(name)[0].delete_rank;
    assert!(rank("bridges") < rank("providers") && rank("providers") < rank("partners"));
}

#[test]
fn every_folder_of_a_service_is_listed() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/services");
    let folders: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("the services")
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let listed = services::tables().iter().map(|service| service.api.to_owned()).collect();
    assert_eq!(folders, listed, "a service is a folder under src/services and a line in the list of src/lib.rs");
}

/// Words of the tables that exclude each other, and names that the rest of the crate relies on.
#[test]
fn tables_use_words_only_where_every_reader_knows_them() {
    for kind in services::tables().iter().flat_map(|service| service.kinds) {
        // A listing by offset keeps only the fields that a plan needs, and may not have the one that says it.
        let by_offset = matches!(kind.list, CollectionListing::Offset { .. });
        assert!(!by_offset || kind.gone_when.is_empty(), "{}", kind.name);
        for field in kind.fields {
            assert!(field.name.matches('.').count() <= 1, "{}.{}: a map in a map", kind.name, field.name);
            let plain = kind.fields.iter().any(|other| Some(other.name) == field.group());
            assert!(!plain, "{}.{} is a value and a map", kind.name, field.name);
            assert!(field.darkens.is_none() || field.ty == AttributeType::Bool && kind.connected, "{}.{}", kind.name, field.name);
            assert!(
                field.group().is_none() || field.ty != AttributeType::Secret,
                "{}.{}: no PATCH carries it",
                kind.name,
                field.name
            );
        }
    }
}
