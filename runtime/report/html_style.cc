#include "html_private.h"

namespace cw::report {

namespace {

constexpr std::string_view kStyle = R"css(
:root {
  --ground: #f6f6f3; --surface: #ffffff; --sunken: #f1f2ef; --text: #1d2126; --quiet: #5c6570; --line: #e1e3df;
  --green: #17704a; --red: #b3261e; --amber: #7d5200; --blue: #2456a6;
  --green-tint: #e0f1e7; --red-tint: #fbe6e3; --amber-tint: #f8edd6; --blue-tint: 36 86 166;
  --bar-green: #3c9d6f; --bar-red: #d2493f; --bar-grey: #c3c7c9;
  --mono: ui-monospace, "Cascadia Mono", "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171a; --surface: #1b1f23; --sunken: #22272c; --text: #e4e7ea; --quiet: #9ba5b0; --line: #2e343a;
    --green: #6fcf9c; --red: #ff8f86; --amber: #e5b567; --blue: #8db7f5;
    --green-tint: #1c3529; --red-tint: #412422; --amber-tint: #3a2f1a; --blue-tint: 141 183 245;
    --bar-green: #3f9e72; --bar-red: #d8594f; --bar-grey: #4a525a;
  }
}
* { box-sizing: border-box; }
html { color-scheme: light dark; scroll-padding-top: 4rem; }
body {
  margin: 0 auto; max-width: 76rem; padding: 2.5rem 1.5rem 5rem; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "DejaVu Sans", sans-serif;
  overflow-wrap: anywhere;
}
code, pre, .num, .time, .sw, .strip { font-family: var(--mono); font-size: .86em; }
a { color: var(--blue); }
:focus-visible { outline: 2px solid var(--blue); outline-offset: 2px; border-radius: 4px; }
.quiet { color: var(--quiet); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.note { background: var(--amber-tint); border-radius: 8px; padding: .6rem 1rem; }

.program { margin: 0; color: var(--quiet); }
h1 { margin: .1rem 0 1rem; font-size: 2.1rem; line-height: 1.2; font-weight: 650; letter-spacing: -.02em; }
h1.failed { color: var(--red); }
h1.passed { color: var(--green); }
h2 { margin: 3.2rem 0 .8rem; font-size: 1.35rem; font-weight: 650; letter-spacing: -.01em; }
h3 { margin: 1.6rem 0 .6rem; font-size: 1rem; font-weight: 650; }
h4 { margin: 0 0 .25rem; font-size: .78rem; font-weight: 600; color: var(--quiet); }
nav + main h2:first-child { margin-top: 1.8rem; }
.lead { max-width: 50rem; margin: 0 0 1rem; color: var(--quiet); }
.lead b { color: var(--text); font-weight: 600; }
.bar { display: flex; gap: 3px; height: 8px; margin-bottom: 1.2rem; }
.bar span { min-width: 6px; flex-basis: 0; border-radius: 4px; }
.bar .passed { background: var(--bar-green); }
.bar .failed { background: var(--bar-red); }
.bar .skipped { background: var(--bar-grey); }
.facts { display: flex; flex-wrap: wrap; gap: .5rem 2.2rem; margin: 0; }
.facts dt { font-size: .8rem; color: var(--quiet); }
.facts dd { margin: 0; font-variant-numeric: tabular-nums; }
.facts.small { gap: .3rem 1.6rem; font-size: .9rem; }
nav {
  position: sticky; top: 0; z-index: 2; display: flex; gap: 1.4rem; margin-top: 1.6rem; padding: .7rem 0;
  background: var(--ground); border-bottom: 1px solid var(--line); overflow-x: auto;
}
nav a { color: var(--quiet); text-decoration: none; }
nav a:hover { color: var(--text); text-decoration: underline; text-underline-offset: 4px; }

.filters { display: flex; flex-wrap: wrap; align-items: center; gap: .6rem 1rem; margin: 0 0 1rem; }
.filters[hidden] { display: none; }
.filters label { min-width: 0; max-width: 100%; display: flex; align-items: center; gap: .4rem; color: var(--quiet); font-size: .9rem; }
.find { flex: 1 1 16rem; }
input, select, button {
  font: inherit; font-size: .92rem; color: var(--text); background: var(--surface); border: 1px solid var(--line);
  border-radius: 7px; padding: .32rem .6rem; min-width: 0; max-width: 100%;
}
input { flex: 1; }
select { max-width: 14rem; text-overflow: ellipsis; }
input::placeholder { color: var(--quiet); opacity: 1; }
button { cursor: pointer; }
button:hover, select:hover, input:hover { border-color: var(--quiet); }
.states { display: flex; }
.states button { border-radius: 0; margin-left: -1px; }
.states button:first-child { border-radius: 7px 0 0 7px; }
.states button:last-child { border-radius: 0 7px 7px 0; }
.states button span { color: var(--quiet); font-variant-numeric: tabular-nums; }
.states button[aria-pressed=true] { background: var(--text); border-color: var(--text); color: var(--ground); }
.states button[aria-pressed=true] span { color: inherit; }
#shown { margin: 0 0 0 auto; color: var(--quiet); font-size: .9rem; }

#cases, .matrices, .card { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; }
#cases:empty { display: none; }
details.case, details.matrix { border-top: 1px solid var(--line); }
details.case:first-child, details.matrix:first-child { border-top: 0; }
details[hidden] { display: none; }
summary { cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
.case > summary, .matrix > summary {
  display: grid; grid-template-columns: 1.2rem minmax(9rem, 15rem) 6.5rem 1fr auto .6rem; gap: 0 .9rem; align-items: baseline;
  padding: .55rem 1rem;
}
.case > summary:hover, .matrix > summary:hover, .ev > summary:hover { background: var(--sunken); }
summary::after { content: "›"; color: var(--quiet); text-align: right; line-height: 1; }
details[open] > summary::after { transform: rotate(90deg) translateX(-.1em); transform-origin: center; text-align: center; }
.case[open] > summary { border-bottom: 1px solid var(--line); }
.mark { font-weight: 700; text-align: center; }
.passed > summary .mark { color: var(--green); }
.failed > summary .mark { color: var(--red); }
.skipped > summary .mark, .skipped > summary .about { color: var(--quiet); }
.name { font-weight: 500; max-height: 4.5em; overflow: hidden; }
.failed > summary .name { color: var(--red); font-weight: 650; }
.chip, .tag {
  justify-self: start; max-width: 100%; padding: 0 .5rem; border-radius: 99px; font-size: .82rem;
  background: var(--sunken); color: var(--quiet); white-space: nowrap; overflow: hidden; text-overflow: ellipsis;
}
.tag { display: inline-block; vertical-align: bottom; max-width: 20rem; }
.about { color: var(--quiet); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 0; }
.time { color: var(--quiet); white-space: nowrap; text-align: right; }
.body { padding: 1rem 1rem 1.2rem 3.1rem; }
.message { margin: 0 0 .8rem; white-space: pre-wrap; max-height: 20em; overflow: auto; }
.failed .message { font-weight: 600; }
.compare { display: grid; grid-template-columns: 1fr 1fr; gap: .8rem; margin-bottom: .8rem; }
.compare > div { min-width: 0; }
pre { margin: 0; white-space: pre-wrap; line-height: 1.55; }
.compare pre { padding: .5rem .7rem; border-radius: 7px; background: var(--sunken); max-height: 24em; overflow: auto; }
mark { border-radius: 3px; padding: 0 1px; color: inherit; }
.compare div:first-child mark { background: var(--green-tint); color: var(--green); font-weight: 700; }
.compare div:last-child mark { background: var(--red-tint); color: var(--red); font-weight: 700; }
.likely { margin: 0 0 .9rem; padding: .5rem .8rem; border-radius: 7px; background: var(--amber-tint); max-height: 20em; overflow: auto; }
.likely b { color: var(--amber); margin-right: .4rem; }

.trace { margin-top: 1rem; }
.trace > pre { padding: .7rem; border-radius: 7px; background: var(--sunken); overflow-x: auto; white-space: pre; overflow-wrap: normal; }
.trace > pre b { color: var(--red); }
.rows { border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.more { margin: .5rem .5rem .5rem 0; }
.ev, .ev > summary { font-size: .93rem; }
.ev > summary, div.ev {
  display: grid; grid-template-columns: 2.2rem 3.6rem minmax(0, 1fr) auto 5rem .6rem; gap: 0 .7rem; align-items: baseline;
  padding: .16rem .8rem;
}
.ev .n { position: relative; color: var(--quiet); text-align: right; font-family: var(--mono); font-size: .8em; }
.ev .ch { color: var(--quiet); font-size: .82em; white-space: nowrap; }
.ev .sc { color: var(--blue); }
.ev .t { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.sw { padding: 0 .45rem; border-radius: 5px; font-weight: 600; white-space: nowrap; }
.sw.ok { color: var(--green); }
.sw.warn { background: var(--amber-tint); color: var(--amber); }
.sw.bad { background: var(--red-tint); color: var(--red); }
.k-step, .k-attempt, .k-run { border-top: 1px solid var(--line); }
.ev.k-step .t { font-weight: 600; }
.ev.k-attempt, .ev.k-run { background: var(--sunken); }
.ev.k-log .t, .ev.k-http .t { color: var(--quiet); }
.k-fault .t, .k-fault .ch, .k-reset .t, .k-reset .ch { color: var(--amber); }
.k-failure .t, .k-failure .ch { color: var(--red); font-weight: 600; }
.rows > :first-child { border-top: 0; }
.ev.at { background: var(--red-tint); box-shadow: inset 4px 0 var(--red); }
.ev.at .sw.bad { background: none; }
.ev.at .n, .ev.at .time { color: inherit; }
.ev.at > summary:hover { background: none; }
.ev dl {
  display: grid; grid-template-columns: 4rem minmax(0, 1fr); gap: .1rem .7rem; margin: 0; padding: .2rem .8rem .6rem 8rem;
}
.ev dt { color: var(--quiet); font-size: .85em; }
.ev dd { margin: 0; font-family: var(--mono); font-size: .86em; max-height: 16em; overflow: auto; }

.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { font-weight: 500; text-align: left; }
thead th, thead th.num { font-size: .8rem; font-weight: 600; font-family: inherit; color: var(--quiet); padding: .5rem .6rem; white-space: nowrap; }
tbody th, td { padding: .22rem .6rem; border-top: 1px solid var(--line); }
tbody th { padding-left: 1rem; }
thead th:first-child { padding-left: 1rem; }
.cell { text-align: center; width: 5rem; }
.num { text-align: right; white-space: nowrap; }
.tears .no { color: var(--quiet); font-size: .85em; display: inline-block; min-width: 1.6rem; }
.tears td.y { color: var(--green); background: var(--green-tint); }
.tears td.n { color: var(--red); background: var(--red-tint); font-weight: 700; }
.tears .why { margin: 0 0 .2rem 1.9rem; font-size: .9rem; color: var(--red); }
.tears { border-top: 1px solid var(--line); width: auto; min-width: min(100%, 44rem); }
.tears tr:hover th, .coverage tr:hover th, .timing tr:hover th { background: var(--sunken); }
.matrix > summary { grid-template-columns: 1.2rem 7rem 17rem 1fr .6rem; align-items: center; }
.strip { display: flex; flex-wrap: wrap; gap: 5px 3px; min-width: 0; }
.strip > span { display: grid; gap: 2px; }
.strip i { width: 11px; height: 9px; border-radius: 2px; background: var(--line); font: 700 10px/9px sans-serif; text-align: center; }
.strip .y { background: var(--bar-green); }
.strip .n { background: var(--bar-red); color: #fff; }
.timing td, .timing tbody th { vertical-align: middle; }
.timing svg { display: block; overflow: visible; }
.timing .plot { width: 45%; padding-top: 0; padding-bottom: 0; }
.timing td.num { padding-left: .2rem; }
.axis text { fill: var(--quiet); font: 11px system-ui, sans-serif; }
.grid { stroke: var(--line); }
.range { stroke: var(--blue); stroke-opacity: .45; stroke-width: 1.5; }
.most { stroke: var(--blue); stroke-opacity: .55; stroke-width: 5; }
.end { stroke: var(--blue); stroke-width: 1.5; }
circle { fill: var(--blue); stroke: var(--surface); stroke-width: 1.5; }
.coverage tbody th { white-space: nowrap; }
.coverage .l1 { background: rgb(var(--blue-tint) / .12); }
.coverage .l2 { background: rgb(var(--blue-tint) / .24); }
.coverage .l3 { background: rgb(var(--blue-tint) / .38); }
)css";

constexpr std::string_view kNarrow = R"css(
@media (max-width: 1000px) {
  .case > summary { grid-template-columns: 1.2rem minmax(0, 1fr) auto auto .6rem; }
  .ev .t { white-space: normal; max-height: 4.5em; }
  .case .about { grid-column: 2 / -1; grid-row: 2; white-space: normal; max-height: 4.5em; }
  .case .about:empty { display: none; }
  .body { padding-left: 1rem; }
  .matrix > summary { grid-template-columns: 1.2rem auto 1fr .6rem; }
  .matrix .about { white-space: normal; }
  .strip { grid-column: 2 / -1; grid-row: 2; margin-top: .4rem; }
}
@media (max-width: 640px) {
  body { padding: 1.4rem 1rem 3rem; }
  h1 { font-size: 1.6rem; }
  .compare { grid-template-columns: 1fr; }
  .filters label { flex: 1 1 40%; }
  .filters label.find { flex-basis: 100%; }
  .filters select { flex: 1; max-width: none; }
  .states { flex: 1 1 100%; }
  .states button { flex: 1; padding: .32rem .2rem; }
  .chip { max-width: 6rem; }
  .ev > summary, div.ev { grid-template-columns: 1.7rem minmax(0, 1fr) auto .6rem; padding: .25rem .6rem; }
  .ev .ch, .ev .time { display: none; }
  .ev dl { padding-left: .8rem; }
  .tears .cell { width: 3.2rem; padding-left: .2rem; padding-right: .2rem; }
  .timing thead th:not(.plot) { display: none; }
  .timing tr { display: grid; grid-template-columns: repeat(4, 1fr); padding: .4rem 0; border-top: 1px solid var(--line); }
  .timing thead tr { border-top: 0; }
  .timing th, .timing td { border: 0; }
  .timing tbody th, .timing .plot { grid-column: 1 / -1; width: auto; }
  .timing .plot { order: 1; padding: 0 1rem; }
  .timing .num { order: 2; }
  .timing td.num { text-align: center; font-size: .76em; }
  .timing td.num::before { content: attr(data-name); display: block; color: var(--quiet); font-family: system-ui, sans-serif; }
}
@media print {
  :root {
    --ground: #fff; --surface: #fff; --sunken: #f4f4f4; --text: #000; --quiet: #444; --line: #ccc;
    --green: #17704a; --red: #b3261e; --amber: #7d5200; --blue: #2456a6;
    --green-tint: #e0f1e7; --red-tint: #fbe6e3; --amber-tint: #f8edd6; --blue-tint: 36 86 166;
  }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  nav, .filters, .more { display: none; }
  summary, tr, .compare { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .scroll, .message, .compare pre, .likely, .ev dd { overflow: visible; max-height: none; }
}
)css";

}  // namespace

std::string html_style() { return std::string(kStyle) + std::string(kNarrow); }

}  // namespace cw::report
