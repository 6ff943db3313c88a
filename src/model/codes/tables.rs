//! Codes about `for_each` and its tables.

use super::{CodeGroup, table};

pub(super) const TABLES: CodeGroup = CodeGroup {
    title: "Tables",
    about: "What is wrong with `for_each`, or with the table that it names: each with its row and column, and the entry that \
            needs it. All problems are shown at once, before the first request.",
    codes: table! {
        "telform::table::cell" 1
            "A cell that is used cannot be a value: it contains a control character, or it is a list or a map."
            "Remove the character; write nested values in the entry, around placeholders."
        "telform::table::column" 1
            "A placeholder, or `ignore`, names a column that the table does not have."
            "Correct the name, or add the column."
        "telform::table::damaged" 1
            "A spreadsheet has changed a cell: a long number was rounded (`4.41E+11`), or a formula failed (`#N/A`)."
            "Format the column as text, write the value again, and export the table again."
        "telform::table::doubled_column" 1
            "Two columns have one name."
            "Rename one of them."
        "telform::table::doubled_key" 1
            "Two rows make one key."
            "Delete one of the rows, or put another column into the key."
        "telform::table::empty_key" 1
            "A cell that is a part of a key is empty, or its slug is."
            "Write its value, or delete the row."
        "telform::table::file" 1
            "The table is missing, is not a file, is reached by a link, is not below the folder of the YAML, is larger than \
             64 MiB, or its name does not say what it is."
            "Put a .csv, .tsv, .yaml, .yml or .json file beside the YAML file or below it."
        "telform::table::for_each" 1
            "`for_each`, or a key under it, has no value that it can use."
            "Write the path of a table, a list of maps, or { file: PATH, separator: \";\", ignore: [COLUMN] }."
        "telform::table::head" 1
            "The table has no head, or a column without a name holds values, or the name of a column is too long."
            "The first row names the columns."
        "telform::table::key" 1
            "The key of an entry with `for_each` has no placeholder, so every row would make the same."
            "Put a placeholder into the key, such as \"acme-${code}\"."
        "telform::table::limit" 1
            "Tables have too many cells or faults, or make too many values or too much text."
            "Split the table and the file."
        "telform::table::not_utf8" 1
            "The table is not UTF-8 text."
            "Save it as UTF-8; spreadsheets call that \"CSV UTF-8\"."
        "telform::table::placeholder" 1
            "A placeholder has no end, names no column, or has an unknown format."
            "Write ${column}, or ${column|upper}, ${column|lower} or ${column|slug}; `$${` is a literal `${`."
        "telform::table::quote" 1
            "A quote mark in the table is not closed, or text follows a closed one."
            "Write a quote mark inside a quoted cell twice."
        "telform::table::row" 1
            "A row has more or fewer cells than the head, or is not a map."
            "Put a cell that contains the separator into quote marks; write empty cells, too."
        "telform::table::separator" 1
            "The head of the table does not show what separates its columns."
            "Say it: for_each: { file: PATH, separator: \";\" }."
        "telform::table::unused_column" 1
            "No placeholder uses a column of the table."
            "Use it, delete it, or list it: for_each: { file: PATH, ignore: [COLUMN] }."
    },
};
