#!/usr/bin/env bash
# Public readers of SARIF and JUnit read what telform writes: the same counts as the plan has, a refusal that fails, and drift that
# fails. Usage: tests/tools/findings.sh TELFORM
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
telform=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$here/../../examples/quickstart" "$work/"
cd "$work/quickstart"

python3 -m venv "$work/venv"
# A registry that does not answer the first time often answers the second time.
twice() { "$@" || { sleep 5; "$@"; }; }
if ! twice timeout 300 "$work/venv/bin/pip" install --quiet --disable-pip-version-check sarif-tools==3.0.5 junitparser==5.0.3; then
  echo 'NOT CHECKED: the readers could not be installed'
  exit 0
fi

formats() { printf -- '--format sarif=%s.sarif --format junit=%s.xml' "$1" "$1"; }
# shellcheck disable=SC2046
"$telform" plan --quiet --sandbox world.yaml $(formats plan)
sed 's/max_deletes: 2/max_deletes: 0/' telform.yaml >refused.yaml
# shellcheck disable=SC2046
"$telform" -f refused.yaml plan --quiet --sandbox world.yaml $(formats refused) && { echo 'not refused'; exit 1; }
"$telform" apply --quiet --auto-approve --sandbox world.yaml --report sarif=apply.sarif --report junit=apply.xml
sed -i 's/name: Acme West/name: Somewhere Else/' world.state.yaml
# shellcheck disable=SC2046
"$telform" drift --quiet --sandbox world.yaml $(formats drift) && { echo 'no drift'; exit 1; }
# shellcheck disable=SC2046
"$telform" -f no-such-file.yaml validate --quiet $(formats missing) && { echo 'valid'; exit 1; }

printf '\n-- sarif-tools\n'
for file in plan refused apply drift missing; do
  timeout 120 "$work/venv/bin/sarif" summary "$file.sarif" | sed "s/^/$file: /"
done
timeout 120 "$work/venv/bin/sarif" csv plan.sarif --output plan.csv
[ "$(grep -c 'plan::' plan.csv)" = 15 ] || { cat plan.csv; exit 1; }

printf '\n-- junitparser\n'
timeout 120 "$work/venv/bin/python" - <<'PYTHON'
from junitparser import JUnitXml

expected = {  # tests, failures, errors, skipped
    "plan": (15, 0, 0, 0),
    "refused": (16, 1, 0, 0),
    "apply": (19, 0, 0, 0),
}
for name in ["plan", "refused", "apply", "drift", "missing"]:
    xml = JUnitXml.fromfile(f"{name}.xml")
    read = (xml.tests, xml.failures, xml.errors, xml.skipped)
    before = read
    xml.update_statistics()
    counted = (xml.tests, xml.failures, xml.errors, xml.skipped)
    assert before == counted, f"{name}: says {before}, and its cases are {counted}"
    assert expected.get(name, read) == read, f"{name}: {read}"
    assert name not in ("drift", "missing") or xml.failures >= 1, f"{name}: {read}"
    print(f"{name}: {read}")
PYTHON
