#!/usr/bin/env bash
# Makes sure that telform is installed, in the version that this repository pins.
#
#   TELFORM_WHEEL   installs the wheel in seconds: one line of pip's requirements, such as `telform==0.1.0 --hash=sha256:…`, the
#                   path of a file, or an address
#   TELFORM_GIT     or builds from source in minutes: the address of its repository,
#   TELFORM_REV     and the full commit, not a branch or a tag, because those move
set -euo pipefail
if [ -n "${TELFORM_WHEEL:-}" ]; then
  folder=$(mktemp -d "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/telform.XXXXXX")
  # Of this job's variables pip sees only what concerns pip and the network, so none of its secrets.
  clean=()
  while read -r name; do
    case $name in PATH | HOME | PIP_* | *_proxy | *_PROXY | SSL_CERT_* | REQUESTS_CA_BUNDLE) clean+=("$name=${!name}") ;; esac
  done < <(compgen -e)
  env -i "${clean[@]}" python3 -m venv "$folder/venv"
  printf '%s\n' "$TELFORM_WHEEL" >"$folder/requirements.txt"
  # No source package, because that would run its build script, and nothing else than telform.
  env -i "${clean[@]}" "$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --requirement "$folder/requirements.txt"
  if [ -n "${GITHUB_PATH:-}" ]; then
    mkdir "$folder/bin"
    echo "$folder/bin" >>"$GITHUB_PATH"
    ln -s "$folder/venv/bin/telform" "$folder/bin/telform"
  else
    mkdir -p "$HOME/.local/bin"
    ln -sf "$folder/venv/bin/telform" "$HOME/.local/bin/telform"
  fi
  "$folder/venv/bin/telform" --version
  exit 0
fi
if command -v telform >/dev/null; then
  telform --version
  exit 0
fi
: "${TELFORM_GIT:?set it to the address of the git repository of telform, or set TELFORM_WHEEL}"
: "${TELFORM_REV:?set it to the commit to install}"
cargo install --locked --git "$TELFORM_GIT" --rev "$TELFORM_REV" telform
