#!/usr/bin/env bash
# Public tools for Terraform plans read ours: five from the Python registry and one from npm's. Each must
# report what the quickstart does: 2 creates, 3 updates, 1 replacement, 1 delete, and 4 numbers whose connection changes: 3 move, 1 goes
# dark. Each tool that judges has a policy that holds and one that must fail. Usage: tests/tools/terraform.sh TELFORM
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
telform=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$here/../../examples/quickstart" "$work/"
cd "$work/quickstart"
"$telform" plan --quiet --sandbox world.yaml --format terraform-json="$work/plan.json"
cd "$work"

python3 -m venv venv
# A registry that does not answer the first time often answers the second time.
twice() { "$@" || { sleep 5; "$@"; }; }
twice timeout 600 venv/bin/pip install --quiet --disable-pip-version-check \
  terraform-compliance==1.16.0 readtheplan==0.4.0 tf-peek==1.3.0
twice timeout 300 npm install --silent --no-audit --no-fund --prefix "$work/npm" @ahmadnassri/terraform-unidiff@4.0.5

has() { grep -qF -- "$2" "$1" || { printf '%s does not say: %s\n' "$1" "$2"; cat "$1"; exit 1; }; }

printf '\n-- readtheplan\n'
timeout 120 venv/bin/readtheplan analyze plan.json >readtheplan.txt
for line in 'Resource changes: 11' '- create: 2' '- create/delete: 1' '- delete: 2' '- update: 6'; do has readtheplan.txt "$line"; done
sed -n '1,10p' readtheplan.txt

printf '\n-- tf-peek\n'
timeout 120 venv/bin/tf-peek plan.json >tf-peek.txt
has tf-peek.txt '| **Σ Total** |  | **11** |  | **11** |'
for row in 'Delete |  | 2 |' 'Replace |  | 1 |' 'Update |  | 6 |' 'Create |  | 2 |'; do has tf-peek.txt "$row"; done
grep -F '|' tf-peek.txt | head -7

printf '\n-- terraform-compliance: a policy that holds, and one that does not\n'
mkdir holds fails
cp "$here/quickstart.feature" holds/
cp "$here/broken.feature" fails/
timeout 120 venv/bin/terraform-compliance --no-ansi -f holds -p plan.json >holds.txt || { cat holds.txt; exit 1; }
has holds.txt '3 scenarios (3 passed)'
if timeout 120 venv/bin/terraform-compliance --no-ansi -f fails -p plan.json >fails.txt; then
  echo 'the broken policy holds'; cat fails.txt; exit 1
fi
has fails.txt '1 scenarios (0 passed, 1 failed)'
grep -E 'scenarios' holds.txt fails.txt

printf '\n-- terraform-unidiff (npm)\n'
timeout 120 "$work/npm/node_modules/.bin/terraform-unidiff" plan.json >unidiff.txt
[ "$(grep -c '^Index: ' unidiff.txt)" = 11 ] || { cat unidiff.txt; exit 1; }
has unidiff.txt '+name: Sales Bridge'
grep '^Index: ' unidiff.txt

printf '\n-- Rego\n'
twice timeout 300 venv/bin/pip install --quiet --disable-pip-version-check regopy==1.5.2
timeout 120 venv/bin/python "$here/policies/rego.py" plan.json

# Its many pinned dependencies need an environment of their own.
printf '\n-- checkov: a policy that holds for each partner, changed or not, and one that does not\n'
python3 -m venv checkov
twice timeout 600 checkov/bin/pip install --quiet --disable-pip-version-check checkov==3.3.30
judge() {
  timeout 300 checkov/bin/checkov --file plan.json --framework terraform_plan --external-checks-dir "$here/policies" \
    --check "$1" --skip-download --quiet --compact --output json >"$1.json" 2>"$1.log"
}
judge CKV2_TELFORM_1 || { cat CKV2_TELFORM_1.json; exit 1; }
if judge CKV2_TELFORM_2; then
  echo 'the broken policy holds'; cat CKV2_TELFORM_2.json; exit 1
fi
python3 - <<'EOF'
import json

for name, passed, failed in [("CKV2_TELFORM_1", 3, 0), ("CKV2_TELFORM_2", 1, 2)]:
    counts = json.load(open(f"{name}.json"))
    counts = counts.get("summary", counts)
    print(name, "passed", counts["passed"], "failed", counts["failed"])
    assert (counts["passed"], counts["failed"]) == (passed, failed), f"expected {passed} and {failed}"
EOF

printf '\n6 public tools read the plan and count the same\n'
