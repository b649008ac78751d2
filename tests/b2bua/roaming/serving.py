"""The holder of the demonstration, with subscribers of the tests."""

from typing import Any

from b2bua.config import Camara, OAuth, Password
from b2bua.demo.holder import CLIENT, SECRET, Stub

ABROAD, AT_HOME, NATIONAL, SHIP, NOBODY = (f"+3247000000{digit}" for digit in (1, 2, 3, 4, 9))
SUBSCRIBERS = {ABROAD: 262, AT_HOME: 206, NATIONAL: "roams at home", SHIP: 901}


def stub(does: str = "answers", **more: Any) -> Stub:
    """One that does this."""
    return Stub(SUBSCRIBERS, does, **more)


def holder(address: str, secret: str = SECRET, **bounds: Any) -> Camara:
    """As it would stand in a configuration."""
    oauth = OAuth(token_url=f"{address}/token", client_id=CLIENT, client_secret=Password(secret))
    url = f"{address}/device-roaming-status/v1"
    return Camara(**{"name": "stub", "prefixes": ("+32",), "url": url, "oauth": oauth, **bounds})
