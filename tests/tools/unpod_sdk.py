#!/usr/bin/env python3
"""The vendor's own Python client reads the sandbox: numbers and overview.

Usage: unpod_sdk.py TELFORM, with the Python that has the package `unpod`.
"""

import asyncio
import sys
from pathlib import Path

from serving import sandbox
from unpod import AsyncClient, JWTAuth

TELFORM = Path(sys.argv[1]).resolve()
WORLD = """
unpod:
  profile: g1-july
  organizations:
    - { handle: acme.example, name: Acme }
    - { handle: other.example, name: Other, foreign: true }
  users:
    - { name: somebody, jwts: [a-jwt], memberships: [[acme.example, owner]] }
  configurations:
    - { id: 41, provider: Vapi, name: main, api_key: a-secret-that-is-masked }
  numbers:
    - { id: 501, number: "+14155550101" }
    - { id: 502, number: "+14155550102" }
    - { id: 503, number: "+14155550103", active: false }
    - { id: 504, number: "+14155550104", organization: other.example }
  bridges:
    - { id: 301, slug: sales, name: Sales, product_id: prod, numbers: { "+14155550101": 41 } }
"""


async def read(base, handle):
    # Of a base that ends in /platform the client takes the host and adds the platform's prefix.
    async with AsyncClient(auth=JWTAuth("a-jwt", org_handle=handle), base_url=f"{base}/platform") as client:
        numbers = {one.number: one.status for one in await client.telephony.numbers.list()}
        overview = [(one.number, one.bridge_slug, one.connection_state) for one in await client.telephony.overview()]
        return numbers, overview


def main():
    with sandbox(TELFORM, WORLD) as served:
        base = served["unpod"].removesuffix("/api/v2/platform")
        numbers, overview = asyncio.run(read(base, "acme.example"))
        assert numbers == {"+14155550101": "assigned", "+14155550102": "not_assigned", "+14155550103": "closed"}, numbers
        assert overview == [("+14155550101", "sales", "LINKED")], overview
        try:
            asyncio.run(read(base, "other.example"))
        except Exception as error:  # the client passes its transport's error on
            assert "403" in str(error), error
        else:
            raise AssertionError("another organization's numbers were read")
    print("the vendor's Python client reads numbers and overview of the sandbox")


main()
