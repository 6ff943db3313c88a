"""Rego rules over a plan in Terraform's representation: one that holds for every partner, changed or not, and two that fail where
they must. Usage: rego.py PLAN"""

import json
import sys

from regopy import Interpreter

RULES = """
package telform
import rego.v1

partners contains c if { some c in input.resource_changes; c.type == "carrierx_partner"; c.change.after }

prepaid contains c.address if { some c in partners; not postpaid(c) }
postpaid(c) if c.change.after.payment_type == "postpay"

elsewhere contains c.address if { some c in partners; c.change.after.zip != "90804" }

dark contains c.change.before.number if {
    some c in input.resource_changes
    c.type == "telform_number"
    c.change.actions == ["delete"]
}
"""

interpreter = Interpreter()
interpreter.add_module("telform", RULES)
with open(sys.argv[1], encoding="utf-8") as file:
    interpreter.set_input(json.load(file))
answer = json.loads(str(interpreter.query("prepaid = data.telform.prepaid; elsewhere = data.telform.elsewhere; dark = data.telform.dark")))
found = answer["bindings"]
expected = {
    "prepaid": [],
    "elsewhere": ["carrierx_partner.acme-east", "carrierx_partner.acme-north"],
    "dark": ["+14155550103"],
}
for rule, members in expected.items():
    print(f"{rule}: {found.get(rule)}")
    if sorted(found.get(rule, ["no such rule"])) != members:
        sys.exit(f"{rule} should be {members}")
