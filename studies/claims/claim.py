"""A claim of a study, and what is found of it."""

import collections.abc
import dataclasses
import typing

COLUMNS = ("study", "place", "claim", "theirs", "ours", "verdict", "figure", "stored")


class Finding(typing.NamedTuple):
    """Our number in words, one of VERDICTS, and the stored files that both come from."""

    ours: str
    verdict: str
    stored: str


@dataclasses.dataclass(frozen=True)
class Claim:
    """A sentence of a study that can be right or wrong.

    place: where it stands; theirs: the study's number, with its unit; figure: the course's figure
    or table that shows ours; find: computes ours from data/published.
    """

    study: str
    place: str
    claim: str
    theirs: str
    figure: str
    find: collections.abc.Callable[[], Finding]


def one_run(ratio: float) -> str:
    """The verdict on "the error falls" from one run each: within a tenth it is left open."""
    return "holds" if ratio < 0.9 else "fails" if ratio > 1.1 else "depends"
