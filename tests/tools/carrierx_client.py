#!/usr/bin/env python3
"""Calls what the fact sheet says that CarrierX's published clients call, against the sandbox, and judges every answer strictly.

The published Python client (carrierx/carrierx-python) is not on the package index, so it cannot be pinned and run. This script sends what
docs/services/carrierx.md has from reading it and the Ruby client: Basic authentication without a token, `includeFields`, `oauth/whoami`,
`offset`, `limit`, `filter`, `order`, the token of a verification mail, a PATCH of a password. It uses nothing but Python's own library.

Usage: carrierx_client.py TELFORM
"""

import base64
import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from serving import sandbox

TELFORM = Path(sys.argv[1]).resolve()
WORLD = """
carrierx:
  tokens: [a-token]
  limited_tokens: { reader: [partners.read] }
  account_login: acme
  account_password: canary-account-password
  partners:
    - { login: west, name: Acme West, company_name: Acme, country_code: USA, zip: "01234", owner_email: ops@acme.example, phonenumber: "15162065574" }
    - { login: east, name: Acme East, company_name: Acme, country_code: USA, zip: "01234", owner_email: ops@acme.example, phonenumber: "15162065575" }
    - { login: north, name: Acme North, company_name: Acme, country_code: USA, zip: "01234", owner_email: ops@acme.example, phonenumber: "15162065576" }
"""
# What a Partner of the public samples holds, section 4.1.
FIELDS = set(
    "acls address1 address2 attributes available_scopes balance billing_email callbacks charge_at city company_name country_code"
    " daily_spending_limit daily_spent_amount date_created display_id login name owner_email parent_assigned_acls parent_sid partner_sid"
    " payment_type phonenumber prepay_amount spending_limit state status tech_email transformations zip".split()
)
SID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
calls = 0


class Client:
    def __init__(self, base, authorization):
        self.base, self.authorization = base.rstrip("/"), authorization

    def call(self, expect, method, path, body=None, form=None, **arguments):
        """Sends a request, insists on the status and on JSON, and returns what it holds."""
        global calls
        calls += 1
        url = f"{self.base}/{path}" + (f"?{urllib.parse.urlencode(arguments)}" if arguments else "")
        data = json.dumps(body).encode() if body is not None else urllib.parse.urlencode(form).encode() if form is not None else None
        kind = "application/json" if form is None else "application/x-www-form-urlencoded"
        headers = {"Accept": "application/json"} | ({"Content-Type": kind} if data is not None else {})
        if self.authorization:
            headers["Authorization"] = self.authorization
        request = urllib.request.Request(url, data=data, method=method, headers=headers)
        try:
            answer = urllib.request.urlopen(request, timeout=20)
        except urllib.error.HTTPError as error:
            answer = error
        text = answer.read().decode()
        assert answer.status == expect, f"{method} {path} {arguments}: {answer.status} instead of {expect}: {text}"
        assert answer.headers.get_content_type() == "application/json", f"{method} {path}: {answer.headers}"
        assert "canary-account-password" not in text
        value = json.loads(text)
        if expect >= 400:
            assert isinstance(value, dict) and ("errors" in value or "message" in value), f"{method} {path}: {text}"
        return value


def partner(value):
    assert set(value) == FIELDS, set(value) ^ FIELDS
    assert SID.match(value["partner_sid"]) and value["display_id"].startswith("CX"), value
    for money in ("balance", "daily_spending_limit", "spending_limit"):
        assert isinstance(value[money], str), f"{money}: {value[money]!r}"
    return value


def page(value, **expected):
    assert set(value) == {"count", "has_more", "items", "limit", "offset", "pagination", "total"}, set(value)
    assert value["count"] == len(value["items"]) <= value["limit"]
    for name, wanted in expected.items():
        assert value[name] == wanted, f"{name}: {value[name]!r} instead of {wanted!r}"
    return value["items"]


def check(base):
    basic = Client(base, "Basic " + base64.b64encode(b"acme:canary-account-password").decode())
    bearer, reader, stranger = Client(base, "Bearer a-token"), Client(base, "Bearer reader"), Client(base, None)

    # Authentication: Basic or a token, and nothing else.
    stranger.call(401, "GET", "partners")
    Client(base, "Basic " + base64.b64encode(b"acme:wrong").decode()).call(401, "GET", "partners")
    Client(base, "Bearer wrong").call(401, "GET", "partners")
    for client, scopes in ((basic, None), (bearer, None), (reader, ["partners.read"])):
        who = client.call(200, "GET", "oauth/whoami")
        assert who["login"] == "acme" and SID.match(who["partner_sid"]), who
        assert scopes in (None, who["scopes"]), who

    # Lists: limit, offset, order, filter, the next page, a part of the fields.
    first = basic.call(200, "GET", "partners", limit=2, order="login asc")
    assert [partner(item)["login"] for item in page(first, has_more=True, limit=2, offset=0, total=3)] == ["east", "north"]
    address = urllib.parse.urlsplit(first["pagination"]["next"])
    second = basic.call(200, "GET", "partners", **dict(urllib.parse.parse_qsl(address.query)))
    assert [item["login"] for item in page(second, has_more=False, offset=2)] == ["west"]
    names = page(basic.call(200, "GET", "partners", includeFields="login,name", order="login asc"))
    assert names[0] == {"login": "east", "name": "Acme East"}, names
    found = page(bearer.call(200, "GET", "partners", filter='login eq "west"'), total=1)
    sid = found[0]["partner_sid"]
    assert basic.call(200, "GET", f"partners/{sid}", includeFields="partner_sid") == {"partner_sid": sid}
    basic.call(422, "GET", "partners", limit=1001)
    basic.call(400, "GET", "partners", filter="login ~ x")

    # One partner: what it shows, what a reader may do, what is not there.
    assert partner(reader.call(200, "GET", f"partners/{sid}"))["name"] == "Acme West"
    reader.call(403, "PATCH", f"partners/{sid}", {"name": "x"})
    basic.call(404, "GET", "partners/00000000-0000-4000-8000-000000000000")
    assert partner(basic.call(200, "PATCH", f"partners/{sid}", {"name": "Renamed"}))["name"] == "Renamed"
    assert "password" not in basic.call(200, "PATCH", f"partners/{sid}", {"password": "another-secret-1"})
    basic.call(415, "PATCH", f"partners/{sid}", form={"name": "x"})
    basic.call(405, "DELETE", f"partners/{sid}")

    # A create, with an address that was confirmed before, and without.
    new = {"login": "south", "password": "a-secret-of-south", "name": "South", "company_name": "Acme", "country_code": "USA", "zip": "01234",
           "owner_email": "south@acme.example", "phonenumber": "15162065577", "payment_type": "postpay"}
    basic.call(422, "POST", "partners", new, verification_token="no-such-token")
    mail = basic.call(200, "POST", "verification/email", {"to_address": new["owner_email"]})
    assert mail["to_address"] == new["owner_email"] and mail["status"] == "sent_email", mail
    assert bearer.call(200, "GET", "verification/email/tokens/1")["to_address"] == new["owner_email"]
    made = partner(basic.call(200, "POST", "partners", new, verification_token="1"))
    assert (made["status"], made["owner_email"]) == ("active", new["owner_email"]), made
    basic.call(200, "GET", f"partners/{made['partner_sid']}")
    basic.call(409, "POST", "partners", new)
    waits = partner(basic.call(200, "POST", "partners", new | {"login": "inner", "owner_email": "inner@acme.example"}))
    assert (waits["status"], waits["owner_email"]) == ("unverified", None), waits
    basic.call(404, "GET", f"partners/{waits['partner_sid']}")
    assert page(basic.call(200, "GET", "partners"), total=4)

    # What the sandbox does not have says so in JSON.
    basic.call(404, "GET", "conference/rooms")


def main():
    with sandbox(TELFORM, WORLD) as served:
        check(served["carrierx"])
    print(f"{calls} calls of the published clients were answered as the fact sheet says")


if __name__ == "__main__":
    main()
