//! Mutants: bytes that are changed anywhere, and JSON that is changed where its structure is.

use serde_json::{Value, json};

/// Inputs that are difficult for readers.
const WORDS: [&str; 40] = [
    "null",
    "true",
    "-1",
    "0",
    "1e400",
    "18446744073709551616",
    "-9223372036854775809",
    "0.1",
    "\"\"",
    "{}",
    "[]",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "\u{202e}",
    "\u{1b}[45m",
    "\u{feff}",
    "é",
    "\r\n",
    "\t",
    "&a ",
    "*a",
    "<<: ",
    "!!str ",
    "- ",
    "? ",
    "|\n  ",
    "---\n",
    "${A}",
    "{ env: X }",
    "ÿ",
    "\u{0}",
    "s1",
];

/// Most bytes of a mutant: the readers have limits of their own, which have tests of their own.
const MOST: usize = 200_000;

/// A value with nothing in it to choose from.
fn is_leaf(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => true,
    }
}

pub(crate) struct Mutator(u64);

impl Mutator {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// SplitMix64.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below a limit.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % (limit.max(1) as u64)).unwrap()
    }

    pub(crate) fn any<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// One sample, changed once or a few times.
    pub(crate) fn mutant(&mut self, samples: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = self.any(samples).clone();
        if self.below(2) == 0
            && let Ok(mut json) = serde_json::from_slice::<Value>(&bytes)
        {
            for _ in 0..=self.below(3) {
                let other: Value = serde_json::from_slice(self.any::<Vec<u8>>(samples)).unwrap_or(Value::Null);
                self.bend(&mut json, &other);
            }
            bytes = serde_json::to_vec_pretty(&json).unwrap();
            bytes.push(b'\n');
            if self.below(4) > 0 {
                return bytes;
            }
        }
        for _ in 0..=self.below(4) {
            let other = self.any(samples).clone();
            self.break_bytes(&mut bytes, &other);
            bytes.truncate(MOST);
        }
        bytes
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let most = if self.below(3) == 0 { length } else { 16 };
        start..(start + self.below(most + 1)).min(length)
    }

    fn break_bytes(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let at = self.below(bytes.len() + 1);
        match self.below(10) {
            // Whole lines: a journal is one, and so is much of YAML.
            9 => {
                let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
                if !lines.is_empty() {
                    let (from, to) = (self.below(lines.len()), self.below(lines.len()));
                    match self.below(3) {
                        0 => drop(lines.remove(from)),
                        1 => lines.swap(from, to),
                        _ => lines.insert(to, lines[from]),
                    }
                }
                *bytes = lines.concat();
            }
            0 if !bytes.is_empty() => {
                let at = at.min(bytes.len() - 1);
                bytes[at] ^= 1 << self.below(8);
            }
            1 if !bytes.is_empty() => {
                let at = at.min(bytes.len() - 1);
                bytes[at] = u8::try_from(self.below(256)).unwrap();
            }
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(self.range(bytes.len()))),
            4 => {
                let piece = bytes[self.range(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
            5 => {
                let piece = other[self.range(other.len())].to_vec();
                bytes.splice(at..at, piece);
            }
            6 => {
                let piece = self.any(&["[", "{\"a\":", "- ", "{a: ", "&a [*a,", "  "]).repeat(self.below(300));
                bytes.splice(at..at, piece.into_bytes());
            }
            _ => {
                let word = self.any(&WORDS).as_bytes().to_vec();
                let end = if self.below(2) == 0 { at } else { (at + word.len()).min(bytes.len()) };
                bytes.splice(at..end, word);
            }
        }
    }

    /// Changes one place of a JSON value.
    fn bend(&mut self, json: &mut Value, other: &Value) {
        let mut at = json;
        for _ in 0..self.below(9) {
            if is_leaf(at) {
                break;
            }
            at = match at {
                Value::Array(items) => {
                    let index = self.below(items.len());
                    &mut items[index]
                }
                Value::Object(map) => {
                    let index = self.below(map.len());
                    map.values_mut().nth(index).unwrap()
                }
                _ => unreachable!("a leaf"),
            };
        }
        // A text with something odd near its beginning or end: a cut at a fixed position meets half a character there.
        if let Value::String(text) = at
            && self.below(3) > 0
        {
            let near: Vec<usize> = text.char_indices().map(|(index, _)| index).take(5).collect();
            let place = if self.below(3) == 0 { text.len() } else { near.last().map_or(0, |_| *self.any::<usize>(&near)) };
            text.insert_str(place, self.any::<&str>(&WORDS));
            return;
        }
        if is_leaf(at) {
            *at = self.leaf(other);
            return;
        }
        match at {
            Value::Array(items) => {
                let (index, to) = (self.below(items.len()), self.below(items.len()));
                match self.below(4) {
                    0 => drop(items.remove(index)),
                    1 => items.swap(index, to),
                    2 => items.push(items[index].clone()),
                    _ => items.push(self.leaf(other)),
                }
            }
            Value::Object(map) => {
                let key = map.keys().nth(self.below(map.len())).unwrap().clone();
                let value = map.shift_remove(&key).unwrap();
                match self.below(4) {
                    0 => {}
                    1 => drop(map.insert((*self.any(&WORDS)).to_owned(), value)),
                    2 => drop(map.insert(key, json!([value]))),
                    _ => drop(map.insert(key, self.leaf(other))),
                }
            }
            _ => unreachable!("a leaf"),
        }
    }

    fn leaf(&mut self, other: &Value) -> Value {
        match self.below(12) {
            0 => Value::Null,
            1 => json!(true),
            2 => json!(-1),
            3 => json!(u64::MAX),
            4 => json!(1e308),
            5 => json!(0.1),
            6 => json!("x".repeat(self.below(5000))),
            7 => json!({}),
            8 => json!([[[[[[[[[]]]]]]]]]),
            9 | 10 => json!(*self.any(&WORDS)),
            // A piece of another sample.
            _ => {
                let mut piece = other;
                for _ in 0..self.below(6) {
                    piece = match piece {
                        Value::Array(items) if !items.is_empty() => self.any(items),
                        Value::Object(map) if !map.is_empty() => map.values().nth(self.below(map.len())).unwrap(),
                        leaf => leaf,
                    };
                }
                piece.clone()
            }
        }
    }
}
