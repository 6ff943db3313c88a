//! The words of the kind tables and of the rules, as sentences for people.

use super::{AttributeReason, ObjectDecision};
use crate::model::kind::{AttributeAccess, AttributeType, Field, Kind, Normaliser, UpdateMethod};

impl ObjectDecision {
    /// What happens, to be printed after the name of the object.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Create => "will be created",
            Self::Update => "will be updated",
            Self::Replace => "will be replaced",
            Self::Delete => "will be deleted",
            Self::Refused => "refused",
            Self::InSync => "in sync, nothing is sent",
            Self::Waiting => "waits to be confirmed, nothing is sent",
            Self::Excluded => "excluded from this run",
            Self::NotTargeted => "not a target of this run",
            Self::OutOfScope => "out of scope, left alone",
            Self::Released => "released: no longer managed, and not deleted",
            Self::AlreadyGone => "already deleted, nothing to do",
            Self::AccountGone => "left alone, because its account is not in the YAML",
            Self::Unmanaged => "unmanaged",
            Self::FreeNumber => "free, nothing serves it",
            Self::Inherited => "inherited, never changed",
            Self::LeftOut => "its account is left out of this run",
            Self::Existing => "referred to, never changed",
            Self::NotTaken => "differs: the service did not take what was sent, nothing is sent again",
        }
    }

    /// The rule that decided.
    pub fn deciding_rule(self) -> &'static str {
        match self {
            Self::Create => "no live object has this address, id or natural key, so telform creates one",
            Self::Update => "it exists, and something that the YAML states differs",
            Self::Replace => "what differs cannot be changed in place",
            Self::Delete => "it was managed or is listed under `removed`, and the YAML no longer declares it",
            Self::Refused => "a rule refuses it; until that is resolved, nothing of the plan is applied",
            Self::InSync => "everything that the YAML states matches the live object, or cannot or need not be sent",
            Self::Waiting => {
                "the service hides it until its owner follows the link in the mail; telform neither sends it again nor creates another one"
            }
            Self::Excluded => "`--exclude` names it",
            Self::NotTargeted => "`--target` names other objects, and none of them needs it",
            Self::LeftOut => "`--account` names other accounts",
            Self::OutOfScope => "no file declares its kind. Omitted is not the same as empty, so nothing of that kind is deleted",
            Self::Released => "its entry under `removed` says `keep: true`: telform forgets it and leaves the object",
            Self::AlreadyGone => {
                "it is not declared, and no live object matches; you can keep or remove its entry under `removed`"
            }
            Self::AccountGone => "telform reads only the accounts that the YAML defines",
            Self::NotTaken => "what differs was sent before, but the service still shows the old value",
            Self::FreeNumber => {
                "the service lists it for this account, no connection that was read has it, and no file declares it"
            }
            Self::Existing => "`existing` names it: entries may refer to it, and telform never changes, deletes or manages it",
            Self::Inherited => {
                "the account above this one has made it, and only that one can change it; entries may refer to it through `existing`"
            }
            Self::Unmanaged => {
                "no address claims it: telform never changes or deletes such an object itself; numbers on it move or are cut when what serves them is replaced or deleted"
            }
        }
    }
}

impl AttributeReason {
    /// The rule that decided about an attribute.
    pub fn deciding_rule(self) -> &'static str {
        match self {
            Self::Created => "it is sent when the object is created",
            Self::Differs => "the YAML and the service differ, so it is sent",
            Self::SecretChanged => "the secret is not the one that telform last wrote, so it is sent",
            Self::Replaced => "it is part of the new object that replaces the old one",
            Self::InSync => "the YAML and the service have the same value",
            Self::NotMentioned => "the YAML does not state it: it is left alone and never compared",
            Self::Ignored => "`lifecycle.ignore` lists it: used to create the object, never compared after",
            Self::ReadOnly => "the service sets it; the YAML cannot set it",
            Self::OnlyOnCreate => "only used to create the object: it can neither be read nor changed later",
            Self::SecretUnchanged => "the secret is the one that telform last wrote",
            Self::SecretUnknown => {
                "telform has never written this secret and the service does not show it, so it is not known whether it differs; `--rewrite-secret` writes it"
            }
            Self::SecretNotSupplied => "the secret is not supplied here, so it is not compared",
            Self::Pending => "it was already sent and waits to be confirmed; sending it again would only send another mail",
            Self::Reshaped => "the service stores it in its own form; it is not sent again",
            Self::Dropped => "it does not apply here: the service ignores it because of the value of another attribute",
            Self::NotShown => "the service does not show it, or shows only part of it, so it cannot be compared",
            Self::Echoed => {
                "the service shows one of your secrets in it: it is masked and not compared; `--resend` writes the value from the YAML"
            }
            Self::Refused => "this API cannot change it",
            Self::NotSent => "nothing needs to be sent for it",
            Self::NotSelected => "its object is not part of this run",
            Self::Waiting => "its object waits to be confirmed",
            Self::NotTaken => {
                "it was sent before, but the service still shows the old value; telform does not send it again automatically"
            }
            Self::ChangedSinceCreate => "another value was sent when the object was created, and telform sends it only on create",
            Self::Undecided => "its object has a refusal, so the attribute was not compared",
            Self::SecretDiffers => "the service shows a different secret than the configured one, so it is sent",
            Self::SecretUnreadable => {
                "telform wrote this secret, but its fingerprint was made with a key that is not available here, so it is not known whether it differs; `--rewrite-secret` writes it"
            }
        }
    }

    /// The same in a few words, for a list.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Created => "sent on create",
            Self::Differs => "differs",
            Self::SecretChanged => "changed in the configuration",
            Self::Replaced => "part of the new object",
            Self::InSync => "in sync",
            Self::NotMentioned => "not in the YAML, left alone",
            Self::Ignored => "ignored by lifecycle",
            Self::ReadOnly => "set by the service",
            Self::OnlyOnCreate => "only used on create",
            Self::SecretUnchanged => "as last written",
            Self::SecretUnknown => "unknown, not written",
            Self::SecretNotSupplied => "not supplied, not compared",
            Self::Pending => "pending verification",
            Self::Reshaped => "reshaped by the service",
            Self::Dropped => "ignored by the service",
            Self::NotShown => "not shown",
            Self::Echoed => "shows a secret, not compared",
            Self::Refused => "cannot be changed",
            Self::NotSent => "nothing to send",
            Self::NotSelected => "not part of this run",
            Self::Waiting => "waits with its object",
            Self::NotTaken => "not accepted by the service",
            Self::ChangedSinceCreate => "changed since the create, not sent",
            Self::Undecided => "not compared",
            Self::SecretDiffers => "differs from the one that the service shows",
            Self::SecretUnreadable => "unknown, not written",
        }
    }
}

pub(super) fn describe_type(ty: AttributeType) -> &'static str {
    match ty {
        AttributeType::Text => "a text",
        AttributeType::Secret => "a secret",
        AttributeType::Decimal => "a decimal number",
        AttributeType::Integer => "a whole number",
        AttributeType::Number => "a number",
        AttributeType::Bool => "true or false",
        AttributeType::List => "a list, owned as a whole",
        AttributeType::Map => "a map, owned as a whole",
        AttributeType::Reference(_) => "the address of another object, or its id",
        AttributeType::CatalogueEntry => "an entry of the catalogue",
        AttributeType::Numbers => "its numbers, owned as a whole",
        AttributeType::ServedBy => "what serves it; null for nothing",
        AttributeType::Opaque => "any value",
    }
}

pub(super) fn describe_access(access: AttributeAccess) -> &'static str {
    match access {
        AttributeAccess::Modifiable => "can be changed at any time",
        AttributeAccess::CreateOnly => "set only on create",
        AttributeAccess::Replace => "a change needs a new object",
        AttributeAccess::ReadOnly => "set by the service",
        AttributeAccess::CarriedOver => "not set in the YAML; a replacement of its object gets it",
        AttributeAccess::Kept => "not set in the YAML; left as it is",
    }
}

pub(super) fn describe_normaliser(normaliser: Normaliser) -> &'static str {
    match normaliser {
        Normaliser::Exact => "compared as written",
        Normaliser::EmptyIsNull => "compared without surrounding spaces; empty and null are the same",
        Normaliser::Decimal => "compared by its decimal value",
        Normaliser::Digits => "compared by its digits",
        Normaliser::Mail => "compared as a mail address, the domain in any case",
        Normaliser::Mails => "compared as a set of mail addresses",
        Normaliser::Catalogue => "compared by catalogue entry",
        Normaliser::Collection => "compared key by key; empty and null are the same",
        Normaliser::Set => "compared as a set; empty and null are the same",
        Normaliser::Time => "compared as a time of day",
    }
}

/// How a difference is carried out; nothing for what is never changed.
pub(super) fn describe_update(kind: &Kind, field: &Field, put: bool) -> Option<&'static str> {
    match (field.access, field.ty, kind.update) {
        (
            AttributeAccess::CreateOnly | AttributeAccess::ReadOnly | AttributeAccess::CarriedOver | AttributeAccess::Kept,
            _,
            _,
        ) => None,
        (AttributeAccess::Replace, _, _) => Some("by replacing the object"),
        (AttributeAccess::Modifiable, AttributeType::ServedBy, _) if kind.link.is_some_and(|link| link.replaces()) => {
            Some("by one PATCH")
        }
        (AttributeAccess::Modifiable, AttributeType::Numbers | AttributeType::ServedBy, _) => Some("by connect and disconnect"),
        (_, _, UpdateMethod::PatchOrPut { .. }) if put => Some("by PUT, because the entry says `update: put`"),
        (_, _, UpdateMethod::PatchOrPut { .. } | UpdateMethod::Patch) => Some("by PATCH"),
    }
}
