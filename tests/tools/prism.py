#!/usr/bin/env python3
"""Unpod's published OpenAPI file judges what telform sends and what the sandbox answers.

Prism runs between telform and the sandbox as a strict proxy: a request or an answer that the file does not describe is an
error. It judges the quickstart and two generated worlds, through plan, apply, drift and destroy. Five requests that it must
object to come first: a judge that objects to nothing proves nothing.

Usage: prism.py TELFORM PRISM OPENAPI
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from serving import Service

TELFORM, PRISM, OPENAPI = (Path(argument).resolve() for argument in sys.argv[1:4])
QUICKSTART = Path(__file__).resolve().parents[2] / "examples" / "quickstart"
TOKEN = "sandbox-token"


def send(base, method, path, body=None, handle="acme.example"):
    """Status and body of one request that telform did not make, with what Prism found wrong about its answer."""
    headers = {"Authorization": f"Token {TOKEN}", "Content-Type": "application/json"}
    if handle:
        headers["Org-Handle"] = handle
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{base}/api/v2/platform/{path}", data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode() + str(answer.headers.get("sl-violations") or "")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode() + str(error.headers.get("sl-violations") or "")


def refused(base):
    """What must be refused: by the request, and by the answer."""
    create = {"provider": "twilio", "account_sid": "ACcontrol", "auth_token": "control"}
    controls = [
        ("a field that is required is missing", "POST", "telephony/bridges/", {"name": "Control"}, "acme.example"),
        ("a value of another type", "POST", "telephony/providers-configurations/", {**create, "provider": 4}, "acme.example"),
        ("a path that the file does not know", "GET", "telephony/trunks/", None, "acme.example"),
        ("a header that is required is missing", "GET", "telephony/bridges/", None, None),
        ("a status that the file does not declare", "POST", "telephony/providers-configurations/", create, "acme.example"),
    ]
    # The second create of one account is a 409, which the file does not declare: it judges answers, too.
    send(base, "POST", "telephony/providers-configurations/", create)
    for what, method, path, body, handle in controls:
        status, text = send(base, method, path, body, handle)
        if "stoplight.io/prism" not in text and '"severity"' not in text:
            sys.exit(f"Prism let it pass: {what}: {status} {text}")
        print(f"refused, as it must be: {what} ({status})")


def generated(dice):
    """A world, the YAML that is wanted in it, and the same with other wishes."""
    vendors = ["twilio", "plivo", "exotel"]
    numbers = [f"+1415555{n:04}" for n in range(100, 100 + 60)]
    configurations = [
        {"id": 40 + n, "provider": dice.choice(vendors), "account_sid": f"SID{n:03}", "auth_token": f"old-{n}"}
        for n in range(12)
    ]
    free, bridges = list(numbers), []
    for n in range(10):
        taken = [free.pop() for _ in range(dice.randrange(4))]
        served = {number: dice.choice(configurations)["id"] for number in taken}
        bridges.append({"id": 300 + n, "slug": f"bridge-{n:03}", "name": f"Bridge {n}", "numbers": served})
    world = {
        "unpod": {
            "profile": "g2-documented",
            "organizations": [{"handle": "acme.example", "name": "Acme"}],
            "configurations": configurations,
            "numbers": [{"id": 500 + n, "number": number} for n, number in enumerate(numbers)],
            "bridges": bridges,
            # The list of bridges shows a configuration's id here, so that no connection is ambiguous.
            "knobs": {"bridge_get": "configuration_id"},
        }
    }

    def wanted(round):
        providers = {
            f"p{n}": {
                "id": str(40 + n),
                "provider": configurations[n]["provider"] if dice.random() < 0.7 else dice.choice(vendors),
                "account_sid": f"SID{n:03}" if dice.random() < 0.8 else f"SID{n:03}-{round}",
                "auth_token": {"env": "ANY_TOKEN"},
            }
            for n in range(12)
        }
        for n in range(3):
            providers[f"new{n}"] = {
                "provider": dice.choice(vendors), "account_sid": f"NEW{n}", "auth_token": {"env": "ANY_TOKEN"},
            }
        left = list(numbers)
        dice.shuffle(left)
        wishes = {
            f"b{n}": {
                "slug": f"bridge-{n:03}",
                "name": f"Bridge {n}" if dice.random() < 0.7 else f"Renamed {n} in round {round}",
                "numbers": {left.pop(): {"provider": dice.choice(sorted(providers))} for _ in range(dice.randrange(5))},
            }
            for n in range(12)
        }
        return {"providers": providers, "bridges": wishes}

    return world, [wanted(1), wanted(2)]


def telform(folder, expected, *arguments):
    """Runs telform, which must end with one of these codes."""
    env = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "UNPOD_TOKEN": TOKEN, "CARRIERX_TOKEN": TOKEN,
        "ANY_TOKEN": "a-token-for-all", "TWILIO_AUTH_TOKEN": "t", "BACKUP_AUTH_TOKEN": "b", "ACME_WEST_PASSWORD": "p",
        "ACME_EAST_PASSWORD": "q", "ACME_NORTH_PASSWORD": "r",
    }
    ran = subprocess.run([str(TELFORM), *arguments], cwd=folder, env=env, capture_output=True, text=True, timeout=600)
    if ran.returncode not in expected:
        sys.exit(f"telform {' '.join(arguments)}: {ran.returncode}\n{ran.stdout[-4000:]}\n{ran.stderr[-4000:]}")


def judge(name, folder, world, runs):
    """Runs telform through the judge; `runs` are its command lines with the codes that they may end with."""
    folder.mkdir()
    (folder / "world.yaml").write_text(world)
    served = Service([str(TELFORM), "sandbox", "world.yaml"], r"Unpod +(http://127\.0\.0\.1:\d+/[0-9a-f]+)", folder)
    judged = None
    try:
        command = [str(PRISM), "proxy", str(OPENAPI), served.address, "--errors", "--port", "0", "--verboseLevel", "info"]
        judged = Service(command, r"listening on (http://127\.0\.0\.1:\d+)", folder)
        if name is None:
            refused(judged.address)
            return
        for yaml, expected, arguments in runs(judged.address, served.address):
            (folder / "telform.yaml").write_text(yaml)
            telform(folder, expected, *arguments)
        text = judged.text()
        violations = [line for line in text.splitlines() if "Violation" in line or "[VALIDATOR]" in line]
        with urllib.request.urlopen(f"{served.address}/_sim/log", timeout=30) as answer:
            log = json.load(answer)
        asked = [(one["method"], one["path"]) for one in log if one["path"].startswith("/api/")]
        writes = sum(method != "GET" for method, _ in asked)
        if violations or not writes:
            sys.exit(f"{name}: {writes} writes, {len(violations)} violations\n" + "\n".join(violations[:20]))
        print(f"{name}: {len(asked)} requests ({writes} writes), 0 violations")
    finally:
        for service in (judged, served):
            if service:
                service.stop()


def quickstart(judged, served):
    yaml = (QUICKSTART / "telform.yaml").read_text()
    yaml = yaml.replace("api: unpod\n", f"api: unpod\n    base_url: {judged}/api/v2/platform\n")
    yaml = yaml.replace("api: carrierx\n", f"api: carrierx\n    base_url: {served}/core/v2\n")
    yield yaml, [2], ["plan", "--detailed-exitcode"]
    yield yaml, [0], ["apply", "--auto-approve"]
    yield yaml, [0], ["plan", "--detailed-exitcode"]
    yield yaml, [0], ["drift"]


def made(wishes):
    def runs(judged, _served):
        account = {"unpod": {
            "api": "unpod", "org_handle": "acme.example", "token": {"env": "UNPOD_TOKEN"},
            "base_url": f"{judged}/api/v2/platform",
        }}
        guards = {"max_deletes": 100, "max_numbers_dark": 100, "max_update_percent": 100}
        for round in wishes:
            yaml = json.dumps({"version": 1, "accounts": account, "guards": guards, **round})
            yield yaml, [0], ["apply", "--auto-approve"]
            yield yaml, [0], ["drift"]
        yield yaml, [0], ["apply", "--auto-approve", "--destroy"]

    return runs


def main():
    work = Path(tempfile.mkdtemp())
    try:
        judge(None, work / "controls", json.dumps({"unpod": {"profile": "g2-documented"}}), None)
        judge("quickstart", work / "quickstart", (QUICKSTART / "world.yaml").read_text(), quickstart)
        for seed in (1, 2):
            world, wishes = generated(random.Random(seed))
            judge(f"generated world {seed}", work / f"made{seed}", json.dumps(world), made(wishes))
    finally:
        shutil.rmtree(work)
    print("Unpod's published OpenAPI file: 0 violations")


main()
