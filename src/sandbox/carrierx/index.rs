//! Indexes over the list of partners, so that no request scans all of them unnecessarily: a list page of a
//! 100,000-partner world is taken from an order that was computed once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::super::world::CarrierxWorld;

/// Positions of partners by sid, the logins in use, and the last listing.
#[derive(Debug, Default)]
pub(in super::super) struct PartnerIndex {
    known: Option<IndexedPartners>,
    listing: Option<(String, Arc<Vec<usize>>)>,
}

#[derive(Debug)]
struct IndexedPartners {
    places: HashMap<String, usize>,
    logins: HashSet<String>,
}

impl PartnerIndex {
    /// To be called after any change that did not come through this module's owner.
    pub(in super::super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// To be called after a partner's fields changed, which moves no partner but may reorder a listing.
    pub(super) fn changed(&mut self) {
        self.listing = None;
    }

    /// To be called after a partner was added at the end.
    pub(super) fn added(&mut self, world: &CarrierxWorld) {
        self.changed();
        if let (Some(known), Some(partner)) = (&mut self.known, world.partners.last()) {
            known.places.insert(partner.sid().to_owned(), world.partners.len() - 1);
            known.logins.insert(partner.text("login").to_owned());
        }
    }

    /// Position of the partner with this sid.
    pub(super) fn place(&mut self, world: &CarrierxWorld, sid: &str) -> Option<usize> {
        self.known(world).places.get(sid).copied()
    }

    /// Whether some partner, visible or not, has this login.
    pub(super) fn has_login(&mut self, world: &CarrierxWorld, login: &str) -> bool {
        self.known(world).logins.contains(login)
    }

    /// The positions of the listing with this key, computed when the key differs from the last one.
    pub(super) fn listing(&mut self, key: &str, work_out: impl FnOnce() -> Vec<usize>) -> Arc<Vec<usize>> {
        if let Some((last, places)) = &self.listing
            && last == key
        {
            return places.clone();
        }
        let places = Arc::new(work_out());
        self.listing = Some((key.to_owned(), places.clone()));
        places
    }

    fn known(&mut self, world: &CarrierxWorld) -> &IndexedPartners {
        self.known.get_or_insert_with(|| IndexedPartners {
            places: world.partners.iter().enumerate().map(|(place, p)| (p.sid().to_owned(), place)).collect(),
            logins: world.partners.iter().map(|p| p.text("login").to_owned()).collect(),
        })
    }
}
