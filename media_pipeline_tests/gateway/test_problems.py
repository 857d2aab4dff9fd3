"""The list of problems in the guide is the list of problems there are."""

import ast
import re
from pathlib import Path

from media_pipeline import gateway
from media_pipeline.domain.errors import (
    BadMedia,
    Cancelled,
    Conflict,
    Denied,
    MediaError,
    Missing,
    QuarantineCode,
    RefusalCode,
    Refused,
    RejectionCode,
    Unavailable,
)
from media_pipeline.gateway import problems
from media_pipeline.gateway.problems import TITLES, translated

GUIDE = Path(__file__).parent.parent.parent / "docs" / "gateway.md"
BEFORE_THERE_IS_A_JOB = {RejectionCode.EMPTY_OBJECT, RejectionCode.LIMIT_SIZE}
"""what is said of a file that was only announced"""


def told() -> set[tuple[int, str]]:
    """Status and code of every problem in the guide."""
    found = set()
    for statuses, codes in re.findall(r"^\| ([\d, ]+) \| (`[^|]+`) \|", GUIDE.read_text(), re.MULTILINE):
        for status in statuses.split(","):
            found |= {(int(status), code) for code in re.findall(r"`([^`]+)`", codes)}
    return found


def written() -> set[tuple[int, str]]:
    """Those that the gateway's source spells."""
    found = set()
    for file in Path(gateway.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Problem":
                status, code = node.args[:2]
                if isinstance(status, ast.Constant) and isinstance(code, ast.Constant):
                    found.add((int(str(status.value)), str(code.value)))
    return found


def errors() -> list[MediaError]:
    """One of each kind that the platform raises."""
    rejected = [BadMedia(code, "x") for code in BEFORE_THERE_IS_A_JOB]
    refused = [Refused(code, "x") for code in RefusalCode]
    away = [Unavailable(code, "x") for code in QuarantineCode]
    return [*rejected, *refused, *away, Missing("x"), Denied("x"), Conflict("x"), Cancelled("x")]


def test_the_guide_lists_every_problem_and_no_other() -> None:
    of_the_platform = {(p.status, p.code) for p in map(translated, errors())}
    of_the_framework = {(status, code) for status, (code, _) in problems._OF_THE_FRAMEWORK.items()}
    assert told() == written() | of_the_platform | of_the_framework


def test_every_status_has_a_title_and_no_error_tells_its_detail() -> None:
    assert {status for status, _ in told()} <= set(TITLES)
    for error in errors():
        error.detail = "secret"
        assert b"secret" not in problems.response(translated(error)).body
