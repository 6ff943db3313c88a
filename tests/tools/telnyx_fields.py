#!/usr/bin/env python3
"""The sandbox of Telnyx keeps every field that the vendor's OpenAPI file lets a request write, and has the defaults of the file.

For each object that can be created or changed, a body is made of the file's schema: every property, no value that is the default.
The answer must hold what was sent. A body with a misspelt inner field comes first, which must be noticed. Then objects are created
with nothing but what is required, and the answer must hold every default of the file.

Usage: telnyx_fields.py TELFORM OPENAPI
"""

import json
import sys
import urllib.error
import urllib.request
from pathlib import Path

import serving

TELFORM = Path(sys.argv[1]).resolve()
FILE = json.loads(Path(sys.argv[2]).read_text())
WORLD = {"telnyx": {"phone_numbers": [{"phone_number": "+13125550101"}]}}

# What is written and not read under its name, and why.
UNREAD = {
    "managed_accounts business_name": "read as organization_name",
    "managed_accounts password": "never read",
    "phone_numbers address_id": "in the request only",
    "phone_numbers id": "the service's own",
    "phone_numbers/voice caller_id_name_enabled": "read on the number itself",
}

# Defaults of the file that are not those of an answer, and why.
OTHERWISE = {
    "ip_connections.outbound ip_authentication_token": "the service generates one",
    "fqdns port": "a record of type srv has none",
}


def resolve(schema):
    while "$ref" in schema:
        found = FILE
        for part in schema["$ref"][2:].split("/"):
            found = found[part]
        schema = found
    return schema


def made(name, schema, values, last):
    """A value that fits a schema and is not its default; `last`: another one, where there are several."""
    schema = resolve(schema)
    if name in values:
        return values[name]
    if "enum" in schema:
        words = [word for word in schema["enum"] if word not in (None, schema.get("default"))]
        return (words or schema["enum"])[-1 if last else 0]
    if "properties" in schema:
        return {name: made(name, inner, values, last) for name, inner in schema["properties"].items()}
    kind = schema["type"][0] if isinstance(schema["type"], list) else schema["type"]
    if kind == "string":
        return {"uri": "https://hooks.acme.example/x", "time": "08:00"}.get(schema.get("format"), "Text")
    return {
        "boolean": lambda: not schema.get("default", False),
        "integer": lambda: schema.get("minimum", 6) if last else schema.get("maximum", 7),
        "number": lambda: 1.5,
        "array": lambda: [made("", schema["items"], values, last)],
    }[kind]()


def lost(what, body, seen):
    """Fields of a body that an answer does not hold."""
    for name, value in body.items():
        if isinstance(value, dict) and isinstance(seen.get(name), dict):
            yield from lost(f"{what}.{name}", value, seen[name])
        elif seen.get(name) != value:
            yield f"{what} {name}: sent {value!r}, read {seen.get(name)!r}"


def defaults_of(what, schema, seen):
    """Each field with a default, the default, and what an answer has; a field that is absent is null."""
    for name, inner in schema["properties"].items():
        inner = resolve(inner)
        if "properties" in inner and isinstance(seen.get(name), dict):
            yield from defaults_of(f"{what}.{name}", inner, seen[name])
        elif "default" in inner:
            yield f"{what} {name}", inner["default"], seen.get(name)


class Sandbox:
    def __init__(self, base):
        self.base, self.fields, self.defaults, self.found = base, 0, 0, []
        self.unread, self.otherwise = set(UNREAD), set(OTHERWISE)

    def send(self, method, path, body):
        headers = {"Content-Type": "application/json", "Authorization": "Bearer sandbox-token"}
        request = urllib.request.Request(f"{self.base}/{path}", json.dumps(body).encode(), headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            sys.exit(f"{method} {path}: {error.code} {error.read().decode()}\n{json.dumps(body)}")

    def schema(self, documented, method):
        content = FILE["paths"][documented][method.lower()]["requestBody"]["content"]
        return resolve(next(iter(content.values()))["schema"])

    def plain(self, path, **body):
        """Creates one with what is required, compares the defaults, and returns its id."""
        data = self.send("POST", path, body)
        for what, wanted, seen in defaults_of(path, self.schema(f"/{path}", "POST"), data):
            if what.split()[-1] in body:
                continue
            self.defaults += 1
            if seen != wanted:
                self.otherwise.discard(what)
                self.found += [] if what in OTHERWISE else [f"{what}: the default is {wanted!r}, read {seen!r}"]
        return data["id"]

    def write(self, method, path, documented, what, values):
        """Sends a body with every field of a schema, and compares the answer."""
        schema = self.schema(documented, method)
        body = {name: made(name, inner, values, method == "PATCH") for name, inner in schema["properties"].items()}
        data = self.send(method, path, body)
        self.fields += len(body)
        for line in lost(what, body, data):
            known = line.split(":")[0]
            self.unread.discard(known)
            self.found += [] if known in UNREAD else [f"{method} {line}"]
        return data["id"]

    def both(self, path, **values):
        """Creates one, changes it, and returns its id."""
        id = self.write("POST", path, f"/{path}", path, values)
        if "patch" in FILE["paths"][f"/{path}/{{id}}"]:
            self.write("PATCH", f"{path}/{id}", f"/{path}/{{id}}", path, values)
        return id


def every_field(sandbox):
    group = sandbox.both("billing_groups")
    profile = sandbox.both(
        "outbound_voice_profiles", billing_group_id=group, daily_spend_limit="100.00", whitelisted_destinations=["DE"]
    )
    common = {
        "outbound_voice_profile_id": profile, "localization": "DE", "user_name": "someuser1", "password": "password-of-nobody",
        "tech_prefix": "1234", "webhook_api_version": "2",
    }
    # What a default names must exist first.
    targets = {f"default_{which}_{kind}_id": None for which in ("primary", "secondary", "tertiary") for kind in ("ip", "fqdn")}
    sandbox.both("credential_connections", **common)
    south = sandbox.both(
        "ip_connections", ip_authentication_token="token-of-nobody-1", sip_subdomain="south", **common, **targets
    )
    east = sandbox.both(
        "fqdn_connections", ip_authentication_token="token-of-nobody-2", sip_subdomain="east", **common, **targets
    )
    sandbox.both("ips", connection_id=south, ip_address="203.0.113.9")
    sandbox.both("fqdns", connection_id=east, fqdn="sip.acme.example", dns_record_type="a", port=5080)
    sandbox.both("managed_accounts", email="ops@acme.example")
    with urllib.request.urlopen(urllib.request.Request(
        f"{sandbox.base}/phone_numbers", headers={"Authorization": "Bearer sandbox-token"}
    ), timeout=30) as answer:
        number = json.load(answer)["data"][0]["id"]
    values = {"connection_id": south, "billing_group_id": group, "forwards_to": "+13125550199", "cnam_listing_details": "Acme"}
    for part in ("", "/voice", "/messaging"):
        path = f"phone_numbers/{number}{part}"
        sandbox.write("PATCH", path, f"/phone_numbers/{{id}}{part}", f"phone_numbers{part}", values)


def every_default(sandbox):
    sandbox.plain("billing_groups", name="cost")
    sandbox.plain("outbound_voice_profiles", name="world")
    sandbox.plain("credential_connections", connection_name="north", user_name="north1", password="password-of-nobody")
    sandbox.plain("ips", ip_address="203.0.113.10", connection_id=sandbox.plain("ip_connections"))
    east = sandbox.plain("fqdn_connections", connection_name="east")
    sandbox.plain("fqdns", connection_id=east, fqdn="sip.acme.example", dns_record_type="a")
    sandbox.plain("fqdns", connection_id=east, fqdn="sip.acme.example", dns_record_type="srv")
    sandbox.plain("managed_accounts", business_name="Acme")


def main():
    with serving.sandbox(TELFORM, json.dumps(WORLD)) as served:
        sandbox = Sandbox(served["telnyx"])
        misspelt = {"inbound": {"channel_limits": 5}}
        if not list(lost("control", misspelt, sandbox.send("POST", "ip_connections", misspelt))):
            sys.exit("a misspelt field was not noticed")
        every_field(sandbox)
        every_default(sandbox)
    stale = [f"{name} is as in the file now" for name in sandbox.unread | sandbox.otherwise]
    if sandbox.found or stale:
        sys.exit("\n".join(sandbox.found + stale))
    print(f"the sandbox keeps {sandbox.fields} fields that Telnyx's published OpenAPI file has for requests")
    print(f"and {sandbox.defaults} of its defaults")


main()
