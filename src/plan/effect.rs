//! What a plan records in the ledger.

use serde::{Deserialize, Serialize};

use crate::model::resource::Address;

/// A change to the ledger that follows from reading alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerUpdate {
    /// An object gets another address. First in order, because the others use the new addresses.
    Rename {
        /// The address in the ledger.
        from: Address,
        /// The new address.
        to: Address,
    },
    /// An object that existed before becomes managed.
    Adopt {
        /// Its address.
        address: Address,
        /// Its account.
        account: String,
        /// Its identity.
        id: String,
    },
    /// An object whose create was interrupted is known by its id, from a pin or the journal; it is invisible until it is confirmed.
    AdoptHidden {
        /// Its address.
        address: Address,
        /// Its account.
        account: String,
        /// Its identity.
        id: String,
    },
    /// A number that was disconnected to be moved is connected, or is no longer wanted.
    MoveEnded {
        /// Its account.
        account: String,
        /// E.164.
        number: String,
    },
    /// An object is no longer managed; it is left as it is.
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
    /// An object no longer exists, so its entry is removed.
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
        /// Whether it is now protected.
        on: bool,
    },
    /// An account gets another name.
    RenameAccount {
        /// The name in the ledger.
        from: String,
        /// The new name.
        to: String,
    },
    /// An object is recorded under another name of its account.
    Follow {
        /// Its address.
        address: Address,
        /// The name.
        account: String,
    },
}

impl LedgerUpdate {
    /// The address concerned, by its new name.
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

    /// What it does, in words.
    pub fn describe(&self) -> String {
        match self {
            Self::Rename { from, to } => format!("rename {from} to {to}"),
            Self::Adopt { address, id, .. } | Self::AdoptHidden { address, id, .. } => format!("adopt {address} ({id})"),
            Self::MoveEnded { account, number } => format!("the move of {number} in {account} ended"),
            Self::Release { address, id, .. } => {
                format!("release {address}{}", id.as_ref().map(|id| format!(" ({id})")).unwrap_or_default())
            }
            Self::Drop { address } => format!("remove the entry of {address}, whose object no longer exists"),
            Self::Visible { address } => format!("{address} is visible"),
            Self::Confirmed { address, attribute } => format!("{address} {attribute} is confirmed"),
            Self::Protect { address, on: true } => format!("protect {address}"),
            Self::Protect { address, on: false } => format!("remove the protection of {address}"),
            Self::RenameAccount { from, to } => format!("rename account {from} to {to}"),
            Self::Follow { address, account } => format!("record {address} in account {account}"),
        }
    }

    /// Whether it changes what telform manages, under which address, or how it is protected. All other effects only
    /// record facts about objects whose management does not change.
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
