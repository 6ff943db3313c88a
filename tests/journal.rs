//! The chain of the journal by itself: what it says about heads that were kept elsewhere, and about a line that is not whole.

use telform::journal::{Head, Record, check, check_up_to, line};

/// So many lines, with the head after each; the first head is that of an empty journal.
fn chain(count: usize) -> (Vec<String>, Vec<Head>) {
    let (mut lines, mut heads) = (Vec::new(), vec![Head::default()]);
    for _ in 0..count {
        let (text, head) = line(&heads[heads.len() - 1], "2026-11-01T00:00:00Z", "run", &Record::Interrupted);
        lines.push(text);
        heads.push(head);
    }
    (lines, heads)
}

#[test]
fn a_journal_holds_every_head_that_it_had_and_no_other() {
    let (lines, heads) = chain(4);
    for length in 0..=lines.len() {
        let journal = check(lines[..length].concat().as_bytes()).expect("a whole journal");
        assert_eq!(journal.head(), heads[length]);
        for (at, head) in heads.iter().enumerate() {
            match journal.holds(head) {
                Ok(()) => assert!(at <= length, "line {at} is not there"),
                Err(broken) => {
                    assert!(at > length, "line {at} is there: {broken}");
                    assert_eq!(broken.line, length + 1);
                    assert_eq!(
                        broken.why,
                        format!(
                            "the end is cut off: the ledger remembers {at} lines, and there are {length}"
                        )
                    );
                }
            }
            if at == 0 {
                continue;
            }
            let other = Head { seq: head.seq, hash: "f".repeat(64) };
            let broken = journal.holds(&other).expect_err("a head that it never had");
            assert_eq!(broken.line, at.min(length + 1));
            assert_eq!(broken.why.contains("written anew"), at <= length, "{broken}");
        }
    }
}

#[test]
fn a_torn_line_is_not_counted() {
    let (lines, _) = chain(3);
    let whole: usize = lines[..2].iter().map(String::len).sum();
    for cut in 1..lines[2].len() {
        let text = lines[..2].concat() + &lines[2][..cut];
        let journal = check(text.as_bytes()).expect("a torn line is no fault");
        assert_eq!((journal.lines.len(), journal.torn, journal.whole_bytes), (2, Some(3), whole as u64));
    }
    let journal = check(lines.concat().as_bytes()).expect("a whole journal");
    assert_eq!(
        (journal.lines.len(), journal.torn, journal.whole_bytes),
        (3, None, lines.concat().len() as u64)
    );
}

#[test]
fn the_first_line_that_does_not_fit_is_named_and_why() {
    let (lines, _) = chain(4);
    for (order, line, why) in [
        (vec![0, 2, 3], 2, "it has the number 3 where 2 is expected: lines are missing or were moved"),
        (vec![1, 0], 1, "it has the number 2 where 1 is expected: lines are missing or were moved"),
        (vec![0, 1, 1], 3, "it has the number 2 where 3 is expected: lines were moved or stand here twice"),
    ] {
        let text: String = order.iter().map(|at| lines[*at].as_str()).collect();
        let (journal, broken) = check_up_to(text.as_bytes());
        let broken = broken.expect("it is not what was written");
        assert_eq!((broken.line, broken.why.as_str()), (line, why));
        assert_eq!(journal.lines.len(), line - 1, "what stands before it is good");
    }
}
