#!/usr/bin/env bash
# Installs what `.ci/release` made, each in a clean folder and without a network, and runs the quickstart with it.
# Usage: tests/tools/packages.sh DIST, a folder with the wheel and the npm packages for this machine, and perhaps telform.rb.
# UV names uv, to try `uvx` as well.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dist=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$here/../../Cargo.toml")
# One of each for this machine; the release has those of other machines beside it.
machine=$(uname -m)
wheels=("$dist"/telform-*_"$machine".whl)
case $(uname -sm) in
  "Linux x86_64") platform=linux-x64 ;;
  "Linux aarch64") platform=linux-arm64 ;;
  "Darwin arm64") platform=darwin-arm64 wheels=("$dist"/telform-*macosx*_arm64.whl) ;;
esac
packages=("$dist/telform-$version.tgz" "$dist/telform-cli-$platform-$version.tgz")
for file in "${wheels[@]}" "${packages[@]}"; do
  [ -f "$file" ] || { echo "$file is missing" >&2; exit 1; }
done

# What docs/release.md states of a release: sizes, and seconds of an installation and of the first command after it.
size() { printf '%s: %s bytes\n' "$(basename "$1")" "$(stat -c %s "$1" 2>/dev/null || stat -f %z "$1")"; }
seconds() {
  local what=$1 began ended
  shift
  began=$(date +%s)
  "$@"
  ended=$(date +%s)
  printf '%s: %s s\n' "$what" "$((ended - began))"
}
for file in "${wheels[0]}" "${packages[@]}"; do size "$file"; done

has() { [ -s "$1" ] || { printf 'missing or empty: %s\n' "$1" >&2; exit 1; }; }

# The same plan from each: what is printed must not depend on the way of installing.
try() {
  local name=$1
  shift
  mkdir -p "$work/try-$name"
  cp -r "$here/../../examples/quickstart" "$work/try-$name/"
  cd "$work/try-$name/quickstart"
  [ "$("$@" --version)" = "telform $version" ] || { "$@" --version; exit 1; }
  local code=0
  "$@" plan --sandbox world.yaml --detailed-exitcode >"$work/$name.plan" || code=$?
  [ "$code" = 2 ] || { echo "$name: exit code $code instead of 2"; cat "$work/$name.plan"; exit 1; }
  grep -q '^Plan: ' "$work/$name.plan"
  cmp "$work/wheel.plan" "$work/$name.plan"
  # An error of the arguments keeps its exit code, too.
  code=0
  "$@" plan --no-such-option >/dev/null 2>&1 || code=$?
  [ "$code" = 1 ] || { echo "$name: exit code $code instead of 1"; exit 1; }
  echo "$name: telform $version plans the quickstart"
  cd "$work"
}

printf -- '-- the wheel: pip install %s\n' "$(basename "${wheels[0]}")"
python3 -m venv "$work/venv"
seconds 'pip install' "$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-index "${wheels[0]}"
size "$work/venv/bin/telform"
seconds 'first command' "$work/venv/bin/telform" --version
try wheel "$work/venv/bin/telform"
"$work/venv/bin/pip" show --files telform >"$work/files.txt"
for file in share/man/man1/telform.1 share/man/man1/telform-plan.1 share/bash-completion/completions/telform \
  share/zsh/site-functions/_telform share/fish/vendor_completions.d/telform.fish share/telform/schemas/telform.schema.json \
  share/doc/telform/THIRD-PARTY.txt; do
  has "$work/venv/$file"
  grep -qF "$file" "$work/files.txt"
done
for file in licenses/LICENSE licenses/LICENSE-MIT licenses/LICENSE-APACHE sboms/telform.cyclonedx.json; do
  has "$(echo "$work"/venv/lib/python3*/site-packages/telform-"$version".dist-info/"$file")"
done
"$work/venv/bin/python" - "$work/venv" <<'PYTHON'
import base64, csv, glob, hashlib, os, sys

[record] = glob.glob(sys.argv[1] + "/lib/python3*/site-packages/telform-*.dist-info/RECORD")
site = os.path.dirname(os.path.dirname(record))
rows = [row for row in csv.reader(open(record)) if row[1]]
for path, digest, size in rows:
    content = open(os.path.join(site, path), "rb").read()
    found = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    assert digest == f"sha256={found}" and int(size) == len(content), path
assert len(rows) > 40, len(rows)
print(f"wheel: {len(rows)} files have the checksums that it states")
PYTHON
"$work/venv/bin/pip" uninstall --quiet --yes telform
if find "$work/venv" -type f -name '*telform*' | grep .; then echo "uninstalled, but files are left"; exit 1; fi

if [ -n "${UV:-}" ]; then
  printf -- '-- uvx, with a home of its own\n'
  try uvx env HOME="$work/home" UV_CACHE_DIR="$work/uv" UV_TOOL_DIR="$work/uv-tools" \
    "$UV" tool run --quiet --offline --no-config --from "${wheels[0]}" telform
fi

printf -- '-- npm: npm install ./%s ./%s\n' "$(basename "${packages[0]}")" "$(basename "${packages[1]}")"
mkdir "$work/npm" "$work/global"
(cd "$work/npm" && seconds 'npm install' npm install --silent --offline --no-audit --no-fund "${packages[@]}")
try npm "$work/npm/node_modules/.bin/telform"
try npx npm exec --offline --prefix "$work/npm" -- telform
(cd "$work/global" && npm install --silent --offline --no-audit --no-fund --global --prefix "$work/global" "${packages[@]}")
try npm-global "$work/global/bin/telform"
has "$work/global/share/man/man1/telform-plan.1"
for file in LICENSE LICENSE-MIT LICENSE-APACHE completions/telform.bash completions/_telform man/telform.1 schemas/telform.schema.json; do
  has "$work/npm/node_modules/telform/$file"
done
for file in LICENSE-MIT THIRD-PARTY.txt; do has "$work/npm/node_modules/@telform/cli-$platform/$file"; done
python3 "$here/launcher.py" "$here/../../.ci/npm"

if [ -f "$dist/telform.rb" ] && command -v ruby >/dev/null; then
  printf -- '-- the Homebrew formula\n'
  ruby "$here/formula.rb" "$dist" "$work/cellar"
  try formula "$work/cellar/bin/telform"
fi
