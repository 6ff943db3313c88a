//! The floor: what a program costs that only fetches, parses and compares. It knows nothing about kinds, errors, secrets,
//! guards or places, and keeps every value as it comes.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use reqwest::Client;
use serde_json::{Map, Value, json};

use crate::server::PAGE;
use crate::world::TOKEN;

/// Pages in flight.
const IN_FLIGHT: usize = 10;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Plans: prints how many partners differ.
pub(crate) async fn plan(folder: &Path, url: &str) -> Result<(), Error> {
    let client = client();
    let found = differing(&client, folder, url).await?;
    println_out(&format!("{} differ", found.len()));
    Ok(())
}

/// Plans, then sends what differs, so many at once.
pub(crate) async fn apply(folder: &Path, url: &str, writes: usize) -> Result<(), Error> {
    let client = client();
    let found = differing(&client, folder, url).await?;
    send(&client, url, found, writes).await
}

/// The same with what telform's contract asks for besides: each object is read right before its write, and all is read and
/// compared once more at the end.
pub(crate) async fn contract(folder: &Path, url: &str, writes: usize) -> Result<(), Error> {
    let client = client();
    let found = differing(&client, folder, url).await?;
    let done = stream::iter(found).map(|(sid, body)| {
        let client = &client;
        async move {
            let address = format!("{url}/partners/{sid}");
            let answer = client.get(address).bearer_auth(token()).send().await?.error_for_status()?;
            serde_json::from_slice::<Value>(&answer.bytes().await?)?;
            patch(client, url, sid, body).await
        }
    });
    let done: Vec<Value> = done.buffer_unordered(writes).try_collect().await?;
    let left = differing(&client, folder, url).await?.len();
    println_out(&format!("{} sent, {left} differ", done.len()));
    Ok(())
}

/// Sends the same field to every hundredth of so many partners, so many at once: what a write costs, and nothing else.
pub(crate) async fn patches(url: &str, partners: usize, writes: usize) -> Result<(), Error> {
    let changed = (0..partners).filter(|index| crate::world::is_changed(*index));
    let found = changed.map(|index| (crate::world::sid(index), json!({"company_name": format!("Reseller {index}")})));
    send(&client(), url, found.collect(), writes).await
}

async fn send(client: &Client, url: &str, found: Vec<(String, Value)>, writes: usize) -> Result<(), Error> {
    let sent = stream::iter(found).map(|(sid, body)| patch(client, url, sid, body));
    let done: Vec<Value> = sent.buffer_unordered(writes).try_collect().await?;
    println_out(&format!("{} sent", done.len()));
    Ok(())
}

async fn patch(client: &Client, url: &str, sid: String, body: Value) -> Result<Value, Error> {
    let answer = client.patch(format!("{url}/partners/{sid}")).bearer_auth(token()).json(&body).send().await?;
    Ok(serde_json::from_slice(&answer.error_for_status()?.bytes().await?)?)
}

/// Plans numbers at the page size of their service (telnyx.md 3): prints how many are connected to something else than the YAML wants.
pub(crate) async fn numbers(folder: &Path, url: &str) -> Result<(), Error> {
    let client = client();
    let connections = rows_of(&client, url, "credential_connections", 1).await?;
    let named = connections["data"].as_array().into_iter().flatten();
    let ids: HashMap<&str, &Value> = named.filter_map(|row| Some((row["connection_name"].as_str()?, &row["id"]))).collect();
    let first = rows_of(&client, url, "phone_numbers", 1).await?;
    let pages = first["meta"]["total_pages"].as_u64().unwrap_or_default();
    let rest: Vec<Value> = stream::iter(2..=pages)
        .map(|page| rows_of(&client, url, "phone_numbers", page))
        .buffer_unordered(IN_FLIGHT)
        .try_collect()
        .await?;
    let rows = std::iter::once(&first).chain(&rest).flat_map(|page| page["data"].as_array().into_iter().flatten());
    let live: HashMap<&str, &Value> = rows.filter_map(|row| Some((row["phone_number"].as_str()?, row))).collect();
    let mut found = 0;
    for file in fs::read_dir(folder)? {
        let wanted = yaml(&fs::read_to_string(file?.path())?)?;
        for (_, number) in wanted["phone_numbers"].as_object().into_iter().flatten() {
            let row = number["phone_number"].as_str().and_then(|number| live.get(number));
            let wanted = number["connection"].as_str().and_then(|name| ids.get(name));
            found += usize::from(row.map(|row| &row["connection_id"]) != wanted.copied());
        }
    }
    println_out(&format!("{found} differ"));
    Ok(())
}

async fn rows_of(client: &Client, url: &str, what: &str, page: u64) -> Result<Value, Error> {
    let address = format!("{url}/{what}?page%5Bnumber%5D={page}&page%5Bsize%5D=250");
    let answer = client.get(address).bearer_auth(token()).send().await?.error_for_status()?;
    Ok(serde_json::from_slice(&answer.bytes().await?)?)
}

fn client() -> Client {
    Client::builder().no_proxy().build().expect("a client")
}

fn token() -> String {
    std::env::var(TOKEN).unwrap_or_default()
}

async fn page(client: &Client, url: &str, offset: usize) -> Result<Value, Error> {
    let address = format!("{url}/partners?limit={PAGE}&offset={offset}&order=partner_sid%20asc");
    let answer = client.get(address).bearer_auth(token()).send().await?.error_for_status()?;
    Ok(serde_json::from_slice(&answer.bytes().await?)?)
}

/// Partners that differ, each with what would be sent.
async fn differing(client: &Client, folder: &Path, url: &str) -> Result<Vec<(String, Value)>, Error> {
    let first = page(client, url, 0).await?;
    let total = first["total"].as_u64().unwrap_or_default() as usize;
    let rest: Vec<Value> = stream::iter((PAGE..total).step_by(PAGE))
        .map(|offset| page(client, url, offset))
        .buffer_unordered(IN_FLIGHT)
        .try_collect()
        .await?;
    let mut live: HashMap<&str, &Map<String, Value>> = HashMap::new();
    for page in std::iter::once(&first).chain(&rest) {
        for row in page["items"].as_array().into_iter().flatten().filter_map(Value::as_object) {
            live.insert(row["login"].as_str().unwrap_or_default(), row);
        }
    }
    let mut found = Vec::new();
    for file in fs::read_dir(folder)? {
        let text = fs::read_to_string(file?.path())?;
        let wanted = yaml(&text)?;
        for (_, partner) in wanted["partners"].as_object().into_iter().flatten() {
            let Some(row) = live.get(partner["login"].as_str().unwrap_or_default()) else { continue };
            let mut body = Map::new();
            for (name, value) in partner.as_object().into_iter().flatten() {
                if name != "password" && row.get(name) != Some(value) {
                    body.insert(name.clone(), value.clone());
                }
            }
            if !body.is_empty() {
                found.push((row["partner_sid"].as_str().unwrap_or_default().to_owned(), Value::Object(body)));
            }
        }
    }
    Ok(found)
}

/// YAML into generic values, without limits on its size.
fn yaml(text: &str) -> Result<Value, Error> {
    Ok(yaml_serde::from_str(text)?)
}

fn println_out(line: &str) {
    use std::io::Write as _;
    // The reader may be gone; there is nobody to tell then.
    let _ = writeln!(std::io::stdout(), "{line}");
}
