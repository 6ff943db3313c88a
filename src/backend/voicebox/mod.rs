//! A made-up service, the worked example of CONTRIBUTING.md: mailboxes that are listed at once, made, changed and deleted.
//! It is built for tests only; `src/cli/third_service.rs` runs it against a server.

use crate::kind::{Backend, Delete, Field, Kind, List, Normaliser, Reading, Type, Update};

/// The service.
pub static BACKEND: Backend = Backend {
    api: "voicebox",
    title: "Voicebox",
    base_url: "https://voicebox.example",
    auth_scheme: "Bearer",
    kinds: &[&MAILBOXES],
    requests_per_minute: 60,
    reads_in_flight: 2,
    writes_in_flight: 1,
    organization: false,
    owner: &[],
    generations: &[],
    refuses_with: None,
    repeats_throttled_post: false,
    html_404_is_no_path: false,
    gone_in_400: None,
    reading: Reading::ByKind,
};

/// Mailboxes.
static MAILBOXES: Kind = Kind {
    name: "mailboxes",
    singular: "mailbox",
    generation: None,
    collection: "v1/mailboxes",
    member: "v1/mailboxes/{id}",
    id: "id",
    numeric_id: true,
    natural_key: &["extension"],
    fields: &[
        Field::new("extension", Type::Text)
            .required()
            .create_only()
            .compared(Normaliser::Digits)
            .doc("Number that it answers; the natural key.", "voicebox.md 1"),
        Field::new("name", Type::Text).required().doc("Who it belongs to.", "voicebox.md 1"),
        Field::new("pin", Type::Secret)
            .required()
            .doc("Digits that open it; never read back.", "voicebox.md 1"),
        Field::new("greeting", Type::Text).doc("Text that is read to callers.", "voicebox.md 1"),
        Field::new("active", Type::Bool).doc("Whether it answers.", "voicebox.md 1"),
        Field::new("notify", Type::List).doc("Addresses that get a mail.", "voicebox.md 1"),
        Field::new("created_at", Type::Text).read_only().doc("When it was made.", "voicebox.md 1"),
    ],
    beside: &[],
    update: Update::Patch,
    delete: Delete::Supported,
    list: List::Whole,
    link: None,
    connected: false,
    hidden_until_verified: false,
    made_though_refused: false,
    shares_ids: false,
    scope: None,
    rank: 4,
    delete_rank: 4,
    source: "voicebox.md 1",
};
