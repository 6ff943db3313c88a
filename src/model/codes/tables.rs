//! Codes about `for_each` and its tables.

use super::{CodeGroup, table};

pub(super) const TABLES: CodeGroup = CodeGroup {
    title: "Tables",
    about: "Problems with `for_each` or with its table, each with row, column and the entry that \
            needs it. telform reports all of them at once, before the first request.",
    codes: table! {
        "telform::table::cell" 1
            "A cell cannot be used as a value: it contains a control character, or it is a list or a map."
            "Remove the character; write nested values in the entry, around placeholders."
        "telform::table::column" 1
            "A placeholder, or `ignore`, names a column that the table does not have."
            "Correct the name, or add the column."
        "telform::table::damaged" 1
            "A spreadsheet has changed a cell: a long number was rounded (`4.41E+11`), or a formula failed (`#N/A`)."
            "Format the column as text, write the value again, and export the table again."
        "telform::table::doubled_column" 1
            "Two columns have the same name."
            "Rename one of them."
        "telform::table::doubled_key" 1
            "Two rows produce the same key."
            "Delete one of the rows, or put another column into the key."
        "telform::table::empty_key" 1
            "A cell in a key is empty, or its slug is."
            "Write its value, or delete the row."
        "telform::table::file" 1
            "The table is missing, is not a file, is behind a link, is not below the folder of the YAML, is larger than \
             64 MiB, or its name does not show its format."
            "Put a .csv, .tsv, .yaml, .yml or .json file into the folder of the YAML file or below it."
        "telform::table::for_each" 1
            "`for_each`, or a key under it, has an unusable value."
            "Write the path of a table, a list of maps, or { file: PATH, separator: \";\", ignore: [COLUMN] }."
        "telform::table::head" 1
            "The table has no header row, a column without a name has values, or the name of a column is too long."
            "Name the columns in the first row."
        "telform::table::key" 1
            "The key of an entry with `for_each` has no placeholder, so every row would produce the same key."
            "Put a placeholder into the key, such as \"acme-${code}\"."
        "telform::table::limit" 1
            "Tables have too many cells or errors, or produce too many values or too much text."
            "Split the table and the file."
        "telform::table::no_rows" 1
            "A table has a header and no rows, so that its entry makes nothing. This is a warning."
            "Add the rows, or continue if nothing is to be declared."
        "telform::table::not_utf8" 1
            "The table is not UTF-8 text."
            "Save it as UTF-8; spreadsheets call that \"CSV UTF-8\"."
        "telform::table::placeholder" 1
            "A placeholder has no end, names no column, or has an unknown format."
            "Write ${column}, or ${column|upper}, ${column|lower} or ${column|slug}; `$${` is a literal `${`."
        "telform::table::quote" 1
            "A quotation mark in the table is not closed, or text follows a closed one."
            "Write a quotation mark inside a quoted cell twice."
        "telform::table::row" 1
            "A row has more or fewer cells than the header, or is not a map."
            "Put a cell that contains the separator into quotation marks, and write empty cells too."
        "telform::table::separator" 1
            "The header of the table does not show which character separates its columns."
            "Name it: for_each: { file: PATH, separator: \";\" }."
        "telform::table::unused_column" 1
            "No placeholder uses a column of the table."
            "Use it, delete it, or list it: for_each: { file: PATH, ignore: [COLUMN] }."
    },
};
