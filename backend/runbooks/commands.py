"""The runbook commands: their arguments, who may run them, and how their job is opened."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from backend.core.db import Work
from backend.core.errors import Finding, Invalid
from backend.core.security import Actor, Role
from backend.jobs import service as jobs
from backend.jobs.models import Job
from backend.sync import service as sync
from backend.sync.account import Account
from backend.sync.statistics import earliest_day

VALIDATE = "runbook.validate"
FORCE_UNLOCK = "runbook.force_unlock"
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
Arguments = dict[str, date]
Opener = Callable[[Work, Account, Arguments, Actor], Job]


@dataclass(frozen=True, slots=True)
class Command:
    """One runbook command."""

    name: str
    description: str
    role: Role
    open: Opener
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


def _sync(command: str) -> Opener:
    def open_sync(work: Work, account: Account, args: Arguments, actor: Actor) -> Job:
        return sync.request(work, account, sync.SyncOrder(command, args.get("start"), args.get("end")), actor)

    return open_sync


def _plain(kind: str) -> Opener:
    def open_plain(work: Work, account: Account, args: Arguments, actor: Actor) -> Job:
        return jobs.open_job(
            work,
            kind,
            actor=actor,
            queue=sync.QUEUE,
            customer_id=account.customer_id,
            subject_id=account.customer_id,
            max_attempts=3,
        )

    return open_plain


COMMANDS: dict[str, Command] = {
    command.name: command
    for command in (
        Command(
            "init",
            "Read the structure and the whole history of the statistics (37 months at most); resumable.",
            Role.EDITOR,
            _sync("init"),
            optional=("start",),
        ),
        Command(
            "append",
            "Read what changed since the watermark; the last 30 days are read again for late conversions.",
            Role.EDITOR,
            _sync("append"),
        ),
        Command(
            "validate",
            "Check credential, access path, currency and time zone, EU declaration, quota, clock and schema.",
            Role.VIEWER,
            _plain(VALIDATE),
        ),
        Command(
            "repair",
            "Read the statistics of a range of days again and make the tables equal to the answer.",
            Role.EDITOR,
            _sync("repair"),
            required=("start", "end"),
        ),
        Command(
            "force-unlock",
            "Take the account's lease from the job that holds it; that job fails and can write nothing more.",
            Role.ADMIN,
            _plain(FORCE_UNLOCK),
        ),
    )
}


def find(name: str) -> Command:
    """The command with this name.

    Raises:
        Invalid: there is none.
    """
    command = COMMANDS.get(name)
    if command is None:
        known = ", ".join(COMMANDS)
        raise Invalid(
            f"There is no runbook command {name!r}.",
            errors=(Finding("/command", "unknown_command", f"Use one of: {known}."),),
        )
    return command


def parse_arguments(command: Command, args: dict[str, Any], account: Account) -> Arguments:
    """The command's days, checked against the account's own calendar.

    Raises:
        Invalid: unknown, missing, malformed, in the future, or the wrong way round: all findings at once.
    """
    known = (*command.required, *command.optional)
    findings = [
        Finding(f"/args/{name}", "unknown", f"{command.name} takes {' and '.join(known) or 'no arguments'}.")
        for name in args
        if name not in known
    ]
    findings += [
        Finding(f"/args/{name}", "required", f"{command.name} needs {name} as YYYY-MM-DD.")
        for name in command.required
        if args.get(name) is None
    ]
    days: Arguments = {}
    for name in known:
        if args.get(name) is not None:
            day = _day(args[name], name, findings)
            if day is not None:
                days[name] = day
    findings += _calendar_findings(command, days, account)
    if findings:
        code = "unknown_field" if all(finding.code == "unknown" for finding in findings) else "validation_failed"
        raise Invalid(f"The arguments of {command.name} are not valid.", code=code, errors=findings)
    return days


def _day(value: Any, name: str, findings: list[Finding]) -> date | None:
    if isinstance(value, str) and DAY.fullmatch(value):  # fromisoformat would take weeks (2026-W01-1) too
        with contextlib.suppress(ValueError):
            return date.fromisoformat(value)
    findings.append(Finding(f"/args/{name}", "invalid_date", "Write the day as YYYY-MM-DD."))
    return None


def _calendar_findings(command: Command, days: Arguments, account: Account) -> list[Finding]:
    today = account.today()
    findings = [
        Finding(f"/args/{name}", "future_date", f"It is {today} in {account.time_zone}: choose a day up to then.")
        for name, day in days.items()
        if day > today
    ]
    if "start" in days and "end" in days and days["start"] > days["end"]:
        findings.append(Finding("/args/start", "start_after_end", "The start must not be after the end."))
    limit = earliest_day(today)
    if command.name == "repair" and "start" in days and days["start"] < limit:
        findings.append(
            Finding("/args/start", "too_old", f"Google tells days for 37 months only: start at {limit} or later.")
        )
    return findings
