#!/usr/bin/env bash
# bash, zsh and fish complete a line with telform's own scripts: an option, an address, an account, a run and a format. A shell that
# is not here is NOT CHECKED. Usage: tests/tools/completions.sh TELFORM
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
telform=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$telform" "$work/bin/telform"
export PATH="$work/bin:$PATH" HOME="$work" XDG_CONFIG_HOME="$work/config" XDG_DATA_HOME="$work/data"
cp -r "$here/../../examples/quickstart" "$work/"
cd "$work/quickstart"
telform apply --quiet --auto-approve --sandbox world.yaml >/dev/null
export TELFORM_LEDGER=world.ledger.json
run=$(telform journal list --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["runs"][0]["run"])')

# A line that is typed, and what it becomes.
lines() {
  printf '%s\t%s\n' 'telform plan --detailed-e' '--detailed-exitcode'
  printf '%s\t%s\n' 'telform explain bridges.s' 'bridges.sales'
  printf '%s\t%s\n' 'telform plan --account unp' 'unpod'
  printf '%s\t%s\n' "telform undo ${run:0:8}" "$run"
  printf '%s\t%s\n' 'telform plan --format terr' 'terraform-json'
}

expect() { # SHELL LINE WANTED FILE
  grep -qF -- "$3" "$4" || { printf '%s does not complete "%s" to "%s":\n' "$1" "$2" "$3"; cat "$4"; exit 1; }
  printf '%s: %s -> %s\n' "$1" "$2" "$3"
}

telform completions bash >telform.bash
while IFS=$'\t' read -r line wanted; do
  # shellcheck disable=SC2016
  LINE=$line timeout 60 bash --norc -c '
    source ./telform.bash
    read -ra COMP_WORDS <<<"$LINE"
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$LINE COMP_POINT=${#LINE} COMP_TYPE=9
    function_name=$(complete -p telform | sed "s/.*-F \([^ ]*\).*/\1/")
    "$function_name" telform "${COMP_WORDS[COMP_CWORD]}" "" 2>/dev/null
    printf "%s\n" "${COMPREPLY[@]}"' >bash.txt
  expect bash "$line" "$wanted" bash.txt
done < <(lines)

if command -v fish >/dev/null; then
  telform completions fish >telform.fish
  while IFS=$'\t' read -r line wanted; do
    LINE=$line timeout 60 fish --no-config -c 'source ./telform.fish; complete -C "$LINE"' >fish.txt
    expect fish "$line" "$wanted" fish.txt
  done < <(lines)
else
  echo 'NOT CHECKED: there is no fish here'
fi

if command -v zsh >/dev/null; then
  mkdir functions
  telform completions zsh >functions/_telform
  while IFS=$'\t' read -r line wanted; do
    LINE=$line timeout 60 python3 "$here/zsh_completes.py" >zsh.txt
    expect zsh "$line" "$wanted" zsh.txt
  done < <(lines)
else
  echo 'NOT CHECKED: there is no zsh here'
fi
