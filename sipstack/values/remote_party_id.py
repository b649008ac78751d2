"""Remote-Party-ID: the identity a network asserted before RFC 3325 (draft-ietf-sip-privacy-04, still in service)."""

import attrs

from sipstack.values.addressed import Addressed


@attrs.frozen
class RemotePartyId(Addressed):
    """One party's identity."""

    @property
    def party(self) -> str:
        """`calling`, `called` or another word, lower-case; `calling` when not said, as the draft has it in requests."""
        return self._word("party") or "calling"

    @property
    def id_type(self) -> str | None:
        """`subscriber`, `user`, `alias`, `return` or `term`, lower-case; None when not said."""
        return self._word("id-type")

    @property
    def screen(self) -> bool:
        """Whether the network vouches for it; a valueless or unknown word vouches for nothing."""
        return self._word("screen") == "yes"

    @property
    def privacy(self) -> str | None:
        """`full`, `name`, `uri`, `off`, perhaps with `-network`, lower-case; None when not said."""
        return self._word("privacy")
