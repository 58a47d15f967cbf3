"""How a report looks: on light and dark screens and on paper."""

STYLESHEET = """\
:root {
  color-scheme: light dark;
  --ink: #1d2733; --dim: #5b6875; --paper: #ffffff; --soft: #f4f6f9; --rule: #d8dee6;
  --yes: #1a7f4b; --no: #b3372f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e4e9ef; --dim: #9aa7b4; --paper: #14191f; --soft: #1c232b; --rule: #333d48;
    --yes: #5cc98d; --no: #ef8277;
  }
}
* { box-sizing: border-box }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main { max-width: 72rem; margin: 0 auto; padding: 2.5rem 1.5rem 5rem }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .5rem }
h2 {
  font-size: 1.35rem; margin: 2.75rem 0 .75rem; padding-top: 1.25rem;
  border-top: 1px solid var(--rule);
}
h3 { font-size: 1.05rem; margin: 1.75rem 0 .5rem }
h1, h2, h3 { overflow-wrap: anywhere }
p { max-width: 46rem }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .75rem 0 }
th, td {
  padding: .35rem 1.25rem .35rem 0; border-bottom: 1px solid var(--rule);
  text-align: left; vertical-align: top;
}
th { color: var(--dim); font-weight: 600 }
td.number, th.number { text-align: right }
.yes { color: var(--yes); font-weight: 600 }
.no { color: var(--no); font-weight: 600 }
.row { display: flex; flex-wrap: wrap; gap: 0 2.5rem; align-items: flex-start }
.row > * { min-width: 0 }
figure { margin: 1rem 0; max-width: 100% }
.picture {
  overflow-x: auto; background: #ffffff; border: 1px solid var(--rule); border-radius: 6px;
  padding: .75rem; width: fit-content; max-width: 100%;
}
.picture svg, .picture img { display: block; max-width: 100%; height: auto }
.picture.wide svg, .picture.wide img { max-width: none }
figcaption { color: var(--dim); font-size: .9rem; max-width: 46rem; margin-top: .35rem }
details { margin: .75rem 0 }
summary { cursor: pointer; color: var(--dim) }
pre {
  background: var(--soft); border: 1px solid var(--rule); border-radius: 6px; padding: 1rem;
  overflow: auto; max-height: 32rem; font: 13px/1.5 ui-monospace, Menlo, Consolas, monospace;
}
@media screen and (max-width: 44rem) {
  .picture svg, .picture img { max-width: none }
}
@media print {
  main { max-width: none; padding: 0 }
  pre { max-height: none; white-space: pre-wrap; overflow-wrap: anywhere }
  h2, h3 { break-after: avoid }
  figure { break-inside: avoid }
  .picture.wide svg, .picture.wide img { max-width: 100% }
}
"""
