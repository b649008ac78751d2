"""A stub of a mobile operator's CAMARA Device Roaming Status, with the token server before it: for trials.

    python examples/camara_stub.py [--port 9091] [--does slow]

    [[roaming.camara]]
    name = "stub"
    prefixes = ["+3247"]
    url = "http://127.0.0.1:9091/device-roaming-status/v1"
    [roaming.camara.oauth]
    token_url = "http://127.0.0.1:9091/token"
    client_id = "b2bua"
    client_secret = "open sesame"

What it does with its questions can be changed while it runs: `curl -X PUT http://127.0.0.1:9091/does/flapping`. All
that it can do stands in `b2bua/demo/holder.py`.
"""

import argparse

from aiohttp import web

from b2bua.demo.holder import DOINGS, Stub

#: By number: the mobile country code of the network the subscriber is in, or what is done with the question.
SUBSCRIBERS = {
    "+32470000001": 262,  # Germany
    "+32470000002": 206,  # Belgium
    "+32470000003": "roams at home",
    "+32470000004": 901,  # a ship
    "+32470123456": 208,  # France
}


def main() -> None:
    """Serves until Ctrl-C."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9091)
    parser.add_argument("--does", default="answers", choices=sorted(DOINGS))
    options = parser.parse_args()

    async def app() -> web.Application:
        return Stub(SUBSCRIBERS, options.does).app()

    web.run_app(app(), host=options.host, port=options.port, shutdown_timeout=1.0)


if __name__ == "__main__":
    main()
