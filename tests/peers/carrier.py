"""Kamailio as a carrier that asks for a password: all but ACK and CANCEL are challenged (RFC 3261 §22.1)."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.sipstack.peers.process import Process

USER, PASSWORD, REALM = "gateway", "Sesame-0", "carrier.test"
_HEARD = re.compile(r"<script>: heard (\w+)( with a proof)?$", re.MULTILINE)


@contextmanager
def carrier(
    folder: Path, host: str, port: int, onward: int, *, algorithm: str = "MD5", nonce_lasts: int = 300
) -> Iterator[Process]:
    """It listens on `port`, challenges, and sends what is proved on to `onward`; a nonce lasts so many seconds."""
    program = shutil.which("kamailio")
    assert program is not None
    folder.mkdir(parents=True)
    text = _CONFIGURATION
    values = {"host": host, "port": port, "onward": onward, "algorithm": algorithm, "lasts": nonce_lasts}
    for name, value in {**values, "user": USER, "password": PASSWORD, "realm": REALM}.items():
        text = text.replace(f"@{name}@", str(value))
    (folder / "kamailio.cfg").write_text(text)
    command = [program, "-f", "kamailio.cfg", "-DD", "-E", "-m", "32", "-M", "4", "-P", str(folder / "pid")]
    process = Process.start([*command, "-Y", str(folder)], folder)
    try:
        process.listens(udp=(port,))
        yield process
    finally:
        process.close()


def heard(process: Process) -> list[tuple[str, bool]]:
    """Each request that came, and whether it brought credentials."""
    return [(method, bool(proof)) for method, proof in _HEARD.findall(process.said)]


_CONFIGURATION = """
debug=1
log_stderror=yes
children=1
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
listen=udp:@host@:@port@

loadmodule "kex.so"
loadmodule "corex.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "xlog.so"
loadmodule "auth.so"

modparam("auth", "algorithm", "@algorithm@")
modparam("auth", "qop", "auth")
modparam("auth", "nonce_count", 1)
modparam("auth", "nc_array_size", 1024)
modparam("auth", "nonce_expire", @lasts@)

request_route {
  if (is_present_hf("Proxy-Authorization")) xlog("L_ERR", "heard $rm with a proof\\n");
  else xlog("L_ERR", "heard $rm\\n");
  if (is_method("CANCEL")) {
    if (t_check_trans()) t_relay();
    exit;
  }
  if (!is_method("ACK")) {
    if (t_precheck_trans()) { t_check_trans(); exit; }
    t_check_trans();
    t_newtran();
    if (!pv_proxy_authenticate("@realm@", "@password@", "0") || $au != "@user@") {
      proxy_challenge("@realm@", "1");
      exit;
    }
    consume_credentials();
  }
  if (has_totag()) {
    if (!loose_route()) {
      if (is_method("ACK") && t_check_trans()) t_relay();
      exit;
    }
  } else {
    record_route();
    $du = "sip:@host@:@onward@";
  }
  t_relay();
}
"""
