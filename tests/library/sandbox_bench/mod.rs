//! A simulator and a client that never follows a redirect, for the tests of the simulator itself.

#![allow(dead_code)] // each test file uses its part
use reqwest::{Client, Method, RequestBuilder, redirect::Policy};
use serde_json::{Value, json};
use telform::sandbox::*;

pub(crate) const SID: &str = "AC00000000000000000000000000000001";

/// A client that never follows a redirect.
pub(crate) fn client() -> Client {
    Client::builder().redirect(Policy::none()).no_proxy().build().unwrap()
}

pub(crate) struct Bench {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
}

impl Bench {
    pub(crate) async fn of(yaml: &str) -> Self {
        Self { sandbox: Sandbox::start(World::from_yaml(yaml).unwrap()).await, client: client() }
    }

    pub(crate) fn unpod(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}/{path}", self.sandbox.unpod_url()))
            .header("Authorization", format!("Token {}", self.sandbox.token()))
            .header("Org-Handle", "acme.example")
    }

    pub(crate) fn carrierx(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/{path}", self.sandbox.carrierx_url())).bearer_auth(self.sandbox.carrierx_token())
    }

    pub(crate) fn telnyx(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/{path}", self.sandbox.telnyx_url())).bearer_auth(self.sandbox.telnyx_token())
    }
}

/// Status and JSON body (null when there is none).
pub(crate) async fn sent(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or_default())
}

pub(crate) const TWO_CONFIGURATIONS: &str = "
unpod:
  configurations:
    - { id: 42, provider: twilio, account_sid: AC00000000000000000000000000000001, auth_token: one }
    - { id: 43, provider: Plivo, account_sid: MA1, auth_token: two }
  numbers:
    - { number: '+14155550103', provider: twilio }
  bridges:
    - { slug: sales, name: Sales, numbers: { '+14155550101': 42, '+14155550102': null } }
";

/// A body that creates a partner.
pub(crate) fn new_partner(login: &str) -> Value {
    json!({"login": login, "password": "hunter2-secret", "name": "West", "company_name": "Acme",
           "country_code": "USA", "zip": "01234", "owner_email": "ops@acme.example", "phonenumber": "15162065574",
           "payment_type": "postpay", "charge_at": 20, "parent_sid": ""})
}
