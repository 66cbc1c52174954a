"""A claim of a study, and what is found of it."""

import collections.abc
import dataclasses
import typing

from fkd_utils.evaluation import verdicts

COUNT = 1.0  # the smallest difference that matters between two counts: any


class Found(typing.NamedTuple):
    """What was measured, None where nothing was, and the stored files that it comes from."""

    measured: verdicts.Measured | None
    stored: str = ""


def nothing() -> Found:
    """For what cannot be measured here."""
    return Found(None)


@dataclasses.dataclass(frozen=True)
class Claim:
    """A sentence of a study that can be right or wrong.

    place, quote: where it stands, and in which words; claim: in ours; theirs: the study's number.
    ratio: of what to what; claimed, matters: see `verdicts.verdict`; figure: the course's figure
    or table that shows it; find: computes the ratio from data/published. differs: which of data,
    network, regime and machine is not the study's, and how.
    """

    study: str
    place: str
    quote: str
    claim: str
    theirs: str
    ratio: str
    claimed: str
    figure: str
    find: collections.abc.Callable[[], Found]
    differs: str = ""
    matters: float = verdicts.MATTERS

    def row(self) -> dict[str, str]:
        """A row of claims.csv. Its verdict is that of the interval as it is written."""
        differs = self.differs
        try:
            ours, stored = self.find()
        except FileNotFoundError:
            ours, stored, differs = None, "", differs or "regime: its run is not stored yet"
        numbers = (ours.ratio, ours.low, ours.high) if ours else (float("nan"),) * 3
        middle, low, high = ("" if n != n else f"{n:.3g}" for n in numbers)
        seeds, groups = (ours.seeds, ours.groups) if ours else (0, 0)
        verdict = verdicts.verdict(
            float(low or "nan"), float(high or "nan"), self.claimed, self.matters, seeds, differs
        )
        needs = ""
        if verdict == "not settled":
            needs = verdicts.needed(ours, self.claimed, self.matters)
        return {
            "study": self.study, "place": self.place, "quote": self.quote, "claim": self.claim,
            "theirs": self.theirs, "ratio": self.ratio, "claimed": self.claimed, "ours": middle,
            "low": low, "high": high, "matters": f"{self.matters:g}", "seeds": str(seeds),
            "groups": str(groups), "differs": differs, "verdict": verdict, "needs": needs,
            "figure": self.figure, "stored": stored,
        }  # fmt: skip
