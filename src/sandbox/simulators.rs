//! Which services are simulated, and where a client finds each of them.

use super::fault::SimulatedService;
use super::server::Sandbox;

/// One simulated service.
#[derive(Debug)]
pub struct Simulator {
    /// The service's name for people.
    pub title: &'static str,
    /// The service's word in the YAML.
    pub api: &'static str,
    /// Its base URL.
    pub url: fn(&Sandbox) -> String,
    /// A token that it accepts.
    pub token: fn(&Sandbox) -> String,
    /// How faults name it.
    pub service: SimulatedService,
}

/// Every simulated service.
pub const SIMULATORS: &[Simulator] = &[
    Simulator { title: "Unpod", api: "unpod", url: Sandbox::unpod_url, token: Sandbox::token, service: SimulatedService::Unpod },
    Simulator {
        title: "CarrierX",
        api: "carrierx",
        url: Sandbox::carrierx_url,
        token: Sandbox::carrierx_token,
        service: SimulatedService::Carrierx,
    },
    Simulator {
        title: "Telnyx",
        api: "telnyx",
        url: Sandbox::telnyx_url,
        token: Sandbox::telnyx_token,
        service: SimulatedService::Telnyx,
    },
];

/// The simulator of a service; `None` where it has none.
pub fn simulator_of(api: &str) -> Option<&'static Simulator> {
    SIMULATORS.iter().find(|simulator| simulator.api == api)
}
