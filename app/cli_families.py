"""The command that lists the model families."""

from __future__ import annotations

from app.cli_reply import Reply, table


def families() -> Reply:
    """List the families with purpose, cost and settings."""
    from aimass_core.models.catalog import FAMILIES

    data = {
        "families": [
            {
                "family": key,
                "title": card.title,
                "summary": card.summary,
                "purpose": card.purpose,
                "cost": card.cost,
                "labelled": card.labelled,
                "searchable": sorted(card.space),
                "settings": {name: field.description for name, field in card.config.model_fields.items()},
            }
            for key, card in FAMILIES.items()
        ]
    }
    rows = [(key, card.title, card.purpose, card.cost) for key, card in FAMILIES.items()]
    return Reply(data, table(rows, heads=("family", "name", "when", "cost")))
