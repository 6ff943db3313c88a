#!/usr/bin/env bash
# Other people's validators and an editor's language server read telform's JSON Schemas: strict ajv takes every one, check-jsonschema
# takes the examples and refuses a wrong file, and yaml-language-server marks nothing in the examples, explains a literal secret and
# shows a text for an attribute. Usage: tests/tools/editor.sh TELFORM
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
telform=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A registry that does not answer the first time often answers the second time.
twice() { "$@" || { sleep 5; "$@"; }; }
cd "$work"
python3 -m venv venv
if ! { twice timeout 300 venv/bin/pip install --quiet --disable-pip-version-check check-jsonschema==0.39.0 &&
  twice timeout 300 npm install --silent --no-audit --no-fund --prefix "$work/npm" ajv-cli@5.0.0 yaml-language-server@1.25.0; }; then
  echo 'NOT CHECKED: the validators could not be installed'
  exit 0
fi

printf -- '-- ajv, strict\n'
ajv="$work/npm/node_modules/.bin/ajv"
for schema in "$top"/schemas/*.schema.json "$top"/schemas/output/*.json; do
  timeout 60 "$ajv" compile --spec=draft2020 --strict=true --allow-union-types -s "$schema" >ajv.txt 2>&1 ||
    { cat ajv.txt; exit 1; }
done
printf '{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "integer", "format": "uint64"}' >faulty.json
if timeout 60 "$ajv" compile --spec=draft2020 --strict=true -s faulty.json >/dev/null 2>&1; then echo 'ajv takes anything'; exit 1; fi
echo "$(find "$top/schemas" -name '*.schema.json' | wc -l) schemas"

printf -- '-- check-jsonschema\n'
check() { timeout 60 venv/bin/check-jsonschema "$@"; }
check --check-metaschema "$top/schemas/telform.schema.json"
find "$top/examples" -name telform.yaml -print0 | xargs -0 timeout 60 venv/bin/check-jsonschema --schemafile "$top/schemas/telform.schema.json"
if check --schemafile "$top/schemas/telform.schema.json" "$top/tests/bad-yaml/account-keys.yaml" >/dev/null; then
  echo 'check-jsonschema takes a wrong file'; exit 1
fi

printf -- '-- yaml-language-server\n'
timeout 300 python3 "$here/editor.py" "$telform" "$work/npm/node_modules/yaml-language-server/bin/yaml-language-server" "$top"
