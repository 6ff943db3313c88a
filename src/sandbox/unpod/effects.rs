//! Changes that both profiles make in the same way, and that a foreign edit also makes.

use super::super::world::{NumberState, SimulatedConfiguration, SimulatedLink, UnpodWorld, World};

/// Puts a number on a bridge, or changes the configuration of its connection.
pub(in super::super) fn put_on(world: &mut World, bridge: &str, number: &str, configuration: Option<u64>) {
    let unpod = &mut world.unpod;
    let Some(bridge) = unpod.bridges.iter_mut().find(|b| b.slug == bridge) else { return };
    match bridge.numbers.get_mut(number) {
        Some(link) => link.configuration = configuration,
        None => {
            let id = unpod.next_ids.link;
            unpod.next_ids.link += 1;
            bridge.numbers.insert(number.to_owned(), SimulatedLink::to_configuration(id, configuration));
        }
    }
    if let Some(row) = unpod.numbers.iter_mut().find(|n| n.number == number) {
        row.state = NumberState::Assigned;
    }
}

/// Takes a number off a bridge and makes it free.
pub(in super::super) fn take_off(world: &mut World, bridge: &str, number: &str) {
    if let Some(place) = world.unpod.bridges.iter().position(|b| b.slug == bridge) {
        take_off_at(&mut world.unpod, place, number);
    }
}

/// The same for the bridge at this position.
pub(super) fn take_off_at(unpod: &mut UnpodWorld, place: usize, number: &str) {
    if unpod.bridges[place].numbers.shift_remove(number).is_some() {
        set_free(unpod, number);
    }
}

/// Deletes a configuration; its connections keep bridge and number, without a configuration (section 5.3, recorded).
pub(in super::super) fn drop_configuration(unpod: &mut UnpodWorld, id: u64) {
    unpod.configurations.retain(|c| c.id != id);
    for link in unpod.bridges.iter_mut().flat_map(|b| b.numbers.values_mut()) {
        if link.configuration == Some(id) {
            link.configuration = None;
        }
    }
}

/// Deletes a bridge and frees its numbers (section 6.3, recorded).
pub(in super::super) fn drop_bridge(unpod: &mut UnpodWorld, id: u64) {
    let Some(place) = unpod.bridges.iter().position(|b| b.id == id) else { return };
    let bridge = unpod.bridges.remove(place);
    for number in bridge.numbers.keys() {
        set_free(unpod, number);
    }
}

/// A freed number goes to the end of its list when rows move at all (section 8, recorded).
fn set_free(unpod: &mut UnpodWorld, number: &str) {
    if let Some(place) = unpod.numbers.iter().position(|n| n.number == number) {
        unpod.numbers[place].state = NumberState::NotAssigned;
        if unpod.knobs.changed_rows_move {
            let row = unpod.numbers.remove(place);
            unpod.numbers.push(row);
        }
    }
}

/// Sets one text field of a configuration; false when no such field exists.
pub(in super::super) fn set_text(configuration: &mut SimulatedConfiguration, field: &str, value: Option<String>) -> bool {
    let place = match field {
        "account_sid" => &mut configuration.account_sid,
        "auth_token" => &mut configuration.auth_token,
        "name" => &mut configuration.name,
        "api_key" => &mut configuration.api_key,
        "api_secret" => &mut configuration.api_secret,
        "base_url" => &mut configuration.base_url,
        "sip_url" => &mut configuration.sip_url,
        "provider" => {
            configuration.provider = value.unwrap_or_default();
            return true;
        }
        _ => return false,
    };
    *place = value;
    true
}

/// Moves a changed row to the end of its list, as the recorded database does (section 11).
pub(super) fn move_changed_row<T>(rows: &mut Vec<T>, place: usize, moves: bool) {
    if moves && place < rows.len() {
        let row = rows.remove(place);
        rows.push(row);
    }
}
