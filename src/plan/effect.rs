//! What the ledger learns from a plan.

use serde::{Deserialize, Serialize};

use crate::resource::Address;

/// Something that the ledger learns from reading alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerEffect {
    /// An object is known by another address. First in order, because the others speak of addresses as they are then.
    Rename {
        /// The address that the ledger knows.
        from: Address,
        /// The address that it has from now on.
        to: Address,
    },
    /// An object that was there before is managed from now on.
    Adopt {
        /// Its address.
        address: Address,
        /// Its account.
        account: String,
        /// Its identity.
        id: String,
    },
    /// An object whose create was cut off is pinned by its id; it is invisible until it is confirmed.
    AdoptHidden {
        /// Its address.
        address: Address,
        /// Its account.
        account: String,
        /// Its identity.
        id: String,
    },
    /// A number that was cut to be moved is connected, or nobody wants it any more.
    MoveEnded {
        /// Its account.
        account: String,
        /// E.164.
        number: String,
    },
    /// An object is no longer managed; it stays as it is.
    Release {
        /// Its address.
        address: Address,
        /// Its account, where the ledger knew the object.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
        /// Its identity, where the ledger knew the object.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
    /// An object is gone, so its entry goes too.
    Drop {
        /// Its address.
        address: Address,
    },
    /// An object that waited to be confirmed is visible now.
    Visible {
        /// Its address.
        address: Address,
    },
    /// A value that waited to be confirmed is visible now.
    Confirmed {
        /// Its address.
        address: Address,
        /// Which attribute.
        attribute: String,
    },
    /// `prevent_delete` changed in the YAML.
    Protect {
        /// Its address.
        address: Address,
        /// Whether it is protected now.
        on: bool,
    },
    /// An account is known by another name.
    RenameAccount {
        /// The name that the ledger knows.
        from: String,
        /// The name that it has from now on.
        to: String,
    },
    /// An object stands under another name of its account.
    Follow {
        /// Its address.
        address: Address,
        /// The name.
        account: String,
    },
}

impl LedgerEffect {
    /// The address that it is about, by the name that it has afterwards.
    pub fn address(&self) -> Option<&Address> {
        match self {
            Self::Rename { to: address, .. }
            | Self::Adopt { address, .. }
            | Self::AdoptHidden { address, .. }
            | Self::Release { address, .. }
            | Self::Drop { address }
            | Self::Visible { address }
            | Self::Confirmed { address, .. }
            | Self::Protect { address, .. }
            | Self::Follow { address, .. } => Some(address),
            Self::MoveEnded { .. } | Self::RenameAccount { .. } => None,
        }
    }

    /// Whether it changes what telform manages, by which address, or how it is protected. The rest is bookkeeping about
    /// objects that stay managed as they are.
    pub fn is_decision(&self) -> bool {
        !matches!(
            self,
            Self::MoveEnded { .. }
                | Self::Visible { .. }
                | Self::Confirmed { .. }
                | Self::RenameAccount { .. }
                | Self::Follow { .. }
        )
    }
}
