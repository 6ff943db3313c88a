//! How objects of a kind are changed, and whether they are deleted.

use super::{Field, Kind};

/// How an existing object is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateMethod {
    /// One PATCH with the changed attributes.
    Patch,
    /// One PATCH with the changed attributes; when a nested one is among them this query argument goes along and the
    /// value is complete (carrierx.md 6). PUT with the whole object on request.
    PatchOrPut {
        /// Name and value of the query argument.
        nested: (&'static str, &'static str),
    },
}

impl Kind {
    /// Null clears these attributes alone: the service refuses it for the others.
    pub const fn nullable(mut self, names: &'static [&'static str]) -> Self {
        self.nullable = Some(names);
        self
    }

    /// Whether a request can clear an attribute. An empty collection clears a nested one; whether null clears a part of a map is not
    /// documented, and tried.
    pub fn can_clear(&self, field: &Field) -> bool {
        field.is_nested() || field.name.contains('.') || self.nullable.is_none_or(|names| names.contains(&field.name))
    }
}

/// Whether an object can be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteSupport {
    /// DELETE on the member path.
    Supported,
    /// No documentation mentions a DELETE: it is refused unless the account sets this switch.
    Undocumented {
        /// The setting of the account that allows it.
        switch: &'static str,
    },
    /// No DELETE: a POST ends the object, which stays listed in another state ([`super::StateFilter::ended`]). It is refused unless
    /// the account sets this switch.
    Ends {
        /// The setting of the account that allows it.
        switch: &'static str,
        /// Path of the POST; `{id}` is the identity.
        path: &'static str,
        /// What it does, for people: `disable`.
        verb: &'static str,
        /// What becomes of the object, for people: `disabled`.
        word: &'static str,
        /// Whether it has numbers that only its own token shows, and that go dark with it.
        hides_numbers: bool,
    },
}

impl DeleteSupport {
    /// What a delete of the object does, for people.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Supported | Self::Undocumented { .. } => "delete",
            Self::Ends { verb, .. } => verb,
        }
    }

    /// The setting without which no account deletes an object of the kind, where there is one.
    pub const fn switch(self) -> Option<&'static str> {
        match self {
            Self::Supported => None,
            Self::Undocumented { switch } | Self::Ends { switch, .. } => Some(switch),
        }
    }

    /// Whether numbers that were not read may go dark with an object.
    pub const fn hides_numbers(self) -> bool {
        matches!(self, Self::Ends { hides_numbers: true, .. })
    }

    /// What becomes of an object that is not deleted but ended.
    pub const fn end_word(self) -> Option<&'static str> {
        match self {
            Self::Ends { word, .. } => Some(word),
            Self::Supported | Self::Undocumented { .. } => None,
        }
    }
}
