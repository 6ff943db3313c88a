//! Plans of many changes, each beside one of a tenth as many: that is the floor of the larger one, in the same
//! run. The services are the simulators, in this process; telform is a process of its own.

use std::fmt::Write as _;
use std::fs;
use std::net::Ipv4Addr;

use serde_json::{Map, Value, json};
use telform::sandbox::{Sandbox, World};

use crate::measure::{Cost, apart, median};
use crate::world::{PASSWORD, TOKEN};
use crate::{RUNS, say, telform};

/// The world and the YAML below the accounts, for so many changes.
type Made = fn(usize) -> (Value, String);

/// Prints a line for each sort of change.
pub(crate) async fn all() {
    say("| plan | CPU | peak memory | plan file, each | ratio to a tenth of them: CPU, peak, file |");
    say("| --- | --- | --- | --- | --- |");
    let cases: [(&str, usize, Made); 3] =
        [("bridges deleted", 300, deletes), ("numbers moved", 1000, moves), ("partners created", 2000, creates)];
    for (name, count, made) in cases {
        for count in [count, count * 10] {
            let (few, many) = (of(made, count / 10).await, of(made, count).await);
            let ratios = [many.0.cpu / few.0.cpu, many.0.peak / few.0.peak, many.1 as f64 / few.1 as f64];
            let [cpu, peak, bytes] = ratios.map(|ratio| format!("{ratio:.1}"));
            say(&format!(
                "| {count} {name} | {:.0} ms | {:.0} MB | {} bytes | {cpu}, {peak}, {bytes} |",
                many.0.cpu,
                many.0.peak,
                many.1 / count as u64
            ));
        }
    }
}

/// The median cost of a plan, and the bytes of its file.
async fn of(made: Made, count: usize) -> (Cost, u64) {
    let dir = tempfile::tempdir().expect("a folder");
    let path = |name: &str| dir.path().join(name).display().to_string();
    let (world, body) = made(count);
    let mut world = World::from_yaml(&world.to_string()).expect("a world");
    let token = vec!["token-of-the-bench".to_owned()];
    (world.unpod.tokens, world.carrierx.tokens) = (token.clone(), token);
    let sandbox = Sandbox::start_on(world, (Ipv4Addr::LOCALHOST, 0).into()).await.expect("a sandbox");
    let head = format!(
        "version: 1\naccounts:\n  unpod: {{ api: unpod, base_url: \"{}\", org_handle: acme.example, token: {{ env: {TOKEN} }} }}\n  carrierx: {{ api: carrierx, base_url: \"{}\", token: {{ env: {TOKEN} }} }}\n",
        sandbox.unpod_url(),
        sandbox.carrierx_url()
    );
    let guards = "guards: { max_deletes: 100000, max_delete_percent: 100, max_update_percent: 100, max_numbers_dark: 100000 }\n";
    fs::write(path("telform.yaml"), format!("{head}{guards}{body}")).expect("a file");
    let args = ["plan", "-f", &path("telform.yaml"), "--ledger", &path("ledger.json"), "--out", &path("plan.json")];
    let args: Vec<String> = std::iter::once(telform()).chain(args.map(str::to_owned)).collect();
    let mut costs = Vec::new();
    for _ in 0..RUNS {
        let cost = apart(&args).await;
        assert!(cost.code == 0, "the plan of {count} ended with {}", cost.code);
        costs.push(cost);
    }
    let of = |part: fn(&Cost) -> f64| median(costs.iter().map(part).collect());
    let cost = Cost { cpu: of(|it| it.cpu), peak: of(|it| it.peak), ..costs[0] };
    (cost, fs::metadata(path("plan.json")).expect("a plan").len())
}

fn number(index: usize) -> String {
    format!("+1415{index:07}")
}

fn bridges(count: usize, each: usize) -> Value {
    let numbers: Vec<Value> = (0..count * each).map(|it| json!({ "id": 100_000 + it, "number": number(it) })).collect();
    let bridge = |index: usize| {
        let served: Map<String, Value> = (index * each..(index + 1) * each).map(|it| (number(it), 41.into())).collect();
        json!({ "id": 300 + index, "slug": format!("line-{index:05}"), "name": format!("Line {index}"), "numbers": served })
    };
    json!({ "unpod": {
        "knobs": { "bridge_get": "configuration_id" },
        "configurations": [
            { "id": 41, "provider": "twilio", "account_sid": "AC41", "auth_token": "old" },
            { "id": 42, "provider": "plivo", "account_sid": "MA42", "auth_token": "new" },
        ],
        "numbers": numbers,
        "bridges": (0..count).map(bridge).collect::<Vec<_>>(),
    } })
}

fn deletes(count: usize) -> (Value, String) {
    let mut body = "removed:\n".to_owned();
    for index in 0..count {
        writeln!(body, "  - {{ address: bridges.line-{index:05}, slug: line-{index:05} }}").expect("a text takes everything");
    }
    (bridges(count, 1), body)
}

fn moves(count: usize) -> (Value, String) {
    let mut body = "providers:\n  new: { id: '42', provider: plivo, account_sid: MA42 }\nbridges:\n".to_owned();
    for bridge in 0..count / 10 {
        writeln!(body, "  line-{bridge:05}:\n    slug: line-{bridge:05}\n    numbers:").expect("a text takes everything");
        for index in bridge * 10..bridge * 10 + 10 {
            writeln!(body, "      \"{}\": {{ provider: new }}", number(index)).expect("a text takes everything");
        }
    }
    (bridges(count / 10, 10), body)
}

fn creates(count: usize) -> (Value, String) {
    let mut body = "partners:\n".to_owned();
    for index in 0..count {
        write!(
            body,
            "  p{index:06}:\n    login: partner-{index:06}\n    password: {{ env: {PASSWORD} }}\n    name: Partner {index}\n    company_name: Acme\n    country_code: USA\n    zip: \"90804\"\n    owner_email: ops{index}@reseller.example\n    phonenumber: \"1516{index:07}\"\n    payment_type: postpay\n    city: Long Beach\n"
        )
        .expect("a text takes everything");
    }
    (json!({}), body)
}
