"""Papers of explanations: what one row, one decision or a whole model comes to, with all that it rests on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from aimass_core.errors import NotFoundError, SettingsError
from aimass_core.papers import paper as papers
from aimass_core.papers.charts import probability as probability_of
from aimass_core.papers.paper import Bars, Paper, Section, Waterfall
from aimass_core.workflows import evaluating
from aimass_core.workflows.scorer import bundle_sha256
from aimass_core.workspace import cases, datasets, registry, runs
from aimass_core.workspace.connection import Workspace

if TYPE_CHECKING:
    from aimass_core.explain.summary import Summary
    from aimass_core.workflows.explaining import RowExplanation
    from aimass_core.workspace.cases import Decision

Format = Literal["html", "pdf"]
REFERENCES = {
    "population": "the average training row",
    "applicants": "the average of all applicants",
    "cutoff": "applicants at or just above the cut-off",
}
_MAIN = 3  # features that a model's page names in a sentence


def render(paper: Paper, form: Format) -> bytes:
    """Return a paper as HTML or as PDF."""
    if form == "html":
        from aimass_core.papers import as_html

        return as_html.render(paper)
    from aimass_core.papers import as_pdf

    return as_pdf.render(paper)


def of_row(ws: Workspace, found: RowExplanation, *, actor: str) -> Paper:
    """Return the page of one explained row.

    Raises
    ------
    NotFoundError, DataError
        When its run or data is gone, or the bundle was edited.
    """
    named = "A row that was typed in" if found.row_id is None else f"Row {found.row_id:,}"
    every = papers.every(found.reasons)
    return Paper(
        title=f"{named}: {found.probability:.2%} probability of {found.outcome}",
        subtitle=f"Why the model {found.run} gives this score. {_printed(actor)}",
        figures=(
            ("Probability", f"{found.probability:.2%}"),
            ("Log-odds", f"{found.log_odds:.4f}"),
            ("Reference", f"{probability_of(found.base):.2%}"),
            ("Outcome in the data", found.target or "n/a"),
        ),
        chart=Waterfall(every, found.base, found.log_odds),
        sections=papers.reason_sections(found.reasons, outcome=found.outcome),
        facts=(
            ("Row", f"{named}{f', one of the {found.part} rows' if found.part else ''}"),
            ("Measured from", f"{REFERENCES[found.reference]} ({found.reference_text})"),
            ("Method", found.method),
            ("Additivity", papers.additivity(found.additivity)),
            *_rests_on(ws, found.run_id),
        ),
        table=papers.reason_table(every, base=found.base, log_odds=found.log_odds),
    )


def of_decision(ws: Workspace, decision: Decision, *, actor: str) -> Paper:
    """Return the page of a stored decision, with the reasons it was stored with.

    Raises
    ------
    SettingsError
        When it was made without reasons.
    NotFoundError, DataError
        When its model, policy or data is gone, or the bundle was edited.
    """
    from aimass_core.explain.reasons import Reasons

    stored = decision.reasons
    if not stored.get("explained"):
        raise SettingsError(
            "a page of reasons needs a decision that was explained",
            "this one was made without reasons",
            "Decide again with reasons",
        )
    found = Reasons.model_validate({side: stored[side] for side in ("principal", "tail", "favourable")})
    model = registry.get(ws, decision.model_id)
    policy = cases.policy_by_id(ws, decision.policy_id)
    outcome = evaluating.bundle(ws, model.run_id).outcome
    base, every = float(stored["base"]), papers.every(found)
    gap = abs(base + sum(reason.contribution for reason in every) - decision.log_odds)
    return Paper(
        title=f"Decision: {decision.outcome}{f', {decision.subject}' if decision.subject else ''}",
        subtitle=f"Decided {_when(decision.decided_at)} by {decision.decided_by}. {_printed(actor)}",
        figures=(
            ("Outcome", decision.outcome.capitalize()),
            (f"Probability of {outcome}", f"{decision.probability:.2%}"),
            ("Lower cut-off", f"{policy.policy['low']:.2%}"),
            ("Upper cut-off", f"{policy.policy['high']:.2%}"),
            ("Reference", f"{probability_of(base):.2%}"),
        ),
        chart=Waterfall(every, base, decision.log_odds),
        sections=papers.reason_sections(found, outcome=outcome),
        facts=(
            ("Decision", f"{decision.decision_id}, made by {decision.source}"),
            ("Policy", f"version {decision.policy_version} of {policy.model}, {decision.policy_id}"),
            ("Measured from", f"{REFERENCES[decision.reference]} ({stored['reference_text']})"),
            ("Method", str(stored["method"])),
            ("Additivity", papers.additivity(gap)),
            ("Input SHA-256", decision.input_sha256),
            ("Model", decision.model),
            *_rests_on(ws, model.run_id, sealed=decision.bundle_sha256),
        ),
        table=papers.reason_table(every, base=base, log_odds=decision.log_odds),
    )


def of_model(ws: Workspace, run_ref: str, summary: Summary, *, actor: str) -> Paper:
    """Return the page of a model as a whole.

    Raises
    ------
    NotFoundError, DataError
        When its run or data is gone, or the bundle was edited.
    """
    run = runs.get(ws, run_ref)
    rows = f"{summary.rows:,} {summary.part}"
    if summary.rows < summary.rows_total:
        rows = f"a sample of {summary.rows:,} of {summary.rows_total:,} {summary.part}"
    top = summary.features[:_MAIN]
    lines = [
        f"{item.feature}: {item.share:.1%} of all contributions; "
        f"on average it {'raises' if item.mean > 0 else 'lowers'} the log-odds by {abs(item.mean):.3f}."
        for item in top
    ]
    auc = run.metrics.get("test.auc", float("nan"))
    registered = [f"{model.name}@{model.version}" for model in registry.of_runs(ws).get(run.run_id, [])]
    return Paper(
        title=f"What the model {run.name} goes by",
        subtitle=f"The model as a whole. {_printed(actor)}",
        figures=(
            ("Family", run.family),
            ("AUC on test rows", f"{auc:.3f}" if auc == auc else "n/a"),
            ("Features", f"{len(summary.features):,}"),
            ("Rows explained", f"{summary.rows:,}"),
            ("Reference", f"{probability_of(summary.base):.2%}"),
        ),
        chart=Bars(summary.features, rows),
        sections=(Section("Most of what moves the scores", tuple(lines), numbered=True),) if lines else (),
        facts=(
            ("Registered as", ", ".join(registered) or "not registered"),
            ("Measured from", f"{REFERENCES[summary.reference]} ({summary.reference_text})"),
            ("Method", summary.method),
            ("Additivity", papers.additivity(summary.additivity)),
            *_rests_on(ws, run.run_id),
        ),
        table=papers.importance_table(summary.features),
    )


def _rests_on(ws: Workspace, run_id: str, *, sealed: str | None = None) -> tuple[tuple[str, str], ...]:
    """Return model and data with their versions and digests, and who trained when."""
    run = runs.get(ws, run_id)
    bundle = evaluating.bundle(ws, run_id)
    manifest = bundle.manifest
    bad = "trained without a target"
    if manifest.target is not None:
        bad = f"{manifest.target} is {', '.join(manifest.positive)}"
    try:
        version = datasets.get(ws, run.version_id)
        data = f", {version.rows:,} rows, file {version.source_name}"
    except NotFoundError:
        data = ", not in this workspace any more"
    return (
        ("Run", f"{run.name}, {run.family}, trained {_when(run.created_at)} by {run.created_by}"),
        ("Model SHA-256", sealed or bundle_sha256(bundle)),
        ("Bad means", bad),
        ("Data", f"{manifest.dataset}@{manifest.dataset_version}{data}"),
        ("Data SHA-256", manifest.dataset_sha256),
    )


def _printed(actor: str) -> str:
    return f"Page made {_when(datetime.now(UTC))} by {actor}."


def _when(moment: datetime) -> str:
    """Return a moment that is stored in UTC."""
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"
