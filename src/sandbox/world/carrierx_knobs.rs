//! The CarrierX toggles (`api/carrierx.md`, sections 6.2 and 11). The first value of each is the default.

use serde::{Deserialize, Serialize};

/// How this copy of CarrierX behaves where the documentation is silent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CarrierxKnobs {
    /// A map in a PATCH without `nested_objects=replace`.
    pub map_default: MapDefault,
    /// A null inside such a map.
    pub map_null: MapNull,
    /// An array in a PATCH without `nested_objects=replace`.
    pub array_default: ArrayDefault,
    /// The fields that `nested_objects=replace` affects.
    pub replace_scope: ReplaceScope,
    /// What a changed address shows until its link is clicked.
    pub mail: MailChange,
    /// Whether get-by-sid and PATCH reach an unverified partner.
    pub get_unverified: GetUnverified,
    /// A field outside the modifiable list in a PATCH.
    pub non_modifiable: NonModifiable,
    /// A public field that a PUT leaves out.
    pub put_missing: PutMissing,
    /// A read-only field that a PUT sends with another value.
    pub put_read_only: PutReadOnly,
    /// DELETE of a partner, which no page documents.
    pub delete: Delete,
    /// DELETE of a DID group, which no page documents (section 2.6).
    pub did_group_delete: Delete,
    /// `total` of a list.
    pub total: Total,
    /// A second partner with one login.
    pub duplicate_login: DuplicateLogin,
    /// Shape of error bodies (section 9).
    pub error_shape: ErrorShape,
    /// Phone numbers as the service keeps them (section 8.1).
    pub phonenumber: PhoneNumber,
    /// A `password` in a PATCH, which the list of modifiable fields lacks (section 4.2).
    pub unlisted: PasswordPatch,
    /// The request for the owner of a token (section 1.3).
    pub whoami: Whoami,
    /// A rule that an ACL names (section 5.1).
    pub acl_rules: AclRules,
    /// DELETE of a rule that an ACL names (section 2.5).
    pub named_rule: NamedRule,
    /// A create with the token of a mail (section 7.2).
    pub verification_token: VerificationToken,
    /// True: items of nested arrays gain an extra key of the service (section 8.2).
    pub nested_defaults: bool,
    /// A URL that every new partner gets under `callbacks.sms` (section 4.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callbacks_sms: Option<String>,
}

macro_rules! knob {
    ($(#[$about:meta])* $name:ident { $($(#[$value_about:meta])* $value:ident),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$value_about])* $value),+ }

        impl $name {
            /// Every value, for tests over the whole product of knobs.
            pub const ALL: &'static [Self] = &[$(Self::$value),+];
        }
    };
}

knob! {
    /// See [`CarrierxKnobs::map_default`].
    MapDefault {
        /// Keys are merged.
        #[default]
        MergeKeys,
        /// The map is replaced.
        Overwrite,
    }
}
knob! {
    /// See [`CarrierxKnobs::map_null`].
    MapNull {
        /// The key becomes null.
        #[default]
        StoreNull,
        /// The key is removed.
        DeleteKey,
        /// 422.
        #[serde(rename = "reject_422")]
        Reject,
    }
}
knob! {
    /// See [`CarrierxKnobs::array_default`].
    ArrayDefault {
        /// The items are added at the end.
        #[default]
        Append,
        /// The array is replaced.
        Overwrite,
        /// Item n is merged into item n.
        MergeByIndex,
    }
}
knob! {
    /// See [`CarrierxKnobs::replace_scope`].
    ReplaceScope {
        /// The nested fields in the body.
        #[default]
        SentFields,
        /// All five; those that were not sent are emptied.
        AllNestedFields,
    }
}
knob! {
    /// See [`CarrierxKnobs::mail`].
    MailChange {
        /// Null.
        #[default]
        NullUntilVerified,
        /// The old address.
        OldUntilVerified,
        /// The new address at once.
        Immediate,
    }
}
knob! {
    /// See [`CarrierxKnobs::get_unverified`].
    GetUnverified {
        /// 404.
        #[default]
        NotFound,
        /// 200.
        Ok,
    }
}
knob! {
    /// See [`CarrierxKnobs::non_modifiable`].
    NonModifiable {
        /// Nothing happens.
        #[default]
        Ignore,
        /// 422.
        #[serde(rename = "reject_422")]
        Reject,
        /// It changes nevertheless.
        Apply,
    }
}
knob! {
    /// See [`CarrierxKnobs::whoami`].
    Whoami {
        /// Sid, login and a list of scopes.
        #[default]
        Answer,
        /// The same with the scopes as one text.
        ScopesAsText,
        /// 404.
        NotFound,
        /// 403.
        Forbidden,
    }
}
knob! {
    /// See [`CarrierxKnobs::acl_rules`].
    AclRules {
        /// Any text: a rule may be one that the caller does not see.
        #[default]
        Any,
        /// 422 for a rule that is not there.
        #[serde(rename = "existing_422")]
        Existing,
    }
}
knob! {
    /// See [`CarrierxKnobs::named_rule`].
    NamedRule {
        /// 204, and the ACL continues to name it.
        #[default]
        Deleted,
        /// 409.
        #[serde(rename = "reject_409")]
        Conflict,
    }
}
knob! {
    /// See [`CarrierxKnobs::verification_token`].
    VerificationToken {
        /// The partner is verified and listed at once, where the mail went to its owner.
        #[default]
        VisibleAtOnce,
        /// Nothing happens: the partner waits for its click.
        Ignored,
        /// 422.
        #[serde(rename = "reject_422")]
        Reject,
    }
}
knob! {
    /// See [`CarrierxKnobs::unlisted`].
    PasswordPatch {
        /// It changes.
        #[default]
        Accept,
        /// Nothing happens.
        Ignore,
        /// 403.
        #[serde(rename = "reject_403")]
        Forbid,
        /// 422.
        #[serde(rename = "reject_422")]
        Reject,
    }
}
knob! {
    /// See [`CarrierxKnobs::put_missing`].
    PutMissing {
        /// 422.
        #[default]
        #[serde(rename = "reject_422")]
        Reject,
        /// It stays.
        Keep,
        /// It becomes null, or empty when nested.
        NullOut,
    }
}
knob! {
    /// See [`CarrierxKnobs::put_read_only`].
    PutReadOnly {
        /// Nothing happens.
        #[default]
        Ignore,
        /// 422.
        #[serde(rename = "reject_422")]
        Reject,
    }
}
knob! {
    /// See [`CarrierxKnobs::delete`].
    Delete {
        /// 405.
        #[default]
        NotAllowed,
        /// 204, and the object is deleted.
        NoContent,
    }
}
knob! {
    /// See [`CarrierxKnobs::total`].
    Total {
        /// The total number.
        #[default]
        Integer,
        /// JSON null.
        Absent,
    }
}
knob! {
    /// See [`CarrierxKnobs::duplicate_login`].
    DuplicateLogin {
        /// 409.
        #[default]
        #[serde(rename = "reject_409")]
        Conflict,
        /// 422.
        #[serde(rename = "reject_422")]
        Invalid,
        /// 400.
        #[serde(rename = "reject_400")]
        Malformed,
        /// A second partner is created.
        Accept,
    }
}
knob! {
    /// See [`CarrierxKnobs::error_shape`].
    ErrorShape {
        /// All four, one after another.
        #[default]
        InTurn,
        /// `errors` is an array of objects.
        Objects,
        /// `errors` is a map of field to messages.
        Fields,
        /// `errors` is an array of texts.
        Texts,
        /// `message`.
        Message,
    }
}
knob! {
    /// See [`CarrierxKnobs::phonenumber`].
    PhoneNumber {
        /// As sent.
        #[default]
        Keep,
        /// Without the leading 1 of an 11-digit number.
        DropCountryCode,
    }
}
