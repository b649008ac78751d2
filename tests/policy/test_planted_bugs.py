"""The tests of the law are tested: each bug, planted in the source, must make those fail that are there for it."""

import json
import subprocess
import sys

import attrs
import pytest

T = "tests/policy/"
ART3, CLASSES, MEASURES = T + "test_article_3.py", T + "test_classes.py", T + "test_measures.py"
LAWS, TABLE, ENGINE = T + "test_laws_of_the_register.py", T + "test_table.py", T + "test_engine.py"
FRANCE, THIRD, ORDINARY, REGISTER = (
    T + "test_france.py",
    T + "test_third_profile.py",
    T + "test_ordinary.py",
    T + "test_register.py",
)
NUMBER = T + "numbering/test_number.py"
SHEET, CALLED, CLAIM = T + "test_sheet.py", T + "test_called.py", T + "test_claim.py"
HOSTS = "tests/b2bua/identity/test_hosts.py"
SCREENING = "tests/b2bua/identity/test_screening.py"
FAILED = 1

pytestmark = pytest.mark.slow


@attrs.frozen
class Bug:
    """`old` becomes `new` in a module, and `tests` see it."""

    name: str
    module: str
    old: str
    new: str
    tests: str


BUGS = [
    # The class a call truly has.
    Bug("an incomplete attestation is taken", "policy.standing", "if a.is_complete), None", "if True), None", CLASSES),
    Bug(
        "an attestation of another trunk is taken",
        "policy.standing",
        "register.all(Attestation, claim.trunk, day)",
        "register.all(Attestation, None, day)",
        CLASSES,
    ),
    Bug(
        "our own node abroad is overlooked",
        "policy.standing",
        "in (claim.peer, claim.own)",
        "in (claim.peer,)",
        CLASSES,
    ),
    Bug(
        "the largest network says where a node stands",
        "policy.register",
        "return max(found, key=lambda node",
        "return min(found, key=lambda node",
        CLASSES,
    ),
    Bug(
        "what has lapsed is not flagged",
        "policy.standing",
        'return _international("attestation-lapsed") if',
        'return _international("") if',
        CLASSES,
    ),
    # The register.
    Bug(
        "an entry holds a day too long",
        "policy.register",
        "or day <= self.until)",
        "or day.toordinal() <= self.until.toordinal() + 1)",
        REGISTER + " " + CLASSES,
    ),
    Bug(
        "an entry holds from the day after",
        "policy.register",
        "return self.since <= day and",
        "return self.since < day and",
        REGISTER,
    ),
    Bug(
        "a trial lasts as long as is written",
        "policy.register",
        "return super().holds(day) and day < self.since + timedelta(days=SHADOW_DAYS)",
        "return super().holds(day)",
        MEASURES,
    ),
    Bug(
        "a suspension everywhere is overlooked",
        "policy.register",
        " or self.find(Suspension, (derogation, None), day)",
        "",
        ART3,
    ),
    Bug(
        "the shortest prefix covers a number",
        "policy.register",
        "for size in range(len(e164), 0, -1)",
        "for size in range(1, len(e164) + 1)",
        REGISTER,
    ),
    # Article 3.
    Bug(
        "any diverter counts",
        "policy.rules.article_3",
        "(*diversions[:1], *entries[-1:], *exchange)",
        "(*diversions[-1:], *entries[-1:], *exchange)",
        ART3,
    ),
    Bug(
        "the first history entry is the last diverter",
        "policy.rules.article_3",
        "*entries[-1:], ",
        "*entries[:1], ",
        ART3,
    ),
    Bug(
        "two diverters told apart are no contradiction",
        "policy.rules.article_3",
        "told[0] if told and len({number.e164 for number in (*told, *against)}) == 1 else None",
        "told[0] if told else None",
        ART3,
    ),
    Bug(
        "the redirecting number of ISUP is not heard",
        "policy.rules.article_3",
        'place.header == "ISUP":',
        'place.header == "ISUP" and place.is_first:',
        ART3,
    ),
    Bug(
        "who was called at first redirects last",
        "policy.rules.article_3",
        "(first if place.is_first else exchange)",
        "exchange",
        ART3,
    ),
    Bug(
        "who was called at first is no contradiction",
        "policy.rules.article_3",
        "against = () if exchange else first",
        "against: tuple[Number, ...] = ()",
        ART3,
    ),
    Bug(
        "who was called at first is always a contradiction",
        "policy.rules.article_3",
        "against = () if exchange else first",
        "against = first",
        ART3,
    ),
    Bug(
        "a routing number leads nowhere",
        "policy.called",
        "if _leads_elsewhere(parameters, called, plan) or any(",
        "if any(",
        ART3,
    ),
    Bug(
        "a ported number is another",
        "policy.called",
        "not (is_own or _OF_A_NETWORK.fullmatch(value))",
        "True",
        ART3,
    ),
    Bug(
        "a routing number may be anybody's",
        "policy.called",
        "[A-F][0-9A-F]{1,6}",
        "[0-9A-F]*+",
        ART3,
    ),
    Bug(
        "a called number is its routing number",
        "policy.called",
        "(called := normal_forms(number)), whole",
        "(called := whole), whole",
        ENGINE,
    ),
    Bug(
        "a local routing number is not completed",
        "policy.numbering.number",
        "    found += in_routing(raw, plan)\n",
        "",
        NUMBER,
    ),
    Bug(
        "a routing number is completed by any context",
        "policy.numbering.hidden",
        'told.get((name, "-context"), [])',
        "[value for (_, is_context), values in told.items() if is_context for value in values]",
        NUMBER,
    ),
    Bug(
        "the name of a parameter is read on a keypad",
        "policy.numbering.number",
        '_NAME.sub("", unescape(parameters))',
        "unescape(parameters)",
        NUMBER,
    ),
    Bug(
        "a routing number behind the host is not heard",
        "b2bua.identity.screening",
        'frozenset({"phone-context", "rn", "rn-context", "npdi"})',
        "frozenset()",
        SCREENING,
    ),
    Bug(
        "the caller's own number is a secret of its own",
        "policy.rules.display",
        "finding.outcome is _STRIP and _is_cli(case)",
        "False",
        ENGINE,
    ),
    Bug(
        "any number in a display-name may be shown by its digits",
        "policy.rules.display",
        "finding.outcome is _STRIP and _is_cli(case)",
        "finding.outcome is _STRIP",
        ENGINE,
    ),
    Bug(
        "within a foreign number another is read",
        "policy.numbering.display",
        " if hidden.e164 not in inside",
        "",
        T + "numbering/test_display.py",
    ),
    Bug(
        "beside a foreign number nothing else is read",
        "policy.numbering.display",
        "    yield from read_segment(Segment(piece.digits[length:], False, starts, ends), plan)",
        "    return",
        T + "numbering/test_display.py",
    ),
    Bug(
        "a proof is asked for where nothing hangs on it",
        "policy.engine",
        "        waiting or _may_gain(found, supposed, shown)\n",
        "        True\n",
        MEASURES,
    ),
    Bug(
        "a proof is asked for only where a caller waits for it",
        "policy.engine",
        "        waiting or _may_gain(found, supposed, shown)\n",
        "        waiting\n",
        CLASSES,
    ),
    Bug(
        "a consent binds the redirecting number alone",
        "policy.rules.article_3",
        "call.register.find(Consent, (number, call.plainly), call.day)",
        "next((c for c in call.register.all(Consent, None, call.day) if c.forwarding == number), None)",
        ART3,
    ),
    Bug("one caller of ours proves another", "policy.ledger", "if callers <= known]", "]", ART3),
    Bug(
        "a leg is never too old",
        "policy.ledger",
        "if known and oldest <= at <= now",
        "if known and at <= now",
        ART3,
    ),
    Bug(
        "mobile numbers are not covered",
        "policy.rules.article_3",
        "COVERED = (Range.GEOGRAPHIC, Range.MOBILE)",
        "COVERED = (Range.GEOGRAPHIC,)",
        ART3,
    ),
    Bug(
        "a suspended article 3 proves",
        "policy.rules.article_3",
        "if call.register.suspension(Derogation.ARTICLE_3, call.claim.trunk, call.day) is not None:\n        return",
        "if False:\n        return",
        ART3,
    ),
    Bug(
        "a redirecting number proves any number of calls",
        "policy.rules.article_3",
        ">= terms.forwardings_per_hour",
        ">= 10**9",
        ART3,
    ),
    Bug(
        "the ledger is not asked for where it must be",
        "policy.rules.article_3",
        "if terms.needs_ledger and left is None:",
        "if False:",
        ART3,
    ),
    Bug(
        "an unproved forwarding is withheld",
        "policy.rules.article_3",
        "case.ruled(name, terms.unproven, said)",
        "case.ruled(name, Action.WITHHOLD, said)",
        ART3,
    ),
    Bug(
        "a proof lets a display-name show another number",
        "policy.rules.article_3",
        "if case.position is Position.DISPLAY:",
        "if False:",
        ART3,
    ),
    # Article 4.
    Bug(
        "any number passes on a special interface",
        "policy.rules.article_4",
        "if case.number.e164 in agreement.numbers and",
        "if",
        CLASSES,
    ),
    Bug(
        "an undertaking may be established anywhere",
        "policy.register",
        "return self.established_in == country and bool(self.company_number)",
        "return True",
        CLASSES,
    ),
    Bug(
        "a suspended article 4 passes",
        "policy.rules.article_4",
        "if call.register.suspension(Derogation.ARTICLE_4, trunk, call.day) is not None:",
        "if False:",
        CLASSES,
    ),
    Bug(
        "an agreement speaks for other trunks",
        "policy.rules.article_4",
        "call.register.all(Agreement, trunk, call.day)",
        "call.register.all(Agreement, None, call.day)",
        CLASSES,
    ),
    Bug(
        "a special interface has no columns of its own",
        "policy.profile",
        "if trunk_class is _ARTICLE_4:",
        "if False:",
        CLASSES,
    ),
    # The regulator's hand.
    Bug(
        "a decision holds on every trunk",
        "policy.rules.decision",
        "call.register.find(Decision, (call.claim.trunk, number.e164), call.day)",
        "next((d for d in call.register.all(Decision, None, call.day) if d.number == number.e164), None)",
        MEASURES,
    ),
    Bug(
        "a blocked user is known by From alone",
        "policy.rules.blocked_user",
        "case.position not in CLI",
        "case.position is not CLI[0]",
        MEASURES,
    ),
    Bug(
        "a decision goes before a blocked user",
        "policy.rules",
        "(measured := blocked_user.judge(case) or decision.judge(case))",
        "(measured := decision.judge(case) or blocked_user.judge(case))",
        MEASURES,
    ),
    Bug(
        "a silent number is known in one spelling alone",
        "policy.rules.do_not_originate",
        "sorted(likely_home_numbers(case.number, call.profile.plan))",
        "[n for n in [case.number.e164] if n]",
        MEASURES,
    ),
    # Other countries.
    Bug("a customer's list is not asked", "policy.rules", " or caller_list.judge(case)", "", FRANCE),
    Bug(
        "any level of attestation is as good",
        "policy.rules.authenticated",
        "level not in terms.levels",
        "not level",
        FRANCE,
    ),
    Bug("a day begins at midnight UTC", "policy.register", "hours=2 if summer else 1", "hours=0", FRANCE),
    Bug(
        "a mark is a pass like any other",
        "policy.rules.case",
        'flag = MARKED if action is Action.MARK else ""\n        return self.finding(name, OUTCOMES[action]',
        'flag = ""\n        return self.finding(name, OUTCOMES[action]',
        THIRD,
    ),
    # The engine.
    Bug("the mildest finding decides", "policy.engine", "outcome = max([f.outcome", "outcome = min([f.outcome", ENGINE),
    Bug(
        "a trial is enforced",
        "policy.engine",
        "trial = register.find(Shadow, claim.trunk, day)",
        "trial = None",
        MEASURES,
    ),
    Bug(
        "a service number is known at a look as foreign",
        "policy.ordinary",
        "plan.placed(match[1])[0] is not _FOREIGN",
        "plan.at_home(match[1]) is not None",
        ORDINARY,
    ),
    Bug(
        "what the set-up let pass is forgotten",
        "policy.rules",
        "if case.number.e164 in case.call.claim.admitted and _may_repeat(case)",
        "if False and _may_repeat(case)",
        ENGINE,
    ),
    Bug(
        "a name may repeat in mid-call what it may not at the set-up",
        "policy.rules",
        "return row is None or case.action(row) is not _STRIPS",
        "return True",
        ENGINE,
    ),
    # What is written out, and what is known at a look.
    Bug(
        "the written table is used though the register names callers",
        "policy.engine",
        "if not (call.may_excuse or call.register.names_callers or claim.admitted)",
        "if not (call.may_excuse or claim.admitted)",
        SHEET,
    ),
    Bug(
        "the written table is used though a derogation may speak",
        "policy.engine",
        "if not (call.may_excuse or call.register.names_callers or claim.admitted)",
        "if not (call.register.names_callers or claim.admitted)",
        SHEET,
    ),
    Bug(
        "the written table is used in mid-call",
        "policy.engine",
        "if not (call.may_excuse or call.register.names_callers or claim.admitted)",
        "if not (call.may_excuse or call.register.names_callers)",
        ENGINE,
    ),
    Bug("a written table is for ever", "policy.rules.sheet", "known[1] == day", "True", SHEET),
    Bug("a table is written of display-names", "policy.rules.sheet", "position in _COLUMNS or is_text", "True", SHEET),
    Bug(
        "a text that names a protected code is any text",
        "policy.rules",
        "not (number.hidden or number.protected)",
        "not number.hidden",
        SHEET,
    ),
    Bug("a clause holds before its day", "policy.rules.clause", "if day < rule.effective:", "if False:", SHEET),
    Bug(
        "a clause does not mark",
        "policy.rules.clause",
        'MARKED if action is _MARK else ""',
        '""',
        SHEET,
    ),
    Bug("a foreign called number is one at home", "policy.called", "span not in ABROAD and ", "", CALLED),
    Bug("a claim forgets to which circuit it came", "policy.claim", "own=self.own,", 'own="",', CLAIM),
    Bug(
        "a host of too high numbers is an address",
        "b2bua.identity.screening",
        "25[0-5]|2[0-4][0-9]",
        "2[0-9][0-9]",
        HOSTS,
    ),
    # The claim.
    Bug(
        "Remote-Party-ID is not read",
        "b2bua.identity.screening",
        '    "remote-party-id": Position.NETWORK,\n',
        "",
        SCREENING,
    ),
    Bug(
        "History-Info is no redirection",
        "b2bua.identity.screening",
        '"history-info": Position.REDIRECT',
        '"history-info": Position.OTHER',
        SCREENING,
    ),
    Bug(
        "the diverter of a passport is not read",
        "b2bua.identity.screening",
        "(Position.REDIRECT, passport.diverting)",
        "(Position.REDIRECT, ())",
        SCREENING,
    ),
    Bug(
        "a display-name is not read",
        "b2bua.identity.screening",
        "    if address.display_name:\n",
        "    if False:\n",
        SCREENING,
    ),
    Bug(
        "a listed national call is not read",
        "b2bua.identity.screening",
        "(is_listed or stands is TrunkClass.NATIONAL_TRANSIT)",
        "(stands is TrunkClass.NATIONAL_TRANSIT)",
        SCREENING,
    ),
]


@pytest.fixture(scope="module")
def plant():
    """Asks the planting process: exit code of pytest, and what it said."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.sipstack.planting"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def ask(module, old, new, tests):
        order = {"module": module, "old": old, "new": new, "tests": tests}
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    with process:
        yield ask
        process.stdin.close()


def test_without_a_bug_those_tests_pass(plant):
    answer = plant(None, "", "", sorted({test for bug in BUGS for test in bug.tests.split()}))
    assert answer["code"] == 0, answer["said"]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_seen(plant, bug):
    answer = plant(bug.module, bug.old, bug.new, bug.tests.split())
    assert answer["code"] == FAILED, answer["said"]


def test_there_are_more_than_thirty_bugs_and_each_is_another():
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 30
