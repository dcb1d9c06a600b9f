#include "html_private.h"

namespace cw::report {

namespace {

// Text from outside goes into textContent and nowhere else.
constexpr std::string_view kScript = R"js("use strict";
(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const strings = data.strings;
const WIDTH = 9, AT_ONCE = 300, LONG = 140, MOST = 20000;
const by = id => document.getElementById(id);
const make = (name, kind, text) => {
  const out = document.createElement(name);
  if (kind) out.className = kind;
  if (text !== undefined) out.textContent = text;
  return out;
};
const time = ns => {
  const three = unit => {
    const digits = ns < 10 * unit ? 2 : ns < 100 * unit ? 1 : 0;
    return (Math.floor(ns * 10 ** digits / unit) / 10 ** digits).toFixed(digits);  // cut, as in the rest of the page
  };
  return ns < 1e6 ? three(1e3) + " µs" : ns < 1e9 ? three(1e6) + " ms" : three(1e9) + " s";
};
const hex = sw => sw.toString(16).toUpperCase().padStart(4, "0");
const shade = sw => sw === 0x9000 || sw >> 8 === 0x61 ? "ok" : sw >> 8 === 0x62 || sw >> 8 === 0x63 ? "warn" : "bad";
const COMMAND = data.kinds.indexOf("command");

// Traces: rows are made when a case is opened, and what a row hides when that is opened.

function eventAt(one, i) {
  const at = 1 + i * WIDTH;
  const [kind, text, name, sent, answer, sw, meaning, channel, ns] = one.slice(at, at + WIDTH);
  return { kind: data.kinds[kind], command: kind === COMMAND, text: strings[text], sent: strings[sent],
           answer: strings[answer], sw, meaning: strings[meaning], channel, ns };
}

function details(event) {
  const list = make("dl");
  const add = (name, value) => {
    if (!value) return;
    const rest = value.length - MOST;
    list.append(make("dt", "", name), make("dd", "", rest > 0 ? value.slice(0, MOST) + " .. and " + rest + " more" : value));
  };
  if (event.text.length > LONG) add("text", event.text);
  add("sent", event.sent);
  add("answer", event.answer);
  add("status", event.command ? event.meaning || (event.sw < 0 ? "no answer" : hex(event.sw)) : "");
  add("channel", event.channel ? "secure channel " + event.channel : event.command ? "plain" : "");
  return list;
}

function row(one, i) {
  const event = eventAt(one, i);
  const opens = event.command || event.text.length > LONG;
  const out = make(opens ? "details" : "div", "ev k-" + event.kind + (one[0] === i ? " at" : ""));
  const line = opens ? make("summary") : out;
  if (opens) out.append(line);
  line.append(make("span", "n", i + 1), event.command && event.channel ? make("span", "ch sc", "sc " + event.channel)
    : make("span", "ch", event.command ? "" : event.kind));
  line.append(make("span", "t", event.text.slice(0, 400)));
  line.append(event.command ? make("span", "sw " + shade(event.sw), event.sw < 0 ? "no answer" : hex(event.sw)) : make("span"));
  line.append(make("span", "time", event.command ? time(event.ns) : ""));
  if (one[0] === i) line.firstChild.append(make("span", "hidden", " failed here"));
  const fill = () => { if (out.open && !out.querySelector("dl")) out.append(details(event)); };
  if (opens) out.addEventListener("toggle", fill);
  if (opens && one[0] === i) { out.open = true; fill(); }
  return out;
}

function trace(element) {
  const box = element.querySelector(".trace");
  if (!box || box.dataset.made) return;
  box.dataset.made = "1";
  const one = data.cases[number(element)];
  const count = (one.length - 1) / WIDTH;
  let begin = Math.max(0, Math.min(one[0] < 0 ? 0 : one[0] - AT_ONCE / 2, count - AT_ONCE));
  let end = Math.min(count, begin + AT_ONCE);
  const rows = make("div", "rows");
  const between = (from, to) => {
    const some = document.createDocumentFragment();
    for (let i = from; i < to; ++i) some.append(row(one, i));
    return some;
  };
  const earlier = make("button", "more"), later = make("button", "more");
  const label = () => {
    earlier.hidden = begin === 0;
    later.hidden = end === count;
    earlier.textContent = Math.min(AT_ONCE, begin) + " earlier of " + begin;
    later.textContent = Math.min(AT_ONCE, count - end) + " later of " + (count - end);
  };
  earlier.type = later.type = "button";
  earlier.onclick = () => { const from = Math.max(0, begin - AT_ONCE); rows.prepend(between(from, begin)); begin = from; label(); };
  later.onclick = () => { const to = Math.min(count, end + AT_ONCE); rows.append(between(end, to)); end = to; label(); };
  rows.append(between(begin, end));
  label();
  box.replaceChildren(make("h4", "", "Trace, " + count + (count === 1 ? " event" : " events")), earlier, rows, later);
}

const number = one => Number(one.id.slice(1)) - 1;
const cases = [...document.querySelectorAll("details.case")];
for (const one of cases) {
  one.addEventListener("toggle", () => { if (one.open) trace(one); });
  if (one.open) trace(one);
}

// Filters.

const plain = new Map();  // what is found in a case, besides its trace
const wordsOf = one => {
  if (!plain.has(one)) plain.set(one, [...one.querySelectorAll("summary > span, .message, .compare pre, .likely, .facts dd")]
    .filter(part => !part.closest(".trace")).map(part => part.textContent).join("\n").toLowerCase());
  return plain.get(one);
};
let lower = null;

function finder(wanted) {
  if (!wanted) return () => true;
  lower ??= strings.map(text => text.toLowerCase());
  const hit = lower.map(text => text.includes(wanted));
  const sw = /^[0-9a-f]{4}$/.test(wanted) ? parseInt(wanted, 16) : -2;
  return one => {
    if (wordsOf(one).includes(wanted)) return true;
    const events = data.cases[number(one)];
    for (let at = 1; at < events.length; at += WIDTH) {
      if (events[at + 5] === sw || hit[events[at + 1]] || hit[events[at + 3]] || hit[events[at + 4]] || hit[events[at + 6]]) return true;
    }
    return false;
  };
}

let state = "";
function filter() {
  const found = finder(by("find").value.trim().toLowerCase());
  const flavor = by("flavor").value, tag = by("tag") ? by("tag").value : "";
  let shown = 0;
  cases.forEach(one => {
    const set = one.dataset;
    const fits = (!state || set.state === state) && (!flavor || set.flavor === flavor) &&
      (!tag || set.tags.includes(" " + tag + " ")) && found(one);
    one.hidden = !fits;
    shown += fits ? 1 : 0;
  });
  by("shown").textContent = shown === cases.length ? "" : shown + " of " + cases.length + " shown";
  by("none").hidden = shown > 0 || cases.length === 0;
  by("cases").style.display = shown === 0 ? "none" : "";
}

function order() {
  const how = by("order").value;
  const sorted = [...cases];
  const name = one => one.querySelector(".name").textContent;
  if (how === "run") sorted.sort((a, b) => number(a) - number(b));
  if (how === "time") sorted.sort((a, b) => b.dataset.time - a.dataset.time);
  if (how === "name") sorted.sort((a, b) => name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0);
  by("cases").append(...sorted);
}

let soon = 0;
by("filters").hidden = false;
by("filters").addEventListener("submit", event => event.preventDefault());
by("find").addEventListener("input", () => { clearTimeout(soon); soon = setTimeout(filter, 80); });
by("flavor").addEventListener("change", filter);
if (by("tag")) by("tag").addEventListener("change", filter);
by("order").addEventListener("change", order);
const buttons = [...document.querySelectorAll("[data-state]")].filter(one => one.tagName === "BUTTON");
for (const button of buttons) {
  button.addEventListener("click", () => {
    state = button.dataset.state;
    for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
    filter();
  });
}
document.addEventListener("keydown", event => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || /^(INPUT|SELECT)$/.test(event.target.tagName)) return;
  event.preventDefault();
  by("find").focus();
});

// Coverage of one flavor, or of all.

function cover() {
  const wanted = by("covered").value;
  [...by("coverage-table").tBodies[0].rows].forEach((tr, i) => {
    const seen = data.coverage[i];
    for (let c = 0; c < data.classes; ++c) {
      let count = 0;
      for (let at = 0; at < seen.length; at += 1 + data.classes) {
        if (wanted === "" || seen[at] === Number(wanted)) count += seen[at + 1 + c];
      }
      const cell = tr.cells[c + 1];
      cell.className = "cell" + (count === 0 ? "" : count < 10 ? " l1" : count < 100 ? " l2" : " l3");
      cell.replaceChildren(count === 0 ? make("span", "quiet", "·") : String(count));
    }
  });
}
if (by("covered")) {
  by("covered-filter").hidden = false;
  by("covered").addEventListener("change", cover);
}

// A link to a case, "#c12", opens it.

function follow() {
  const one = /^#c\d+$/.test(location.hash) && by(location.hash.slice(1));
  if (one) { one.open = true; one.scrollIntoView(); }
}
addEventListener("hashchange", follow);
follow();
addEventListener("beforeprint", () => cases.forEach(one => { if (one.dataset.state === "failed") one.open = true; }));
})();
)js";

}  // namespace

std::string_view html_script() { return kScript; }

}  // namespace cw::report
