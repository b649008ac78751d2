"""Kamailio as a proxy that stays in the path (RFC 3261 §16), and as a registrar (§10), with digest authentication."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import attrs

from tests.peers.waiting import until
from tests.sipstack.peers.certificates import Identity
from tests.sipstack.peers.process import HOST, PATIENCE, Process, free_pairs

#: Whoever calls or registers as this user is challenged, for each request but ACK and CANCEL (§22.1).
USER, PASSWORD, REALM = "alice", "wonderland", "peers.test"

_HEARD = re.compile(r"<script>: (?P<way>heard|sent) (?P<transport>\w+) (?P<start>[^\n]*)$", re.MULTILINE)


@attrs.frozen
class Passed:
    """One message that Kamailio received: over which transport, and its start line."""

    transport: str
    start: str


@attrs.define(eq=False, kw_only=True)
class Kamailio:
    """One Kamailio; UDP and TCP on `port`, TLS on the next."""

    port: int
    process: Process

    @classmethod
    def start(cls, folder: Path, authority: Path, identity: Identity, algorithm: str) -> "Kamailio":
        """It listens when this returns, and takes calls soon. `algorithm` is that of its challenges."""
        folder.mkdir(parents=True)
        (port,) = free_pairs(1)
        (folder / "tls.cfg").write_text(
            _TLS.format(certificate=identity.certificate, key=identity.key, authority=authority)
        )
        (folder / "kamailio.cfg").write_text(
            _CONFIGURATION.format(host=HOST, port=port, tls=port + 1, folder=folder, algorithm=algorithm)
        )
        program = shutil.which("kamailio")
        assert program is not None
        command = [
            program,
            "-f",
            "kamailio.cfg",
            "-DD",
            "-E",
            "-m",
            "32",
            "-M",
            "4",
            "-P",
            str(folder / "pid"),
            "-Y",
            str(folder),
        ]
        kamailio = cls(port=port, process=Process.start(command, folder))
        kamailio.process.listens(tcp=(port, port + 1), udp=(port,))
        return kamailio

    def uri(self, transport: str) -> str:
        """Where it is reached over that transport."""
        return f"sip:{HOST}:{self.port + (transport == 'tls')};transport={transport}"

    @property
    def heard(self) -> list[Passed]:
        """What it received since `forget`, in order."""
        return list(self._heard())

    def _heard(self) -> Iterator[Passed]:
        for match in _HEARD.finditer(self.process.said):
            yield Passed(match["transport"], match["start"])

    def hears(self, transport: str, start: str, times: int = 1) -> None:
        """Waits until so many messages with that start have come over that transport."""

        def come() -> bool:
            return sum(m.transport == transport and m.start.startswith(start) for m in self.heard) >= times

        until(come, f"Kamailio hears {start!r} over {transport} {times} times; heard: {self.heard}", PATIENCE)

    def forget(self) -> None:
        """A new test."""
        self.process.forget()

    def close(self) -> None:
        """With its children."""
        self.process.close()


_TLS = """
[server:default]
method = TLSv1.2+
verify_certificate = no
require_certificate = no
private_key = {key}
certificate = {certificate}
ca_list = {authority}

[client:default]
method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
private_key = {key}
certificate = {certificate}
ca_list = {authority}
"""

_CONFIGURATION = (
    """
debug=1
log_stderror=yes
memdbg=5
memlog=5
children=1
tcp_children=1
disable_tcp=no
enable_tls=yes
auto_aliases=no
dns=no
rev_dns=no
listen=udp:{host}:{port}
listen=tcp:{host}:{port}
listen=tls:{host}:{tls}
tcp_accept_no_cl=no
tcp_connection_lifetime=60

loadmodule "tls.so"
loadmodule "kex.so"
loadmodule "corex.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"

modparam("tls", "config", "{folder}/tls.cfg")
modparam("tls", "tls_force_run", 1)
modparam("rr", "enable_double_rr", 1)
modparam("rr", "enable_full_lr", 1)
modparam("usrloc", "db_mode", 0)
modparam("registrar", "max_expires", 3600)
modparam("registrar", "min_expires", 0)
modparam("auth", "algorithm", "{algorithm}")
modparam("auth", "qop", "auth")
modparam("auth", "nonce_count", 1)
modparam("auth", "nc_array_size", 1024)

request_route {{
  xlog("L_ERR", "heard $pr $rm $ru\\n");
  if (!mf_process_maxfwd_header("70")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
  if (is_method("CANCEL")) {{
    if (t_check_trans()) t_relay();
    exit;
  }}
  if (!is_method("ACK")) {{
    if (t_precheck_trans()) {{ t_check_trans(); exit; }}
    t_check_trans();
  }}
  if ($fU == "{user}" && !is_method("ACK")) {{
    t_newtran();
    if (!pv_auth_check("{realm}", "{password}", "0", "1")) {{ auth_challenge("{realm}", "1"); exit; }}
    consume_credentials();
  }}
  if (has_totag()) {{
    if (loose_route()) {{
      if (is_method("INVITE|UPDATE")) record_route();
      route(RELAY);
    }}
    if (is_method("ACK")) {{
      if (t_check_trans()) t_relay();
      exit;
    }}
    sl_send_reply("404", "Not Here");
    exit;
  }}
  if (is_method("REGISTER")) {{
    # 0x04: this contact and no other, so that nobody is called who registered for an earlier test.
    if (!save("location", "0x04")) sl_reply_error();
    exit;
  }}
  if (loose_route()) remove_hf("Route");
  if (is_method("INVITE|SUBSCRIBE|REFER")) record_route();
  if (uri == myself && !lookup("location")) {{ send_reply("404", "Not Found"); exit; }}
  route(RELAY);
}}

route[RELAY] {{
  t_on_reply("HEARD");
  if (!t_relay()) sl_reply_error();
  exit;
}}

onreply_route[HEARD] {{
  xlog("L_ERR", "heard $pr SIP/2.0 $rs $rm\\n");
}}
""".replace("{user}", USER)
    .replace("{realm}", REALM)
    .replace("{password}", PASSWORD)
)
