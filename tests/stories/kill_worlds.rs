//! The worlds of the kill points. Together they use every kind of step.

use crate::bench::Story;

/// A world, a configuration that was applied, and the one whose apply is killed.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) world: &'static str,
    /// Writes `telform.yaml` with this body.
    pub(crate) write: fn(&Story, &str),
    pub(crate) before: &'static str,
    pub(crate) after: &'static str,
    /// Writes of the undisturbed run.
    pub(crate) writes: usize,
    /// Whether one of them creates something that cannot be looked up.
    pub(crate) hidden: bool,
}

pub(crate) const CASES: [Case; 7] = [
    // Create and patch of a configuration and a bridge, replacement of a configuration with its numbers moved, connect,
    // disconnect, read back, delete of a configuration and of a bridge.
    Case {
        name: "generation 2",
        world: "
unpod:
  configurations:
    - { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-one-61 }
    - { id: 44, provider: plivo, account_sid: MA44, auth_token: canary-one-61 }
  numbers:
    - { number: '+14155550101' }
    - { number: '+14155550102' }
    - { number: '+14155550103' }
    - { number: '+14155550104' }
  bridges:
    - { id: 301, slug: sales, name: Sales, numbers: { '+14155550101': 42 } }
    - { id: 302, slug: fax, name: Fax, numbers: { '+14155550102': 42 } }
    - { id: 303, slug: away, name: Away }
",
        write: |story, body| story.unpod(body),
        before: "
providers:
  old: { provider: plivo, account_sid: MA42, auth_token: { env: ONE } }
  main: { provider: twilio, account_sid: AC43, auth_token: { env: ONE } }
  gone: { provider: plivo, account_sid: MA44, auth_token: { env: ONE } }
bridges:
  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: old } } }
  fax: { slug: fax, name: Fax, numbers: { '+14155550102': { provider: old }, '+14155550104': { provider: main } } }
  away: { slug: away, name: Away }
",
        after: "
guards: { max_deletes: 3, max_numbers_dark: 1 }
providers:
  old: { provider: exotel, account_sid: EX99, auth_token: { env: ONE } }
  main: { provider: twilio, account_sid: AC43, auth_token: { env: TWO } }
bridges:
  sales: { slug: sales, name: Sales West, numbers: { '+14155550101': { provider: old } } }
  fax: { slug: fax, name: Fax, numbers: { '+14155550102': { provider: old } } }
  fresh: { slug: fresh, name: Fresh, numbers: { '+14155550103': { provider: main } } }
",
        writes: 13,
        hidden: false,
    },
    // The same for the older generation, which can be configured to disconnect.
    Case {
        name: "generation 1",
        world: "
unpod:
  profile: g1-snapshot
  knobs: { disconnect_repaired: true }
  configurations:
    - { id: 41, provider: Vapi, name: main, api_key: canary-one-61, api_secret: '' }
    - { id: 42, provider: LiveKit, name: spare, api_key: canary-one-61, api_secret: '', base_url: https://lk.example.net }
  numbers:
    - { id: 501, number: '+14155550101' }
    - { id: 502, number: '+14155550102' }
    - { id: 503, number: '+14155550103' }
  bridges:
    - { id: 301, slug: sales, name: Sales, product_id: prod, numbers: { '+14155550101': 41, '+14155550102': 42 } }
    - { id: 302, slug: away, name: Away, product_id: prod }
",
        write: |story, body| story.unpod_with("product_id: prod, all_products: true, disconnect_works: true, ", body),
        before: "
providers:
  main: { name: main, provider: Vapi, api_key: { env: ONE } }
  spare: { name: spare, provider: LiveKit, api_key: { env: ONE }, base_url: https://lk.example.net }
bridges:
  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: main }, '+14155550102': { provider: spare } } }
  away: { slug: away, name: Away }
",
        after: "
guards: { max_deletes: 2, max_numbers_dark: 1 }
providers:
  main: { name: main, provider: Vapi, api_key: { env: TWO } }
  new: { name: new one, provider: Vapi, api_key: { env: ONE } }
bridges:
  sales: { slug: sales, name: Sales West, numbers: { '+14155550101': { provider: new } } }
  fresh: { slug: fresh, name: Fresh, region: EU, numbers: { '+14155550103': { provider: main } } }
",
        writes: 10,
        hidden: false,
    },
    // PATCH with a nested value replaced, PUT, delete of a partner, and a new one that waits for its owner.
    Case {
        name: "partners",
        world: "
carrierx:
  knobs: { delete: no_content }
  partners:
    - { partner_sid: 3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410, login: west, name: West, company_name: Acme, country_code: USA, zip: '01234', owner_email: w@acme.example, phonenumber: '15162065574', payment_type: postpay, attributes: { tier: gold, desk: north } }
    - { partner_sid: 7a9d2f10-44c8-4f0e-8a1b-5d3c9e6b2f01, login: east, name: East, company_name: Acme, country_code: USA, zip: '01234', owner_email: e@acme.example, tech_email: t@acme.example, billing_email: b@acme.example, phonenumber: '15162065574', payment_type: postpay, city: Compton }
    - { partner_sid: 9c1e7b33-0d52-4b9c-b6f7-2f4a8d7c6e05, login: gone, name: Gone, company_name: Acme, country_code: USA, zip: '01234', owner_email: g@acme.example, phonenumber: '15162065574', payment_type: postpay }
",
        write: |story, body| story.carrierx_with("partner_delete: true, ", body),
        before: "
partners:
  west: { login: west, password: { env: PASS }, name: West, company_name: Acme, country_code: USA, zip: '01234', owner_email: w@acme.example, phonenumber: '15162065574', payment_type: postpay, attributes: { tier: gold, desk: north } }
  east: { login: east, password: { env: PASS }, name: East, company_name: Acme, country_code: USA, zip: '01234', owner_email: e@acme.example, tech_email: t@acme.example, billing_email: b@acme.example, phonenumber: '15162065574', payment_type: postpay, city: Compton, update: put }
  gone: { login: gone, password: { env: PASS }, name: Gone, company_name: Acme, country_code: USA, zip: '01234', owner_email: g@acme.example, phonenumber: '15162065574', payment_type: postpay }
",
        after: "
guards: { max_deletes: 1 }
partners:
  west: { login: west, password: { env: PASS }, name: West, company_name: Acme, country_code: USA, zip: '01234', owner_email: w@acme.example, phonenumber: '15162065574', payment_type: postpay, attributes: { tier: silver } }
  east: { login: east, password: { env: PASS }, name: East, company_name: Acme, country_code: USA, zip: '01234', owner_email: e@acme.example, tech_email: t@acme.example, billing_email: b@acme.example, phonenumber: '15162065574', payment_type: postpay, city: Long Beach, update: put }
  new: { login: new, password: { env: PASS }, name: New, company_name: Acme, country_code: USA, zip: '01234', owner_email: n@acme.example, phonenumber: '15162065574', payment_type: postpay }
",
        writes: 4,
        hidden: true,
    },
    // Updates without a secret of objects that the ledger knows: one teaches it nothing, so that it is not saved after it; of the
    // other a value waits for verification.
    Case {
        name: "updates",
        world: "
carrierx:
  partners:
    - { partner_sid: 3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410, login: west, name: West, company_name: Acme, country_code: USA, zip: '01234', owner_email: w@acme.example, phonenumber: '15162065574', payment_type: postpay, city: Compton }
    - { partner_sid: 7a9d2f10-44c8-4f0e-8a1b-5d3c9e6b2f01, login: east, name: East, company_name: Acme, country_code: USA, zip: '01234', owner_email: e@acme.example, phonenumber: '15162065574', payment_type: postpay, city: Compton }
",
        write: |story, body| story.carrierx(body),
        before: "
partners:
  west: { login: west, password: { env: PASS }, name: West, company_name: Acme, country_code: USA, zip: '01234', owner_email: w@acme.example, phonenumber: '15162065574', payment_type: postpay, city: Compton }
  east: { login: east, password: { env: PASS }, name: East, company_name: Acme, country_code: USA, zip: '01234', owner_email: e@acme.example, phonenumber: '15162065574', payment_type: postpay, city: Compton }
",
        after: "
partners:
  west: { login: west, password: { env: PASS }, name: West, company_name: Acme, country_code: USA, zip: '01234', owner_email: w@acme.example, phonenumber: '15162065574', payment_type: postpay, city: Long Beach }
  east: { login: east, password: { env: PASS }, name: East, company_name: Acme, country_code: USA, zip: '01234', owner_email: e@acme.example, tech_email: t@acme.example, phonenumber: '15162065574', payment_type: postpay, city: Long Beach }
",
        writes: 2,
        hidden: false,
    },
    // A configuration and its bridge move to another account: created there, the number disconnected here and connected there,
    // deleted here.
    Case {
        name: "a move between accounts",
        world: "
unpod:
  organizations: [ { handle: one.example, name: One }, { handle: two.example, name: Two } ]
  configurations:
    - { id: 42, provider: twilio, account_sid: AC42, auth_token: canary-one-61, organization: one.example }
    - { id: 43, provider: plivo, account_sid: MA43, auth_token: canary-two-62, organization: two.example }
  numbers: [ { id: 501, number: '+14155550101', organization: null } ]
  bridges:
    - { id: 301, slug: sales, name: Sales, organization: one.example, numbers: { '+14155550101': 42 } }
    - { id: 302, slug: there, name: There, organization: two.example, numbers: {} }
",
        write: crate::accounts::both,
        before: "
providers:
  a: { account: one, provider: twilio, account_sid: AC42, auth_token: { env: ONE } }
bridges:
  sales: { account: one, slug: sales, name: Sales, numbers: { '+14155550101': { provider: a } } }
",
        after: "
guards: { max_deletes: 2 }
moved:
  - { from: providers.a, account: one, to: providers.a }
  - { from: bridges.sales, account: one, to: bridges.sales }
providers:
  a: { account: two, provider: twilio, account_sid: AC42, auth_token: { env: ONE } }
bridges:
  sales: { account: two, slug: sales, name: Sales, numbers: { '+14155550101': { provider: a } } }
",
        writes: 6,
        hidden: false,
    },
    // A bridge of the older generation with another slug keeps its numbers: deleted, recreated, connected. One of its numbers
    // moves to a configuration that is new.
    Case {
        name: "a take-over",
        world: "
unpod:
  profile: g1-snapshot
  configurations:
    - { id: 41, provider: Vapi, name: main, api_key: canary-one-61, api_secret: '' }
  numbers:
    - { id: 501, number: '+14155550101' }
    - { id: 502, number: '+14155550102' }
  bridges:
    - { id: 301, slug: sales, name: Sales, product_id: prod, numbers: { '+14155550101': 41, '+14155550102': 41 } }
",
        write: |story, body| story.unpod_with("product_id: prod, all_products: true, ", body),
        before: "
providers:
  main: { name: main, provider: Vapi, api_key: { env: ONE } }
bridges:
  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: main }, '+14155550102': { provider: main } } }
",
        after: "
guards: { max_deletes: 1 }
providers:
  main: { name: main, provider: Vapi, api_key: { env: ONE } }
  new: { name: new one, provider: Vapi, api_key: { env: TWO } }
bridges:
  sales: { slug: retail, name: Sales, numbers: { '+14155550101': { provider: main }, '+14155550102': { provider: new } } }
",
        writes: 5,
        hidden: false,
    },
    // A partner below another one, both new, and such a pair that goes.
    Case {
        name: "a family",
        world: "
carrierx:
  knobs: { delete: no_content }
  partners:
    - { partner_sid: 9c1e7b33-0d52-4b9c-b6f7-2f4a8d7c6e05, login: gone, name: Gone, company_name: Acme, country_code: USA, zip: '01234', owner_email: g@acme.example, phonenumber: '15162065574', payment_type: postpay }
    - { partner_sid: 3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410, login: lost, name: Lost, company_name: Acme, country_code: USA, zip: '01234', owner_email: l@acme.example, phonenumber: '15162065574', payment_type: postpay, parent_sid: 9c1e7b33-0d52-4b9c-b6f7-2f4a8d7c6e05 }
",
        write: |story, body| story.carrierx_with("partner_delete: true, ", body),
        before: "
partners:
  gone: { login: gone, password: { env: PASS }, name: Gone, company_name: Acme, country_code: USA, zip: '01234', owner_email: g@acme.example, phonenumber: '15162065574', payment_type: postpay }
  lost: { login: lost, password: { env: PASS }, name: Lost, company_name: Acme, country_code: USA, zip: '01234', owner_email: l@acme.example, phonenumber: '15162065574', payment_type: postpay, parent_sid: partners.gone }
",
        after: "
guards: { max_deletes: 2 }
partners:
  branch: { login: branch, password: { env: PASS }, name: Branch, company_name: Acme, country_code: USA, zip: '01234', owner_email: b@acme.example, phonenumber: '15162065574', payment_type: postpay, parent_sid: partners.new }
  new: { login: new, password: { env: PASS }, name: New, company_name: Acme, country_code: USA, zip: '01234', owner_email: n@acme.example, phonenumber: '15162065574', payment_type: postpay }
",
        writes: 4,
        hidden: true,
    },
];
