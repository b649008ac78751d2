"""The numbering plan of Belgium as its table reads to a person: what the profile and the code must agree with."""

from policy.numbering import Breach, Range

ZONES = {
    "2": "Brussels",
    "3": "Antwerp",
    "4": "Liège",
    "9": "Ghent",
    "10": "Wavre",
    "11": "Hasselt",
    "12": "Tongeren",
    "13": "Diest",
    "14": "Herentals",
    "15": "Mechelen",
    "16": "Leuven",
    "19": "Waremme",
    "50": "Bruges",
    "51": "Roeselare",
    "52": "Dendermonde",
    "53": "Aalst",
    "54": "Ninove",
    "55": "Ronse",
    "56": "Kortrijk",
    "57": "Ypres",
    "58": "Veurne",
    "59": "Ostend",
    "60": "Chimay",
    "61": "Libramont",
    "63": "Arlon",
    "64": "La Louvière",
    "65": "Mons",
    "67": "Nivelles",
    "68": "Ath",
    "69": "Tournai",
    "71": "Charleroi",
    "80": "Stavelot",
    "81": "Namur",
    "82": "Dinant",
    "83": "Ciney",
    "84": "Marche",
    "85": "Huy",
    "86": "Durbuy",
    "87": "Verviers",
    "89": "Genk",
}
UNALLOCATED = ("17", "18", "62", "66", "72", "73", "74", "75", "76", "79", "88")


def zone(national: str) -> str | None:
    """The zone of the first digits of a geographic number: 0800 is freephone, 090 premium, 045-049 mobile."""
    if national.startswith(("800", "90", "45", "46", "47", "48", "49")):
        return None
    return next((ZONES[national[:size]] for size in (2, 1) if national[:size] in ZONES), None)


def plainly(national: str) -> Range:
    """The range of the digits after +32, in the order a person would ask."""
    length, two = len(national), national[:2]
    if national[0] == "0":
        return Range.BAD_FORM
    if length in (3, 4, 6):
        return Range.SHORT
    if length < 4 or length > 13:
        return Range.BAD_FORM
    if two in UNALLOCATED:
        return Range.UNALLOCATED
    if two == "77":
        return Range.MACHINE if length >= 8 else Range.BAD_FORM
    if national[0] == "4" and length == 9:
        return Range.MOBILE if two >= "45" else Range.UNOPENED_MOBILE
    if length != 8 or two in ("45", "46", "47", "48", "49"):
        return Range.BAD_FORM
    if two in ("70", "78", "90") or national.startswith("800"):
        return Range.NON_GEOGRAPHIC
    return Range.GEOGRAPHIC


def breaches(national: str) -> tuple[Breach, ...]:
    """In what +32 and these digits are not in the form of E.157 and E.164."""
    found = []
    whole = plainly(national) is Range.SHORT
    if national[0] == "0":
        found.append(Breach.TRUNK_ZERO)
    elif not whole and national[:2] not in UNALLOCATED and plainly(national) is Range.BAD_FORM:
        found.append(Breach.WRONG_LENGTH)
    if 2 + len(national) > 15:
        found.append(Breach.TOO_LONG)
    if 2 + len(national) < 6 and not whole:
        found.append(Breach.TOO_SHORT)
    return tuple(found)
