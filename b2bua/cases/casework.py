"""What a person does about a case: the desk, the store, the journal and the register in one piece.

Raises CaseError for what cannot be done, MomentError for what is no moment; StoreError, JournalError and RegisterError
where these fail.
"""

import datetime
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs

from b2bua.cases import filing
from b2bua.cases.answer import Answer, answer_of
from b2bua.cases.block import KIND as BLOCKED_USER
from b2bua.cases.block import Block
from b2bua.cases.case import Case
from b2bua.cases.event import Asked
from b2bua.cases.finding import Pseudonym, Search, find, wanted
from b2bua.cases.letter import Letter, letters_of
from b2bua.cases.origin import Origin, origin_of
from b2bua.cases.page import page
from b2bua.cases.pdf import pdf
from b2bua.cases.sheet import sheet_of
from b2bua.cases.spelling import spellings
from b2bua.cases.wording import language_of, words_of
from b2bua.config import Config, Language
from b2bua.errors import CaseError, JournalError, StoreError
from b2bua.evidence import Desk
from b2bua.evidence.desk import look
from b2bua.evidence.forgetting import pseudonym, read_key
from b2bua.evidence.signing import load_key
from b2bua.register import Done, State, add, desk_of, withdraw
from b2bua.store import Store, StoredCall

log = logging.getLogger("b2bua")


@attrs.frozen
class Casework:
    """One person at work, at one moment."""

    config: Config
    by: str
    now: datetime.datetime

    @property
    def desk(self) -> Desk:
        """Where it is written down."""
        return desk_of(self.config)

    def case(self, case: str) -> Case:
        """As it stands."""
        return filing.docket_of(self.desk, self.now)[case]

    def judge(self, asked: Asked) -> None:
        """Whether a call can be looked for by that at all. Raises CaseError."""
        wanted(asked, self.config.profile.load().plan)

    def find(
        self, case: Case, error_seconds: int | None = None, *, scan: bool = False, is_whole: bool = False
    ) -> list[StoredCall]:
        """The calls that it may mean, the nearest to the moment first. That they were looked for is written down.

        `error_seconds` allows the clock more than the case does; `scan` reads the journal in place of the store.
        `is_whole`: JournalError where a part of the journal cannot be read, which is only told otherwise.
        """
        error = case.asked.error_seconds if error_seconds is None else error_seconds
        asked = attrs.evolve(case.asked, error_seconds=error)
        plan = self.config.profile.load().plan
        with self._store(scan, is_whole=is_whole) as store:
            found = find(store, asked, plan, self._pseudonym())
        told = {"number": asked.number, "called": asked.called, "moment": asked.moment, "error_seconds": error}
        self._look("case find", case, told, len(found))
        return found

    def choose(self, case: Case, calls: Sequence[str], matches: int, *, scan: bool = False) -> Case:
        """It was these calls, of so many; or none of them."""
        with self._store(scan) as store:
            unknown = [call for call in calls if not store.evidence(call)]
        if unknown:
            raise CaseError(
                f"there is no call {', '.join(unknown)}; `b2bua case find` names those that it may have been"
            )
        return filing.file_calls(self.desk, case.id, calls, matches, by=self.by, now=self.now)

    def origins(self, case: Case, what: str, *, scan: bool = False) -> list[Origin]:
        """Where the calls of a case came from; `what` is the command that shows them."""
        if not case.calls:
            return []
        with self._store(scan) as store:
            evidence = {call: store.evidence(call) for call in case.calls}
        gone = [call for call, lines in evidence.items() if not lines]
        if gone:
            raise CaseError(f"the evidence of {', '.join(gone)} is not in the journal any more")
        self._look(what, case, {}, len(evidence))
        return [origin_of(call, lines, self.config.trunk) for call, lines in evidence.items()]

    def request(
        self, case: Case, language: str, folder: Path | None, *, scan: bool = False
    ) -> tuple[Case, list[Letter], list[Path]]:
        """The requests to trace, one for each operator before us; as files too, where a folder is named for them."""
        spoken = language_of(language)
        self._must_be_named()
        origins = self.origins(case, "case request", scan=scan)
        if not origins:
            raise CaseError(f"no call has been chosen for {case.id}; `b2bua case find --call`")
        letters = letters_of(case, origins, self.config.cases, spoken, self.now)
        asked = [(letter.operator, letter.trunk) for letter in letters]
        files: dict[Path, bytes] = {}
        if folder is not None:
            # Those that were sent before stay as they were sent.
            first = 1 + sum(event.name == "trace requested" for event in case.history)
            for number, one in enumerate(letters, start=first):
                files[folder / f"{case.id}-trace-{number}.txt"] = one.text.encode()
            _write(files)
        filed = filing.file_trace(self.desk, case.id, asked, spoken, by=self.by, now=self.now)
        return filed, letters, [*files]

    def answer(self, case: Case, language: str, folder: Path, *, scan: bool = False) -> tuple[Case, list[Path]]:
        """The answer in that folder: signed JSON, and its print as PDF and as a page."""
        spoken = language_of(language)
        self._must_be_named()
        if self.config.journal.signing_key is None:
            raise CaseError("an answer is signed, and [journal] has no signing_key; `b2bua journal key` makes one")
        key = load_key(Path(self.config.journal.signing_key))
        origins = self.origins(case, "case answer", scan=scan)
        search = None if origins else self._searched(case, scan=scan)
        answer = answer_of(case, origins, self.config.cases, key, self.now, search=search)
        number = 1 + sum(event.name == "prepared" for event in case.history)
        files = self._prints(answer, folder / f"{case.id}-answer-{number}-{spoken}", spoken)
        told = [path.name for path in files]
        # First the files, so that none is written down that is not there.
        _write(files)
        return filing.file_answer(self.desk, case, told, answer.digest, spoken, by=self.by, now=self.now), [*files]

    def block(self, case: Case, user: Mapping[str, str], why: str) -> tuple[Case, Done]:
        """All calls of the user are refused from the next INVITE on, or once another person approves.

        `user` is what a call of his has: `number`, `account`, `peer`, `trunk`.
        """
        if not user:
            raise CaseError("nothing tells the user's calls from others'; --number, --account, --peer or --trunk")
        reason = f"{case.reason}: {why}" if why else case.reason
        fields = {**user, "reference": f"{case.reason}, {case.asked.reference}"}
        if "number" in user:
            fields["number"] = spellings(user["number"], self.config.profile.load().plan)[0]
        done = add(self.desk, self.config, BLOCKED_USER, fields, by=self.by, why=reason, now=self.now)
        return self.case(case.id), done

    def release(self, case: Case, why: str) -> tuple[Case, list[Done]]:
        """The user calls again: what blocks him for this case is withdrawn."""
        standing = [block for block in case.blocks if _stands(block)]
        if not standing:
            raise CaseError(f"nothing blocks a user for {case.id}")
        reason = f"{case.reason}: {why}"
        done = [
            withdraw(self.desk, self.config, block.entry, by=self.by, why=reason, now=self.now) for block in standing
        ]
        return self.case(case.id), done

    def _searched(self, case: Case, *, scan: bool) -> Search:
        """What was looked for, so that an answer can say that our evidence has no such call. Raises CaseError where it
        could not be said with truth."""
        found = self.find(case, scan=scan, is_whole=True)
        if found and not case.is_none:
            raise CaseError(
                f"{len(found)} calls agree with what {case.id} asks; `b2bua case find CONFIG {case.id}` says by --call "
                "which it was, by --none that it was none of them"
            )
        search = Search.of(case.asked, self.config.profile.load().plan, len(found))
        if any(span.since < self._found_since() for span in search.spans):
            raise CaseError(
                f"the numbers of {case.asked.moment} have been forgotten ([retention]), so that nobody can say that "
                f"there was no such call; tell the regulator so, and `b2bua case close CONFIG {case.id} --why`"
            )
        return search

    def _found_since(self) -> datetime.datetime:
        """Since when calls can be found by their numbers."""
        terms = self.config.retention
        if terms is None:
            return datetime.datetime.min.replace(tzinfo=datetime.UTC)
        days = terms.full_days if self._pseudonym() is None else terms.hashed_days
        return self.now - datetime.timedelta(days=days)

    def _must_be_named(self) -> None:
        """What leaves in our name has it."""
        if not self.config.cases.operator.strip():
            raise CaseError(
                "answers and letters say whose they are, and [cases] has no operator; write your name there"
            )

    def _prints(self, answer: Answer, stem: Path, language: Language) -> dict[Path, bytes]:
        """The signed file, and what is printed of it."""
        signed = stem.with_name(f"{stem.name}.json")
        sheet = sheet_of(answer, signed.name, words_of(language))
        return {
            signed: answer.data,
            stem.with_name(f"{stem.name}.pdf"): pdf(sheet, self.now),
            stem.with_name(f"{stem.name}.html"): page(sheet).encode(),
        }

    @contextmanager
    def _store(self, scan: bool, *, is_whole: bool = False) -> Iterator[Store]:
        """The store, with all that the journal has by now; or one that is made of the journal for this once."""
        if scan:
            with tempfile.TemporaryDirectory() as folder:
                home = self.config.profile.load().plan.country_code
                journal = Path(self.config.journal.directory)
                with Store.open(f"sqlite:///{folder}/store.db", journal, home) as store:
                    _catch_up(store, is_whole=is_whole)
                    yield store
            return
        with Store.of(self.config) as store:
            try:
                _catch_up(store, is_whole=is_whole)
            except StoreError as error:
                raise StoreError(f"{error}; --scan reads the journal without it, which takes longer") from error
            yield store

    def _pseudonym(self) -> Pseudonym | None:
        """What stands for a number whose time is over; None where nothing is forgotten, or by nobody with the key."""
        terms = self.config.retention
        if terms is None or not Path(terms.key_file).exists():
            return None
        key = read_key(Path(terms.key_file))
        return lambda number: pseudonym(key, number)

    def _look(self, what: str, case: Case, asked: Mapping[str, object], calls: int) -> None:
        look(self.desk, self.by, what, asked, calls=calls, why=case.reason, now=self.now)


#: Lines that the store is brought up by before it is looked into: whatever there is.
_ALL = 1 << 62


def _catch_up(store: Store, *, is_whole: bool) -> None:
    try:
        store.indexer().catch_up(_ALL)
    except JournalError as error:
        if is_whole:
            raise
        log.error("%s; a call of there is not found", error)


def _stands(block: Block) -> bool:
    return block.state in (State.IN_FORCE, State.PROPOSED, State.COMING)


def _write(files: Mapping[Path, bytes]) -> None:
    """Files that only their owner reads, each in place of one of that name. Raises CaseError."""
    try:
        for path, data in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(fd)
    except OSError as error:
        raise CaseError(f"{error.filename} cannot be written: {error.strerror}") from error
