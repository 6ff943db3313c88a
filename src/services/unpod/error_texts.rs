//! What Unpod's error answers mean where the status alone is not enough (unpod.md 9).

/// Whether the text of a 400 says that the object does not exist. Generation 1 answers this to delete and connect, where
/// others answer 404: `No VoiceBridge matches the given query.` (unpod.md 9.2, recorded).
pub fn says_gone(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("No ") && text.contains("matches the given query")
}

/// Whether a 206 says that the handle does not name an organization (unpod.md 4.1, recorded).
pub fn says_unknown_organization(text: &str) -> bool {
    text.to_ascii_lowercase().contains("organization not found")
}

/// Whether a 206 asks for the `Product-Id` header (unpod.md 2.3, recorded).
pub fn asks_for_product_id(text: &str) -> bool {
    text.to_ascii_lowercase().contains("product-id")
}
