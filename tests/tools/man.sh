#!/usr/bin/env bash
# mandoc finds nothing to object to in any manual page. Usage: tests/tools/man.sh TELFORM. Says NOT CHECKED where there is no mandoc.
set -euo pipefail
telform=$(realpath "$1")
command -v mandoc >/dev/null || { echo 'NOT CHECKED: there is no mandoc here'; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$telform" man --out "$work/pages"
# A page with faults must be found: a checker that objects to nothing proves nothing.
printf '.TH X 1\n.SH NAME\n.XX \n' >"$work/faulty.1"
if mandoc -T lint -W all "$work/faulty.1" >/dev/null; then echo 'mandoc finds no fault in a faulty page'; exit 1; fi
cd "$work/pages"
mandoc -T lint -W all ./*.1
echo "mandoc: $(find . -name '*.1' | wc -l) pages without a finding"
