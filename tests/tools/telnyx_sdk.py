#!/usr/bin/env python3
"""The vendor's own Python client judges the sandbox of Telnyx, and Prism judges what is sent to it and what it answers.

The client runs with strict validation: an answer that its models do not describe is an error. Twelve groups of calls, once for
accounts that show passwords and once for those that show stars, must give what the vendor's pages say. Then telform applies its
example, and the client must see what the YAML wants. With PRISM and OPENAPI both go through Prism as well. Each judge first has to
object to something: one that objects to nothing proves nothing.

Usage: telnyx_sdk.py TELFORM [PRISM OPENAPI], with the Python that has the package `telnyx`.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import uuid
from pathlib import Path

import telnyx
from serving import Service
from telnyx import APIResponseValidationError, NotFoundError, Telnyx, UnprocessableEntityError

TELFORM = Path(sys.argv[1]).resolve()
PRISM, OPENAPI = (Path(argument).resolve() for argument in sys.argv[2:4]) if len(sys.argv) > 3 else (None, None)
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "telnyx"
TOKEN = "sandbox-token"
NUMBER = "+13125550101"
PASSWORD = "a-password-of-nobody"

# What Prism may object to: in which requests, to what, and why the sandbox does so all the same. One that does not occur any more
# is an error, too.
KNOWN = [
    (r"connections", r'webhook_event_failover_url must match format "uri"', "the default in the file is an empty text"),
    (r" /ips/", r'path\.id Request path parameter id must match format "uuid"', "the file shows such an id as a decimal number"),
    (r"delete /(credential_connections|fqdns)/", r"returned status code", "the file has no status for what is in use"),
    (r"delete /integration_secrets/", r"returned status code", "the file has 204; Prism reads no response without content"),
]


def world(stars, faults=()):
    return json.dumps({
        "telnyx": {
            "phone_numbers": [{"phone_number": NUMBER, "tags": ["main"]}, {"phone_number": "+13125550102"}],
            "knobs": {"password_shown": "stars" if stars else "clear"},
        },
        "faults": list(faults),
    })


def client_of(base):
    return Telnyx(api_key=TOKEN, base_url=base, max_retries=0, timeout=60, _strict_response_validation=True)


def same(what, seen, wanted):
    if seen != wanted:
        sys.exit(f"{what}: {seen!r}, and {wanted!r} was expected")


def raises(kind, call):
    """The first error of the body with which a call must fail."""
    try:
        call()
    except kind as error:
        return error.body["errors"][0]
    sys.exit(f"{kind.__name__} was expected")


def calls(client, stars):
    """What the vendor's pages say of twelve groups of calls."""
    group = client.billing_groups.create(name="cost").data
    same("group", (str(uuid.UUID(group.id)), group.name), (group.id, "cost"))
    same("groups", [one.name for one in client.billing_groups.list()], ["cost"])
    profile = client.outbound_voice_profiles.create(name="world", billing_group_id=group.id).data
    same("profile", (profile.id.isdecimal(), profile.whitelisted_destinations, profile.enabled), (True, ["US", "CA"], True))

    def connection(name):
        return client.credential_connections.create(
            connection_name=name, user_name=f"{name}user", password=PASSWORD, inbound={"channel_limit": 5},
            outbound={"outbound_voice_profile_id": profile.id, "localization": "US"},
        ).data

    old = connection("north")
    same("create", (old.password, old.inbound.channel_limit, old.outbound.localization), (PASSWORD, 5, "US"))
    same("defaults", (old.dtmf_type, old.inbound.timeout_2xx_secs, old.webhook_api_version), ("RFC 2833", 90, "1"))
    changed = client.credential_connections.update(old.id, outbound={"channel_limit": 10}).data.outbound
    same("merged", (changed.channel_limit, changed.outbound_voice_profile_id, changed.localization), (10, profile.id, "US"))
    same("count", client.outbound_voice_profiles.retrieve(profile.id).data.connections_count, 1)

    found = list(client.credential_connections.list(filter={"connection_name": {"contains": "nor"}}, page_size=250))
    same("found", [(one.id, one.password) for one in found], [(old.id, "*" * 8 if stars else PASSWORD)])
    new = connection("heir")
    same("pages", {one.id for one in client.credential_connections.list(page_size=1, sort="created_at")}, {old.id, new.id})

    number = next(iter(client.phone_numbers.list(filter={"phone_number": NUMBER[1:]})))
    same("with a plus", list(client.phone_numbers.list(filter={"phone_number": NUMBER})), [])
    client.phone_numbers.update(number.id, connection_id=old.id)
    same("in use", raises(UnprocessableEntityError, lambda: client.credential_connections.delete(old.id))["code"], "10021")
    wrong = raises(UnprocessableEntityError, lambda: client.phone_numbers.update(number.id, connection_id="17"))
    same("no such connection", wrong["source"]["pointer"], "/connection_id")
    moved = client.phone_numbers.update(number.id, connection_id=new.id).data
    same("moved", (moved.connection_id, moved.connection_name), (new.id, "heir"))
    same("left", list(client.phone_numbers.list(filter={"connection_id": old.id})), [])
    same("deleted", client.credential_connections.delete(old.id).data.id, old.id)
    same("gone", raises(NotFoundError, lambda: client.credential_connections.retrieve(old.id))["code"], "10005")
    same("detached", client.phone_numbers.update(number.id, connection_id="").data.connection_id, None)

    settings(client, number)
    targets(client)
    account(client)
    client.credential_connections.delete(new.id)
    client.outbound_voice_profiles.delete(profile.id)
    client.billing_groups.delete(group.id)


def settings(client, number):
    """The parts of a number, and the list of all connections."""
    voice = client.phone_numbers.voice.update(number.id, call_recording={"inbound_call_recording_enabled": True}).data
    same("voice", (voice.record_type, voice.call_recording.inbound_call_recording_format), ("voice_settings", "wav"))
    same("read on the number", client.phone_numbers.retrieve(number.id).data.call_recording_enabled, True)
    messaging = client.phone_numbers.messaging.retrieve(number.id).data
    same("messaging", (messaging.record_type, messaging.messaging_profile_id), ("messaging_settings", None))
    same("slim", [one.phone_number for one in client.phone_numbers.slim_list(sort="phone_number")], [NUMBER, "+13125550102"])
    same("connections", {one.record_type for one in client.connections.list()}, {"credential_connection"})
    same("balance", client.balance.retrieve().data.currency, "USD")


def targets(client):
    """Connections with hosts and IPs, and the third request that names one as the default."""
    holder = client.fqdn_connections.create(connection_name="east").data
    host = client.fqdns.create(connection_id=holder.id, fqdn="sip.acme.example", dns_record_type="a", port=5060).data
    same("hosts", [one.id for one in client.fqdns.list(filter={"connection_id": holder.id})], [host.id])
    named = client.fqdn_connections.update(holder.id, inbound={"default_primary_fqdn_id": host.id}).data
    same("default", named.inbound.default_primary_fqdn_id, host.id)
    raises(UnprocessableEntityError, lambda: client.fqdns.delete(host.id))
    client.fqdn_connections.update(holder.id, inbound={"default_primary_fqdn_id": None})
    client.fqdns.delete(host.id)
    client.fqdn_connections.delete(holder.id)
    holder = client.ip_connections.create(connection_name="south", transport_protocol="TLS").data
    same("token", len(holder.outbound.ip_authentication_token) >= 12, True)
    address = client.ips.create(ip_address="203.0.113.7", connection_id=holder.id).data
    same("port", client.ips.update(address.id, ip_address="203.0.113.8").data.port, 5060)
    client.ips.delete(address.id)
    client.ip_connections.delete(holder.id)


def account(client):
    made = client.managed_accounts.create(business_name="Acme", email="ops@acme.example").data
    same("account", (made.organization_name, bool(made.api_key)), ("Acme", True))
    row = next(iter(client.managed_accounts.list(filter={"email": {"eq": "ops@acme.example"}})))
    same("no key in a list", (row.id, (row.model_extra or {}).get("api_key")), (made.id, None))
    client.managed_accounts.actions.disable(made.id)
    disabled = client.managed_accounts.list(filter={"status": {"eq": "disabled"}})
    same("disabled", [one.id for one in disabled], [made.id])
    secret = client.integration_secrets.create(identifier="crm", type="bearer", token="a-token-of-nobody").data
    same("secrets", [one.identifier for one in client.integration_secrets.list()], ["crm"])
    client.integration_secrets.delete(secret.id)


def telform(folder, expected, base, *arguments):
    """Runs telform with its example, against this address."""
    yaml = (EXAMPLE / "telform.yaml").read_text().replace("api: telnyx\n", f"api: telnyx\n    base_url: {base}\n")
    (folder / "telform.yaml").write_text(yaml)
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "TELNYX_API_KEY": TOKEN, "DESK_PASSWORD": PASSWORD}
    ran = subprocess.run([str(TELFORM), *arguments], cwd=folder, env=env, capture_output=True, text=True, timeout=300)
    if ran.returncode != expected:
        sys.exit(f"telform {' '.join(arguments)}: {ran.returncode}\n{ran.stdout[-4000:]}\n{ran.stderr[-4000:]}")


def applied(folder, judge, base):
    """telform applies its example through this address, and the vendor's client reads at the other what came of it."""
    telform(folder, 2, judge, "plan", "--detailed-exitcode")
    telform(folder, 0, judge, "apply", "--auto-approve")
    telform(folder, 0, judge, "plan", "--detailed-exitcode")
    telform(folder, 0, judge, "drift")
    client = client_of(base)
    [group] = client.billing_groups.list()
    [profile] = client.outbound_voice_profiles.list()
    same("profile", (profile.name, profile.billing_group_id, profile.daily_spend_limit), ("Domestic", group.id, "150.00"))
    same("rate", profile.max_destination_rate, 0.25)
    [desk] = client.credential_connections.list()
    same("desk", (desk.connection_name, desk.user_name, desk.password), ("Desk 2026", "desk2026", PASSWORD))
    same("nested", (desk.inbound.channel_limit, desk.inbound.codecs, desk.outbound.outbound_voice_profile_id),
         (20, ["OPUS", "G722", "G711U"], profile.id))
    [switch] = client.ip_connections.list()
    addresses = sorted((one.ip_address, one.port, one.connection_id) for one in client.ips.list())
    same("addresses", addresses, [("198.51.100.7", 5060, switch.id), ("198.51.100.8", 5060, switch.id)])
    numbers = {one.phone_number: (one.connection_id, one.billing_group_id, one.tags) for one in client.phone_numbers.list()}
    same("numbers", numbers, {NUMBER: (desk.id, group.id, ["sales"]), "+13125550102": (switch.id, None, [])})


def controls(folder):
    """What the client must object to: a word that its models do not have, in two answers."""
    wrong = [
        ("/v2/credential_connections/17", {"id": "17", "dtmf_type": "Whistling"}, lambda client: client.credential_connections.retrieve("17")),
        ("/v2/phone_numbers/17", {"id": "17", "status": "sleeping"}, lambda client: client.phone_numbers.retrieve("17")),
    ]
    faults = [
        {"match": {"path": path}, "effect": {"answer": {"status": 200, "body": {"json": {"data": data}}}}}
        for path, data, _ in wrong
    ]
    with_sandbox(folder, world(False, faults), lambda base: [objected(client_of(base), call) for _, _, call in wrong])


def objected(client, call):
    try:
        call(client)
    except APIResponseValidationError:
        return
    sys.exit("the client let a wrong answer pass")


def with_sandbox(folder, text, use):
    folder.mkdir()
    (folder / "world.yaml").write_text(text)
    served = Service([str(TELFORM), "sandbox", "world.yaml"], r"Telnyx +(http://127\.0\.0\.1:\d+/[0-9a-f]+/v2)", folder)
    try:
        use(served.address)
        with urllib.request.urlopen(served.address.removesuffix("v2") + "_sim/log", timeout=30) as answer:
            log = answer.read().decode()
        same("no secret in the log", [it for it in (PASSWORD, "a-token-of-nobody", TOKEN) if it in log], [])
        return len(json.loads(log))
    finally:
        served.stop()


def asked(base, method, path, body=None, token=TOKEN):
    """Whether Prism objects to a request that the client would not make."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{base}/{path}", data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            found, text = answer.headers.get("sl-violations"), answer.read().decode()
    except urllib.error.HTTPError as error:
        found, text = error.headers.get("sl-violations"), error.read().decode()
    return bool(found) or "stoplight.io/prism" in text


def judged_controls(base):
    create = {"connection_name": "control", "user_name": "control1", "password": "control-control"}
    wrong = [
        ("a field that is required is missing", "POST", "credential_connections", {"connection_name": "x"}, TOKEN),
        ("a word that the file does not know", "POST", "credential_connections", {**create, "dtmf_type": "Whistling"}, TOKEN),
        ("an id as a number", "PATCH", "phone_numbers/1293384261075731499", {"connection_id": 17}, TOKEN),
        ("a page that is too large", "GET", "ips?page%5Bsize%5D=251", None, TOKEN),
        ("a profile without its name", "PATCH", "outbound_voice_profiles/17", {"enabled": False}, TOKEN),
        ("a method that the file does not know", "PUT", "ips", {}, TOKEN),
        ("no key", "GET", "ips", None, None),
        # The sandbox was told to answer this.
        ("an answer with a word that the file does not know", "GET", "phone_numbers/17", None, TOKEN),
    ]
    for what, *request in wrong:
        if not asked(base, *request):
            sys.exit(f"Prism let it pass: {what}")
        print(f"Prism refused, as it must: {what}")


def through_prism(folder, address, use, occurring=()):
    """Runs calls through Prism, and returns what it noted."""
    command = [str(PRISM), "proxy", str(OPENAPI), address, "--port", "0", "--verboseLevel", "info"]
    judge = Service(command, r"listening on (http://127\.0\.0\.1:\d+)", folder)
    try:
        use(judge.address)
        return violations(judge.text(), occurring)
    finally:
        judge.stop()


def violations(log, occurring):
    """Each violation with its request, without the known ones; those that occur must be there."""
    request, found, missing = "", [], set(occurring)
    for line in log.splitlines():
        if "[HTTP SERVER]" in line:
            request = line.split("[HTTP SERVER]")[1].split("\N{INFORMATION SOURCE}")[0].strip()
        elif "Violation" in line or "[VALIDATOR]" in line:
            known = [it for it in KNOWN if re.search(it[0], request) and re.search(it[1], line)]
            missing -= set(known)
            found += [] if known else [f"{request}: {line}"]
    return found + [f"not seen any more: {what} of {where}" for where, what, _ in missing]


def prism(work):
    answer = {"data": {"id": "17", "status": "sleeping"}}
    fault = {"match": {"path": "/v2/phone_numbers/17"}, "effect": {"answer": {"status": 200, "body": {"json": answer}}}}
    folder = work / "prism-controls"
    with_sandbox(folder, world(False, [fault]), lambda base: through_prism(folder, base, judged_controls))
    runs = [
        ("passwords shown", world(False), KNOWN, lambda folder, judge, base: calls(client_of(judge), False)),
        ("passwords masked", world(True), KNOWN, lambda folder, judge, base: calls(client_of(judge), True)),
        ("telform's example", (EXAMPLE / "world.yaml").read_text(), KNOWN[:1], applied),
    ]
    for what, text, occurring, use in runs:
        folder, noted = work / f"prism {what}", []

        def run(base):
            noted.extend(through_prism(folder, base, lambda judge: use(folder, judge, base), occurring))

        count = with_sandbox(folder, text, run)
        if noted:
            sys.exit(f"{len(noted)} violations\n" + "\n".join(noted[:20]))
        print(f"Prism, {what}: {count} requests, 0 violations but known ones ({len(occurring)} kinds)")


def main():
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        controls(work / "controls")
        print("the vendor's client refused two wrong answers, as it must")
        for stars in (False, True):
            count = with_sandbox(work / f"client-{stars}", world(stars), lambda base: calls(client_of(base), stars))
            print(f"telnyx {telnyx.__version__}, passwords {'masked' if stars else 'shown'}: {count} requests as expected")
        folder = work / "example"
        count = with_sandbox(folder, (EXAMPLE / "world.yaml").read_text(), lambda base: applied(folder, base, base))
        print(f"telnyx {telnyx.__version__}, after telform applied its example: {count} requests, and what the YAML wants")
        if PRISM:
            prism(work)
        else:
            print("NOT CHECKED: Telnyx's OpenAPI file is missing, or Prism could not be installed")


main()
