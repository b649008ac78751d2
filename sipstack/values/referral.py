"""Refer-To and Referred-By: whom to call instead, and who asks for it (RFC 3515 section 2.1, RFC 3892 section 2)."""

from typing import Self

import attrs

from sipstack.errors import ParseError
from sipstack.values.address import Address
from sipstack.values.addressed import Addressed
from sipstack.values.grammar import unquote
from sipstack.values.naming_dialogs import Replaces
from sipstack.values.uri import SipUri


@attrs.frozen
class ReferTo(Addressed):
    """The resource to contact. `request_parts(refer_to.uri)` gives the request that it describes."""

    @classmethod
    def of(cls, uri: SipUri, *, replaces: Replaces | None = None) -> Self:
        """One made here; with `replaces` it asks to take over a dialog, as an attended transfer does."""
        fields = [] if replaces is None else [*uri.header_fields(), ("Replaces", str(replaces))]
        return cls(Address("", uri.with_header_fields(fields) if fields else uri))

    @property
    def method(self) -> str:
        """What to send: INVITE when the URI does not say (RFC 3515 section 2.1)."""
        return (self.uri.method if isinstance(self.uri, SipUri) else None) or "INVITE"

    @property
    def replaces(self) -> Replaces | None:
        """The dialog to take over: the Replaces header in the URI (RFC 3891 section 7.1); None when there is none.

        Raises `ParseError` when it cannot be read or is there twice.
        """
        fields = self.uri.header_fields() if isinstance(self.uri, SipUri) else ()
        found = [value for name, value in fields if name.lower() == "replaces"]
        if len(found) > 1:
            raise ParseError("Two Replaces", str(self))
        return Replaces.parse(found[0]) if found else None


@attrs.frozen
class ReferredBy(Addressed):
    """The referrer."""

    @property
    def cid(self) -> str | None:
        """The Content-ID of the body part that proves it, without quotes and brackets; None when there is none."""
        value = self.parameters.get("cid")
        return None if value is None else unquote(value).removeprefix("<").removesuffix(">")
