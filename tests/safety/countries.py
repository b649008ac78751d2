"""The numbers of three countries as somebody knows them who wants to show one that is not his.

Written apart from `policy`, whose tables are what is tested.
"""

from collections.abc import Mapping

import attrs


@attrs.frozen(kw_only=True)
class Kind:
    """Numbers that one rule speaks of."""

    heads: tuple[str, ...]
    """How their national digits begin, if they are not all of them."""
    lengths: tuple[int, ...]
    codes: tuple[str, ...] = ()
    """Country codes other than the country's own."""


@attrs.frozen(kw_only=True)
class Country:
    """One numbering plan, and a call to it from abroad."""

    name: str
    code: str
    trunk: str = "0"
    """What is dialled before a national number at home; "" where nothing is."""
    caller: str
    """An honest caller abroad."""
    called: str
    kinds: Mapping[str, Kind]
    """What may not be shown."""
    withheld: tuple[str, ...] = ()
    """Those of them whose call goes on without them, where it names them as its own."""
    shorts: tuple[str, ...]
    misfits: Kind
    """Numbers of a length that none has."""


_NINE = (9,)
BELGIUM = Country(
    name="belgium",
    code="32",
    caller="+33612345678",
    called="+3293330000",
    kinds={
        "geographic": Kind(
            heads=("2", "3", "91", "95", "99", "40", "44", "10", "16", "19", "50", "59", "60", "71", "801", "81", "89"),
            lengths=(8,),
        ),
        "non-geographic": Kind(heads=("70", "78", "800", "90", "905"), lengths=(8,)),
        "machine": Kind(heads=("77",), lengths=(8, 10, 13)),
        "unallocated": Kind(heads=("17", "18", "62", "66", "72", "76", "79", "88"), lengths=(8,)),
        "failed": Kind(heads=("470666666",), lengths=_NINE),
        "not abroad": Kind(heads=("470999999",), lengths=_NINE),
        "unknown": Kind(heads=("470777777",), lengths=_NINE),
        "dossier": Kind(heads=("456",), lengths=_NINE),
        "not offered": Kind(heads=("455",), lengths=_NINE),
        "unopened": Kind(heads=("44",), lengths=_NINE),
        "any mobile": Kind(heads=("46", "472", "499"), lengths=_NINE),
    },
    withheld=("failed", "dossier"),
    shorts=("112", "100", "1207", "116000", "8888", "1"),
    misfits=Kind(heads=("2", "3", "10", "470", "485"), lengths=(7, 10, 11)),
)
_OVERSEAS = ("262", "590", "594", "596")
FRANCE = Country(
    name="france",
    code="33",
    caller="+442079460000",
    called="+33199330000",
    kinds={
        "geographic": Kind(heads=("1", "2", "3", "4", "5"), lengths=_NINE),
        "interpersonal": Kind(heads=("9",), lengths=_NINE),
        "special": Kind(heads=("80", "81", "89"), lengths=_NINE),
        "mobile": Kind(heads=("6", "73", "78"), lengths=_NINE),
        "machine": Kind(heads=("700",), lengths=(13,)),
        "overseas": Kind(heads=("262", "5", "59"), lengths=_NINE, codes=_OVERSEAS),
        "overseas mobile": Kind(heads=("6", "7"), lengths=_NINE, codes=_OVERSEAS),
        "overseas interpersonal": Kind(heads=("9", "80"), lengths=_NINE, codes=_OVERSEAS),
        "Saint-Pierre": Kind(heads=("41", "50"), lengths=(6, 9), codes=("508",)),
        "Saint-Pierre mobile": Kind(heads=("55", "7"), lengths=(6, 9), codes=("508",)),
    },
    withheld=("mobile", "overseas mobile", "Saint-Pierre mobile"),
    shorts=("112", "15", "17", "3615", "118218", "116000", "1"),
    misfits=Kind(heads=("1", "4", "61", "92"), lengths=(7, 8, 10, 11)),
)
SPAIN = Country(
    name="spain",
    code="34",
    trunk="",
    caller="+442079460000",
    called="+34930330000",
    kinds={
        "geographic": Kind(heads=("81", "91", "96", "98"), lengths=_NINE),
        "special": Kind(heads=("800", "900", "901", "902"), lengths=_NINE),
        "not abroad": Kind(heads=("612999999",), lengths=_NINE),
        "any mobile": Kind(heads=("61", "65", "71"), lengths=_NINE),
    },
    shorts=("112", "1004", "11888", "116000", "1"),
    misfits=Kind(heads=("91", "61", "8"), lengths=(7, 8, 10, 11)),
)
