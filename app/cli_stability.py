"""The command that measures how often the reasons of a model come back over refits."""

from __future__ import annotations

from app.cli_models import meter
from app.cli_reply import Reply, say
from app.cli_validate import run_id
from app.cli_workspace import opened


def stability(model: str, *, refits: int) -> Reply:
    """Measure in a worker process and keep the refits and what was found."""
    from aimass_core.jobs.runner import run_now
    from aimass_core.settings import settings
    from aimass_core.workflows import stability as measuring
    from aimass_core.workflows.stability import StabilitySpec
    from aimass_core.workspace.joblog import JobLog

    with opened() as ws:
        plan = measuring.plan(ws, StabilitySpec(run=run_id(ws, model), refits=refits))
        for note in plan.notes:
            say(note)
        say(f"{plan.spec.refits:,} trainings; about {max(1, round(plan.seconds)):,} s at most.")
        job = run_now(
            ws,
            measuring.HANDLER,
            kind=measuring.KIND,
            title=measuring.title(ws, plan.spec),
            spec=plan.spec.model_dump(mode="json"),
            store=JobLog(ws),
            actor=settings().user,
            on_progress=meter(),
            threads=settings().threads,
        )
        found = measuring.get(ws, str(job.result["stability_id"]))
    result = found.model
    data = {
        "run": plan.run.name,
        "run_id": found.run_id,
        "stability_id": found.stability_id,
        "seconds": found.seconds,
        "settings": found.spec.model_dump(mode="json"),
        "verdict": result.verdict,
        "result": result.model_dump(mode="json"),
    }
    rows = ", ".join(f"{count:,} {verdict}" for verdict, count in result.verdicts.items())
    text = (
        f"{plan.run.name}: reasons are {result.verdict} over {result.refits:,} refits, judged on "
        f"{result.rows:,} test rows ({rows}).\n"
        f"Same top reason {result.top:.1%}, same set {result.same_set:.1%}, principal reasons that come back "
        f"{result.kept:.1%}; probability ± {result.spread:.2%}."
    )
    return Reply(data, text)
