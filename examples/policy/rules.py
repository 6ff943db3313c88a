#!/usr/bin/env python3
"""Rules that a plan must follow, one small function each. telform passes the plan as JSON on standard input; a rule yields
one sentence for each violation. Without violations the exit code is 0 and the plan continues; otherwise it is 1 and the
plan is refused.

    telform plan --allow-commands                # the policy is named in telform.yaml
    telform plan --policy "python3 rules.py"     # or on the command line
    telform show plan.json --format json | python3 rules.py

The shape of the plan is described by schemas/plan.schema.json.
"""

import json
import re
import sys
from urllib.parse import urlsplit

# Numbers that are no longer in use. Every other number must stay connected.
MAY_GO_DARK = {"+14155550103"}

# Replacing a configuration creates a new one and moves its numbers; more than this is a project, not a change.
MOST_REPLACES = 2

# Where the services may send the calls and messages of our customers.
OUR_HOSTS = {"hooks.acme.example"}

TICKET = re.compile(r"\b[A-Z]{2,}-[0-9]+\b")


def numbers_stay_reachable(plan):
    for number in plan["impact"]:
        if number["effect"] == "dark" and number["number"] not in MAY_GO_DARK:
            yield f"{number['number']} would go dark and is not on the list of numbers that may"


def every_delete_has_a_ticket(plan):
    for change in plan["changes"]:
        if change["action"] == "delete" and not TICKET.search(change.get("reason", "")):
            yield f"{change['address']} is deleted, and its reason names no ticket such as OPS-1432"


def few_replaces(plan):
    replaced = [change["address"] for change in plan["changes"] if change["action"] == "replace"]
    if len(replaced) > MOST_REPLACES:
        yield f"{len(replaced)} objects would be replaced, at most {MOST_REPLACES} in one plan: {', '.join(replaced)}"


def partners_pay_afterwards(plan):
    for address, value in written(plan, "partners", "payment_type"):
        if value != "postpay":
            yield f"{address} would get payment_type {value}; new contracts are postpay"


def callbacks_stay_at_home(plan):
    for address, value in written(plan, "partners", "callbacks"):
        for name, url in (value or {}).items():
            if urlsplit(url or "").hostname not in OUR_HOSTS | {None}:
                yield f"{address} would send {name} to {urlsplit(url).hostname}, which is not ours"


def written(plan, kind, attribute):
    """Address and new value of each change that writes this attribute."""
    for change in plan["changes"]:
        for changed in change.get("attributes", []):
            after = changed["after"]
            if change["address"].startswith(f"{kind}.") and changed["name"] == attribute and "value" in after:
                yield change["address"], after["value"]


RULES = [
    numbers_stay_reachable,
    every_delete_has_a_ticket,
    few_replaces,
    partners_pay_afterwards,
    callbacks_stay_at_home,
]


def main():
    document = json.load(sys.stdin)
    if (document["format"], document["format_version"]) != ("telform-plan", 1):
        sys.exit("these rules were written for version 1 of telform's plan")
    denied = [(rule.__name__, text) for rule in RULES for text in rule(document["plan"])]
    for rule, text in denied:
        print(f"deny {rule}: {text}")
    sys.exit(1 if denied else 0)


if __name__ == "__main__":
    main()
