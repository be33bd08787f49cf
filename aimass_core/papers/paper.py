"""What a one-page paper says, apart from how it looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aimass_core.explain.reasons import Reason, Reasons
from aimass_core.explain.summary import Importance


@dataclass(frozen=True, slots=True)
class Waterfall:
    """How one score comes about; log-odds. `reasons` are all of them, strongest first."""

    reasons: tuple[Reason, ...]
    base: float
    log_odds: float

    @property
    def title(self) -> str:
        """Heading of the chart."""
        return "From the reference to this score"

    @property
    def note(self) -> str:
        """One line below the chart."""
        whiskers = " Whiskers: 95% intervals." if any(reason.error for reason in self.reasons) else ""
        return f"Orange raises the risk, blue lowers it.{whiskers}"


@dataclass(frozen=True, slots=True)
class Bars:
    """How much each feature moves the scores, most important first; `rows` says over what."""

    features: tuple[Importance, ...]
    rows: str

    @property
    def title(self) -> str:
        """Heading of the chart."""
        return "Importance of the features"

    @property
    def note(self) -> str:
        """One line below the chart."""
        return f"Mean |SHAP| over {self.rows}; whiskers: 95% intervals."


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and sentences under it; numbered when their order matters."""

    heading: str
    lines: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Paper:
    """One page.

    Attributes
    ----------
    title : what it is about; `subtitle` says of what and when.
    figures : the few numbers that matter, by label.
    sections : sentences beside the chart.
    facts : what it rests on, by label.
    table : head and rows of the numbers behind the chart; HTML shows them when asked.
    """

    title: str
    subtitle: str
    figures: tuple[tuple[str, str], ...]
    chart: Waterfall | Bars
    sections: tuple[Section, ...]
    facts: tuple[tuple[str, str], ...]
    table: tuple[tuple[str, ...], ...]


FAVOURABLE = 3
"""Most reasons in favour that a page names one by one."""
_LONGEST = 220  # characters of one sentence


def reason_sections(reasons: Reasons, *, outcome: str) -> tuple[Section, ...]:
    """Return the ranked reasons as sentences, with what they add, and how many more there are."""
    against = [sentence(reason) for reason in reasons.principal] or ["No feature speaks against this row."]
    found = [Section("Principal reasons against", tuple(against), numbered=bool(reasons.principal))]
    if reasons.favourable:
        shown = [sentence(reason) for reason in reasons.favourable[:FAVOURABLE]]
        found.append(Section("In favour", tuple(shown), numbered=True))
    left = len(reasons.tail) + max(0, len(reasons.favourable) - FAVOURABLE)
    if left:
        total = sum(reason.contribution for reason in (*reasons.tail, *reasons.favourable[FAVOURABLE:]))
        noun = "feature" if left == 1 else "features"
        verb = "moves" if left == 1 else "move"
        text = f"{left:,} more {noun} together {verb} the log-odds of {outcome} by {total:+.3f}."
        found.append(Section("Everything else", (text,)))
    return tuple(found)


def sentence(reason: Reason) -> str:
    """Return a reason as one sentence, with its log-odds and their 95 % interval."""
    error = f" ± {1.96 * reason.error:.3f}" if reason.error else ""
    text = shortened(reason.text.replace("`", "").removesuffix("."), _LONGEST)
    return f"{text} ({reason.contribution:+.3f}{error} log-odds)."


def reason_table(reasons: Sequence[Reason], *, base: float, log_odds: float) -> tuple[tuple[str, ...], ...]:
    """Return all contributions as rows of text, head first."""
    rows = [
        (
            reason.feature,
            reason.value,
            reason.typical,
            f"{reason.contribution:+.4f}",
            "n/a" if reason.error is None else f"{reason.error:.4f}",
        )
        for reason in reasons
    ]
    return (
        ("Feature", "Value", "Typical", "Log-odds", "Standard error"),
        ("Reference", "", "", f"{base:+.4f}", ""),
        *rows,
        ("This row", "", "", f"{log_odds:+.4f}", ""),
    )


def importance_table(features: Sequence[Importance]) -> tuple[tuple[str, ...], ...]:
    """Return the importance of all features as rows of text, head first."""
    rows = [
        (item.feature, f"{item.mean_abs:.4f}", f"{item.error:.4f}", f"{item.mean:+.4f}", f"{item.share:.1%}")
        for item in features
    ]
    return (("Feature", "Mean |SHAP|", "Standard error", "Mean", "Share"), *rows)


def every(reasons: Reasons) -> tuple[Reason, ...]:
    """Return all reasons, strongest first, whichever way they point."""
    found = (*reasons.principal, *reasons.tail, *reasons.favourable)
    return tuple(sorted(found, key=lambda reason: -abs(reason.contribution)))


def additivity(gap: float) -> str:
    """Say whether base and contributions add up to the score."""
    return f"The contributions add up to the score exactly (largest gap {gap:.6f} log-odds)."


def shortened(text: str, longest: int) -> str:
    """Return text on one line, at most so long."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
