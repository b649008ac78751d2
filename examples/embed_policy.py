"""The decree without any SIP: which number may be shown to whom, as one pure function.

python examples/embed_policy.py

A softswitch, a look-up service or a test asks `decide` and does what the verdict says. What the law makes depend on
where a subscriber is comes back as `Questions`, to be answered by whoever can.
"""

from datetime import UTC, datetime

import policy
from policy import Assertion, Notation, Outcome, Position, Roaming

BELGIUM = policy.Profile.load("belgium")
REGISTER = policy.Register("example, no dossiers", ())
WHEREABOUTS = {"+32470123456": Roaming.ABROAD}
CALLS = (["+33612345678"], ["+3225551212"], ["+33612345678", "+3225551212"], ["+32470123456"], ["+32470999999"])


def claim(caller, *diverters):
    """What a call from abroad asserts: who calls, and who diverted it."""
    values = [(Position.PRESENTATION, "From", 0, caller)]
    values += [(Position.REDIRECT, "Diversion", index, number) for index, number in enumerate(diverters)]
    return policy.Claim(
        trunk="abroad",
        trunk_class=policy.TrunkClass.INTERNATIONAL,
        called="+3293330000",
        assertions=tuple(
            Assertion(position=position, header=header, index=index, raw=raw, notation=Notation.SIP)
            for position, header, index, raw in values
        ),
    )


def judge(asserted):
    """The verdict; what it hangs on is looked up on the way."""
    now, answers = datetime.now(UTC), {}
    decided = policy.decide(asserted, BELGIUM, REGISTER, now, answers)
    while isinstance(decided, policy.Questions):
        for number in decided.numbers:
            found = WHEREABOUTS.get(number, Roaming.UNKNOWN_SUBSCRIBER)
            answers[number] = policy.Answer(found, "our table", now)
        decided = policy.decide(asserted, BELGIUM, REGISTER, now, answers)
    return decided


for numbers in CALLS:
    verdict = judge(claim(*numbers))
    print(" via ".join(numbers), verdict.outcome.word, "" if verdict.outcome is Outcome.PASS else verdict.basis)
    for finding in verdict.findings:
        print(f"    {finding.rule}: {finding.why}")
