"""Papers for tests, with hostile and with long names."""

from __future__ import annotations

from aimass_core.explain.reasons import Reason, Reasons
from aimass_core.explain.summary import Importance
from aimass_core.papers import paper as papers
from aimass_core.papers.paper import Bars, Paper, Section, Waterfall

HOSTILE = "<script>alert('x')</script> & \"in$come_1$\" 收入 &amp;"


def reason(feature: str, contribution: float, *, error: float | None = 0.0) -> Reason:
    direction = "raises" if contribution > 0 else "lowers"
    return Reason(
        feature=feature,
        value="12,345.67",
        typical="<b>40,000</b>",
        contribution=contribution,
        error=error,
        direction=direction,
        text=f"`{feature}` is 12,345.67 (typical: 40,000), which {direction} the estimated probability.",
    )


def reasons(count: int, *, name: str = "feature", error: float | None = 0.0) -> Reasons:
    """Return reasons of which every third is in favour; sizes fall from 1."""
    made = [
        reason(f"{name}_{number}", (-1 if number % 3 == 2 else 1) / (number + 1), error=error)
        for number in range(count)
    ]
    against = tuple(item for item in made if item.contribution > 0)
    return Reasons(
        principal=against[:4],
        tail=against[4:],
        favourable=tuple(item for item in made if item.contribution < 0),
    )


def of_row(found: Reasons, *, title: str = "Row 7: 20% probability of default") -> Paper:
    every = papers.every(found)
    log_odds = -1.5 + sum(item.contribution for item in every)
    return Paper(
        title=title,
        subtitle="Page made by ana.",
        figures=(("Probability", "20.00%"), ("Outcome", "decline")),
        chart=Waterfall(every, -1.5, log_odds),
        sections=papers.reason_sections(found, outcome="default"),
        facts=(("Model", "credit@3"), ("Data SHA-256", "b" * 64)),
        table=papers.reason_table(every, base=-1.5, log_odds=log_odds),
    )


def of_model(count: int, *, name: str = "feature") -> Paper:
    features = tuple(
        Importance(
            feature=f"{name}_{number}", mean_abs=1 / (number + 1), error=0.01, mean=0.1, share=1 / count
        )
        for number in range(count)
    )
    return Paper(
        title="What the model goes by",
        subtitle="",
        figures=(),
        chart=Bars(features, "500 test rows"),
        sections=(Section("Most of what moves the scores", ("income",)),),
        facts=(("Data", "loans@2"),),
        table=papers.importance_table(features),
    )
