"""A paper as one HTML file: nothing from elsewhere, no script, every text escaped."""

from __future__ import annotations

from aimass_core.papers import charts
from aimass_core.papers.paper import Paper

_TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{ paper.title }}</title>
<style>
:root { color-scheme: light; }
body { font: 14px/1.45 "DejaVu Sans", Verdana, sans-serif; color: #1F2937; background: #fff;
  max-width: 820px; margin: 24px auto; padding: 0 16px; overflow-wrap: anywhere; }
h1 { font-size: 22px; margin: 0; } h2 { font-size: 15px; margin: 16px 0 4px; }
p { margin: 4px 0; } .faint { color: #5B6472; }
.figures { display: flex; flex-wrap: wrap; gap: 8px; margin: 12px 0; }
.figures div { border: 1px solid #C5CAD3; border-radius: 6px; padding: 6px 12px; flex: 1 1 120px; }
.figures dt { font-size: 12px; color: #5B6472; } .figures dd { margin: 0; font-size: 18px; }
dl { margin: 0; } ol, ul { margin: 4px 0; padding-left: 24px; }
svg { width: 100%; height: auto; }
table { border-collapse: collapse; font-size: 12px; width: 100%; }
th, td { border-bottom: 1px solid #E1E4EA; padding: 3px 6px; text-align: left; }
.facts { font-size: 12px; border-top: 1px solid #C5CAD3; margin-top: 14px; padding-top: 8px; }
.facts div { display: flex; gap: 8px; } .facts dt { flex: 0 0 130px; color: #5B6472; }
.facts dd { margin: 0; }
@page { size: A4; margin: 10mm; }
@media print {
  body { font-size: 8pt; line-height: 1.3; margin: 0; padding: 0; max-width: none; }
  h1 { font-size: 14pt; } h2 { font-size: 10pt; margin: 8px 0 2px; } details { display: none; }
  svg { max-height: 105mm; } .figures dd { font-size: 11pt; } .facts, .figures dt { font-size: 7pt; }
}
</style>
</head>
<body>
<main>
<h1>{{ paper.title }}</h1>
<p class="faint">{{ paper.subtitle }}</p>
<dl class="figures">
{% for label, value in paper.figures %}<div><dt>{{ label }}</dt><dd>{{ value }}</dd></div>
{% endfor %}</dl>
<h2>{{ paper.chart.title }}</h2>
<div role="img" aria-label="{{ paper.chart.title }}">{{ chart }}</div>
<p class="faint">{{ paper.chart.note }}</p>
{% for section in paper.sections %}<h2>{{ section.heading }}</h2>
{% if section.numbered %}<ol>{% for line in section.lines %}<li>{{ line }}</li>{% endfor %}</ol>
{% else %}{% for line in section.lines %}<p>{{ line }}</p>{% endfor %}
{% endif %}{% endfor %}
<details><summary>All numbers</summary>
<table><thead><tr>{% for cell in paper.table[0] %}<th scope="col">{{ cell }}</th>{% endfor %}</tr></thead>
<tbody>{% for row in paper.table[1:] %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table></details>
<dl class="facts">
{% for label, value in paper.facts %}<div><dt>{{ label }}</dt><dd>{{ value }}</dd></div>
{% endfor %}</dl>
</main>
</body>
</html>
"""


def render(paper: Paper) -> bytes:
    """Return a paper as HTML, UTF-8."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    page = Environment(autoescape=True, undefined=StrictUndefined).from_string(_TEMPLATE)
    return page.render(paper=paper, chart=Markup(charts.svg(paper.chart))).encode("utf-8", "replace")
