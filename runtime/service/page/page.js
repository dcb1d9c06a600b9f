// The operators' page: asks the door for JSON and shows it. What comes from the door goes into text, never into markup.
"use strict";

const SECOND = 1000;
const $ = id => document.getElementById(id);
const state = { you: null, routes: [], overview: null, before: null, rate: null, seen: {}, timer: 0, round: 0, shown: "" };

// Asking.

async function ask(path, body) {
  const options = { cache: "no-store", credentials: "same-origin" };
  const headers = { "Content-Type": "application/json" };
  if (body !== undefined) Object.assign(options, { method: "POST", headers, body: JSON.stringify(body) });
  const answer = await fetch(path, options).catch(() => { throw new Error("the service does not answer"); });
  const value = await answer.json().catch(() => null);
  if (answer.ok && value !== null) return value;
  throw new Error(value?.error?.message ?? `the service answered with status ${answer.status}, and no word why`);
}

const at = (...parts) => "/v1/" + parts.map(encodeURIComponent).join("/");

/** Whether who looks at this may do that: the door says what each route needs, and decides again when it is asked. */
function may(path) {
  const ranks = ["viewer", "operator", "approver"];
  const route = state.routes.find(one => one.method === "POST" && one.path === path);
  return route !== undefined && ranks.indexOf(state.you.role) >= ranks.indexOf(route.role);
}

// Showing.

function make(name, attributes = {}, ...children) {
  const one = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "on") one.addEventListener("click", value);
    else if (key === "class") one.className = value;
    else one.setAttribute(key, value);
  }
  one.append(...children.filter(child => child !== null && child !== undefined));
  return one;
}

const put = (one, ...children) => one.replaceChildren(...children);
const short = hash => hash.slice(0, 12);
const brief = id => id.length > 24 ? make("span", { title: id }, `${id.slice(0, 10)}…${id.slice(-10)}`) : id;
const when = ms => new Date(ms).toISOString().slice(0, 19).replace("T", " ") + " UTC";

function ago(ms) {
  const s = Math.max(0, Math.round((state.overview ? state.overview.now - ms : 0) / SECOND));
  if (s < 60) return `${s} s ago`;
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  if (s < 48 * 3600) return `${Math.floor(s / 3600)} h ago`;
  return `${Math.floor(s / 86400)} d ago`;
}

const KINDS = { done: "good", "in use": "good", ready: "", running: "wait", waiting: "wait", draining: "wait", canary: "wait",
                starting: "wait", stuck: "bad", failed: "bad", stopped: "", discarded: "", absent: "bad" };
const badge = (word, kind = KINDS[word] ?? "") => make("span", { class: `badge ${kind}` }, word);
const link = (hash, text, title = "") => make("a", { href: "#/" + hash.join("/"), title }, text);
const button = (text, action, kind = "") => make("button", { type: "button", class: kind, on: action }, text);

/** Rows that stay where they are while their cells change, so that neither focus nor selection is lost. */
function table(id, columns, rows) {
  const one = $(id);
  if (!one.tHead) {
    const head = columns.map(({ name, cell = "" }) => make("th", { class: cell, scope: "col" }, name));
    one.append(make("thead", {}, make("tr", {}, ...head)), make("tbody"));
  }
  const body = one.tBodies[0];
  const known = new Map([...body.rows].map(row => [row.dataset.key, row]));
  const first = known.size === 0;
  rows.forEach(({ key, sign, cells, chosen }, index) => {
    let row = known.get(key);
    known.delete(key);
    if (!row) {
      row = make("tr", { class: first ? "" : "fresh" }, ...columns.map(({ cell = "" }) => make("td", { class: cell })));
      row.dataset.key = key;
    }
    if (body.rows[index] !== row) body.insertBefore(row, body.rows[index] ?? null);
    row.classList.toggle("chosen", chosen === true);
    if (row.dataset.sign === sign) return;
    const before = row.dataset.sign ? JSON.parse(row.dataset.sign) : null;
    row.dataset.sign = sign;
    const now = JSON.parse(sign);
    cells().forEach((cell, i) => {
      if (!before || JSON.stringify(before[i]) !== JSON.stringify(now[i])) put(row.cells[i], ...[cell].flat());
    });
  });
  for (const row of known.values()) row.remove();
  one.hidden = rows.length === 0;
  const none = one.parentElement.querySelector(".none");
  if (none) none.hidden = rows.length > 0;
}

/** A row of a table: what its cells show, as plain values to compare and as nodes to put in. */
const row = (key, values, cells, chosen = false) => ({ key, sign: JSON.stringify(values), cells, chosen });

const facts = pairs => make("dl", {}, ...pairs.filter(([, value]) => value !== "").flatMap(([name, value]) =>
  [make("dt", {}, name), make("dd", {}, ...[value].flat())]));

/** A line under the head of the page: what was done (said), or what goes wrong (trouble). */
function note(id, message) {
  $(id).textContent = message;
  $(id).hidden = message === "";
}

// Doing: each change is confirmed, and most have a reason.

/** Asks first; `act` gets the reason and says what it did, and what it raises is shown in the dialog. */
function confirmed({ title, text, yes, danger = false, reason = true, act }) {
  const dialog = $("ask"), form = dialog.querySelector("form");
  $("ask-title").textContent = title;
  $("ask-text").textContent = text;
  $("ask-why").hidden = !reason;
  $("ask-reason").value = "";
  $("ask-reason").required = reason;
  note("ask-error", "");
  $("ask-yes").textContent = yes;
  $("ask-yes").className = danger ? "danger" : "main";
  $("ask-yes").disabled = false;
  form.onsubmit = async event => {
    event.preventDefault();
    $("ask-yes").disabled = true;
    try {
      note("said", await act($("ask-reason").value.trim()));
      dialog.close();
      refresh(true);
    } catch (error) {
      note("ask-error", error.message);
      $("ask-yes").disabled = false;
    }
  };
  $("ask-no").onclick = () => dialog.close();
  dialog.showModal();
  (reason ? $("ask-reason") : $("ask-yes")).focus();
}

const POLICIES = { one: "policy", all: "policies" };
const BUNDLES = { one: "bundle", all: "bundles" };
const named = (kind, version) => `${kind.one} ${version.name} ${short(version.hash)}`;

const told = (kind, done, there) => done.proposal
  ? `Proposed as ${done.proposal}; nothing is changed before another person approves it.`
  : `Done: ${named(kind, done)} is ${done.canary === "ended" ? "a canary no more" : there}.`;

function stopRun(run) {
  confirmed({
    title: `Stop run ${run.id}?`, text: `${run.flow} ends before its next step, and does not go on.`, yes: "Stop it",
    danger: true, reason: false,
    act: async () => {
      const now = await ask(at("runs", run.id, "stop"), {});
      return now.over ? `Run ${now.id} is over: ${now.state}.`
        : now.stopped ? `Run ${now.id} is stopped.` : `Run ${now.id} stops before its next step.`;
    },
  });
}

function useVersion(kind, version) {
  confirmed({
    title: `Use ${named(kind, version)}?`, yes: "Use it",
    text: "Every run that begins from now on is under it. Runs that are under way keep theirs to their end.",
    act: async reason => told(kind, await ask(at(kind.all, version.hash, "use"), { reason }), "in use"),
  });
}

function rollBack(kind) {
  confirmed({
    title: `Roll back the ${kind.one} in use?`, yes: "Roll back",
    text: "A canary ends. Without one, the version that was in use before is used again, and a second rollback takes "
      + "this one back.",
    act: async reason => told(kind, await ask(at(kind.all, "rollback"), { reason }), "in use again"),
  });
}

function discard(kind, version) {
  confirmed({
    title: `Discard ${named(kind, version)}?`, yes: "Discard", danger: true, reason: false,
    text: "No run can begin under it any more, and what it held is gone. Runs that began under it keep it.",
    act: async () => `Done: ${named(kind, await ask(at(kind.all, version.hash, "discard"), {}))} is discarded.`,
  });
}

function denyAll() {
  confirmed({
    title: "Let no run begin?", yes: "Deny all", danger: true,
    text: "The policy deny_all comes into use: no run begins until another one does. Runs under way keep theirs.",
    act: async reason => `Done: ${named(POLICIES, await ask(at("policies", "deny_all", "use"), { reason }))}: no run begins.`,
  });
}

function resetBudget(budget) {
  const { card, domain, version, kind } = budget;
  confirmed({
    title: `Let card ${card} be asked again?`, yes: "Reset", danger: true,
    text: `All that counts against it for domain ${domain} and key version ${version} counts no more. A card locks ` +
          `itself after some attempts with wrong keys: find out why they failed (${kind}).`,
    act: async reason => {
      const now = await ask(at("budgets", card, "reset"), { reason, version, domain: domain.split(" ")[0] });
      return `Card ${now.card}: ${now.charges} attempts count no more.`;
    },
  });
}

// The parts.

function showOverview() {
  const { runs, policy, bundle, near_end: near } = state.overview;
  const counts = ["running", "waiting", "stuck", "done", "failed", "stopped"].map(name =>
    make("div", { class: runs[name] === 0 ? "quiet" : { stuck: "bad", failed: "bad", running: "wait" }[name] ?? "" },
      make("dt", {}, name), make("dd", {}, String(runs[name]))));
  counts.push(make("div", {}, make("dt", {}, "begun per minute"), make("dd", {}, state.rate === null ? "…" : state.rate)));
  put($("counts"), ...counts);
  const words = use => use ? `${use.name} ${short(use.hash)}, ${ago(use.since)}` : "the program's own";
  put($("inuse"),
    make("div", {}, make("dt", {}, "policy in use"), make("dd", { class: "words" }, words(policy))),
    make("div", {}, make("dt", {}, "bundle in use"), make("dd", { class: "words" }, words(bundle))),
    make("div", { class: near.length ? "bad" : "quiet" }, make("dt", {}, "budgets near their end"),
      make("dd", {}, String(near.length))));
}

const RUN_COLUMNS = [{ name: "Run", cell: "tight mono" }, { name: "State", cell: "tight" }, { name: "Flow" },
  { name: "Step" }, { name: "Card", cell: "tight wide" }, { name: "Attempt", cell: "number" }, { name: "Policy", cell: "tight wide" },
  { name: "Changed", cell: "tight wide" }, { name: "" }];

async function showRuns() {
  const query = new URLSearchParams({ limit: $("limit").value, steps: "25" });
  if ($("state").value) query.set("state", $("state").value);
  if ($("flow").value.trim()) query.set("flow", $("flow").value.trim());
  const { runs } = await ask("/v1/runs?" + query);
  const chosen = place()[1];
  table("runs-table", RUN_COLUMNS, runs.map(run => {
    const over = ["done", "failed", "stopped"].includes(run.state);
    const ended = run.state === "stopped" && run.error ? " by an operator" : run.error ? ` ${run.error}` : "";
    const values = [run.id, [run.state, run.stop_asked, ended], run.flow, run.step ?? "", [run.card, run.card_id], run.attempts,
                    [run.policy, run.policy_hash], ago(run.changed), over];
    return row(run.id, values, () => [
      link(["runs", run.id], run.id),
      [badge(run.state), run.stop_asked && !over ? " to stop" : ended], run.flow, run.step ?? "",
      [run.card, " ", brief(run.card_id)], String(run.attempts),
      run.policy_hash ? `${run.policy} ${short(run.policy_hash)}` : run.policy, ago(run.changed),
      over || !may("/v1/runs/{run}/stop") ? "" : button("Stop", () => stopRun(run)),
    ], run.id === chosen);
  }));
  if (!chosen) return;
  const seen = runs.find(run => run.id === chosen);
  const mark = JSON.stringify([chosen, seen?.frames, seen?.state, seen?.held]);
  // To tell a story the door plays the run again: now and then is enough.
  if (state.seen.run === mark || (state.seen.run && state.round % 3 !== 0)) return;
  await showRun(chosen);
  state.seen.run = mark;
}

/** Lines of a story, each with its colour: steps, what the card refused, what went well. */
function story(text) {
  const out = make("pre", { tabindex: "0", "aria-label": "Story of the run" });
  for (const line of text.split("\n")) {
    const kind = /^(#|step |attempt )/.test(line) ? "step" : /^ +[<>] (?!6[0-9A-F]{3} )/.test(line) ? "faint"
      : /^ +< 6/.test(line) ? "wait" : /\b(error|failed)\b/.test(line) ? "bad" : "";
    out.append(kind ? make("span", { class: kind }, line) : line, "\n");
  }
  return out;
}

async function showRun(id) {
  const run = await ask(at("runs", id));
  if (place()[1] !== id) return;
  const pre = $("run").querySelector("pre");
  const follows = pre && pre.scrollTop + pre.clientHeight > pre.scrollHeight - 20;
  put($("run"), ...[
    make("div", { class: "head" }, make("h2", {}, `${run.flow} `), badge(run.state), link(["runs"], "Close")),
    facts([["run", run.id], ["meaning", run.meaning], ["card", [run.card, run.card_id ? `, ${run.card_id}` : ""]],
           ["flavor", run.flavor], ["policy", link(["policies", run.policy_hash], `${run.policy} ${short(run.policy_hash)}`)],
           ["bundle", short(run.bundle)], ["node", run.node], ["attempts", String(run.attempts)],
           ["owner", run.owner || "the operator"], ["begun", when(run.created)], ["changed", when(run.changed)]]),
    make("h3", {}, "Story"), story(run.story),
    run.in_doubt.length ? make("h3", {}, "In doubt: asked, and not answered as far as is known") : null,
    run.in_doubt.length ? make("ul", {}, ...run.in_doubt.map(one => make("li", { class: "mono" }, one))) : null,
    run.difference ? make("p", { class: "note bad" }, run.difference) : null].filter(Boolean));
  $("run").hidden = false;
  if (follows) $("run").querySelector("pre").scrollTop = 1e9;
}

const VERSION_COLUMNS = [{ name: "State", cell: "tight" }, { name: "Name" }, { name: "Hash", cell: "tight mono" },
  { name: "Loaded", cell: "tight wide" }, { name: "From", cell: "free wide" }, { name: "Held by", cell: "tight" }, { name: "" }];

function holders(runs) {
  const out = runs.slice(0, 3).flatMap((id, i) => [i ? " " : "", link(["runs", id], id.slice(-6), id)]);
  if (runs.length > 3) out.push(` and ${runs.length - 3} more`);
  return runs.length ? out : ["no run"];
}

async function showVersions(kind) {
  const answer = await ask(at(kind.all));
  const versions = answer[kind.all], use = answer.in_use, chosen = place()[1];
  const section = $(kind.all);
  section.querySelector(".use").textContent = use
    ? `Runs begin under ${short(use.hash)} since ${when(use.since)}, by ${use.by}${use.reason ? ": " + use.reason : ""}`
    : "None is in use.";
  const buttons = section.querySelector(".buttons");
  if (!buttons.childElementCount && may(`/v1/${kind.all}/rollback`)) {
    buttons.append(button("Roll back", () => rollBack(kind)));
    if (kind === POLICIES) buttons.append(button("Deny all", denyAll, "danger"));
  }
  table(`${kind.all}-table`, VERSION_COLUMNS, versions.map(one => {
    const values = [one.state, one.name, one.hash, ago(one.loaded), one.origin, one.runs, one.state];
    return row(one.hash, values, () => [
      badge(one.state), one.name, link([kind.all, one.hash], short(one.hash), one.hash), ago(one.loaded),
      `${one.origin}, by ${one.loaded_by}`, holders(one.runs),
      ["ready", "draining", "canary"].includes(one.state) && may(`/v1/${kind.all}/{version}/use`)
        ? make("div", { class: "buttons" }, button("Use", () => useVersion(kind, one)),
               button("Discard", () => discard(kind, one)))
        : "",
    ], one.hash === chosen);
  }));
  if (!chosen) return;
  const mark = JSON.stringify([chosen, use, versions.find(one => one.hash === chosen)]);
  if (state.seen[kind.one] !== mark) await showVersion(kind, chosen, use);
  state.seen[kind.one] = mark;
}

async function showVersion(kind, hash, use) {
  const one = await ask(at(kind.all, hash));
  const parts = [
    make("div", { class: "head" }, make("h2", {}, `${one.name} `), badge(one.state), link([kind.all], "Close")),
    facts([["hash", make("span", { class: "mono" }, one.hash)], ["loaded", `${when(one.loaded)} by ${one.loaded_by}`],
           ["from", one.origin], ["held by", one.runs.length ? one.runs.map(id => [link(["runs", id], id), " "]).flat() : "no run"],
           ["signed", kind === BUNDLES ? (one.signed ? "yes" : "no") : ""]]),
    one.uses.length ? make("h3", {}, "In use") : null,
    one.uses.length ? make("ul", {}, ...one.uses.map(each =>
      make("li", {}, `since ${when(each.since)} by ${each.by}${each.reason ? ": " + each.reason : ""}`))) : null];
  if (use && use.hash !== one.hash && one.state !== "discarded") parts.push(...await difference(kind, use.hash, one.hash));
  if (kind === POLICIES) {
    parts.push(make("h3", {}, "What it says, defaults filled in"), make("pre", { tabindex: "0" }, one.lines.join("\n")));
    parts.push(make("h3", {}, "Its file"), make("pre", { tabindex: "0" }, one.text));
  } else if (one.manifest) {
    parts.push(make("h3", {}, "Files"), make("ul", {}, ...one.manifest.files.map(file =>
      make("li", { class: "mono" }, `${file.name}  ${file.size} bytes`))));
  }
  if (place()[1] !== hash) return;
  put($(kind.one), ...parts.filter(Boolean));
  $(kind.one).hidden = false;
}

/** What would be another with this version in use: lines, with + or -. */
async function difference(kind, before, after) {
  const answer = await ask(at(kind.all, "diff"), { before, after });
  const lines = kind === POLICIES ? answer.changes
    : answer.files.flatMap(file => [{ is: "", line: `${file.is} ${file.file}` }, ...(file.is === "changed" ? file.lines : [])]);
  const out = make("pre", { tabindex: "0" });
  for (const { is, line } of lines) {
    const sign = { added: "+ ", removed: "- " }[is] ?? "";
    out.append(make("span", { class: { added: "good", removed: "bad" }[is] ?? "step" }, sign + line), "\n");
  }
  if (!lines.length) out.append("they say the same");
  return [make("h3", {}, "Against the one in use"), out];
}

async function showCards() {
  const [{ runs }, { budgets }] = await Promise.all([ask("/v1/runs?limit=200"), ask(at("budgets"))]);
  const near = new Set(state.overview.near_end.map(one => JSON.stringify([one.card, one.domain, one.version, one.kind])));
  table("budgets-table", [{ name: "Card", cell: "mono free" }, { name: "Domain", cell: "mono free" }, { name: "Key version" },
    { name: "Kind" }, { name: "Refused", cell: "number" }, { name: "No answer", cell: "number" }, { name: "Last", cell: "tight" },
    { name: "" }, { name: "" }], budgets.map(one => {
    const key = JSON.stringify([one.card, one.domain, one.version, one.kind]);
    const values = [one.card, one.domain, one.version, one.kind, one.refused, one.lost, ago(one.changed), near.has(key), ""];
    return row(key, values, () => [one.card, one.domain, one.version, one.kind, String(one.refused), String(one.lost),
      ago(one.changed), near.has(key) ? badge("near its end", "bad") : "",
      may("/v1/budgets/{card}/reset") ? button("Reset", () => resetBudget(one)) : ""]);
  }));
  const cards = new Map(), readers = new Map();
  for (const run of runs) {
    const over = ["done", "failed", "stopped"].includes(run.state);
    if (run.card_id && !cards.has(run.card_id)) cards.set(run.card_id, run);
    const where = JSON.stringify([run.card, run.node]);
    const reader = readers.get(where) ?? { card: run.card, node: run.node, last: run, runs: 0, busy: 0, cards: new Set() };
    readers.set(where, reader);
    reader.runs += 1;
    reader.busy += over ? 0 : 1;
    if (run.card_id) reader.cards.add(run.card_id);
  }
  const last = run => [link(["runs", run.id], run.flow), " ", badge(run.state)];
  table("cards-table", [{ name: "Card", cell: "mono free" }, { name: "Where" }, { name: "Flavor", cell: "wide" },
    { name: "Last run" }, { name: "Changed", cell: "tight" }], [...cards].map(([id, run]) =>
    row(id, [id, run.card, run.flavor, [run.id, run.state], ago(run.changed)],
        () => [id, run.card, run.flavor, last(run), ago(run.changed)])));
  table("readers-table", [{ name: "Reader or device" }, { name: "Node", cell: "wide" }, { name: "Runs", cell: "number" },
    { name: "Under way", cell: "number" }, { name: "Cards", cell: "number" }, { name: "Last run" }, { name: "Changed", cell: "tight" }],
    [...readers].map(([where, one]) => row(where, [one.card, one.node, one.runs, one.busy, one.cards.size,
      [one.last.id, one.last.state], ago(one.last.changed)], () => [one.card, one.node, String(one.runs),
      String(one.busy), String(one.cards.size), last(one.last), ago(one.last.changed)])));
}

async function showHealth() {
  const health = await ask(at("health"));
  state.health = health;
  const word = health.ready ? "ready" : "not ready";
  put($("health"), word);
  $("health").className = `badge ${health.ready ? "good" : "bad"}`;
  return health;
}

async function showService() {
  const health = await showHealth();
  table("workers-table", [{ name: "Worker" }, { name: "State" }, { name: "Process", cell: "number" },
    { name: "Starts", cell: "number" }, { name: "Killed, since it hung", cell: "number" }], health.workers.map(one =>
    row(one.name, [one.name, one.state, one.pid, one.starts, one.killed], () => [one.name,
      badge(one.state, one.state === "ready" ? "good" : undefined), String(one.pid), String(one.starts), String(one.killed)])));
  table("checks-table", [{ name: "What" }, { name: "State" }, { name: "Why", cell: "free" }], health.checks.map(one =>
    row(one.name, [one.name, one.ok, one.why], () => [one.name, badge(one.ok ? "in order" : "broken", one.ok ? "good" : "bad"),
                                                      one.why])));
  const { size } = await ask("/v1/audit?limit=1");
  const { records } = await ask(`/v1/audit?from=${Math.max(1, size - 49)}&limit=50`);
  table("audit-table", [{ name: "Number", cell: "number" }, { name: "When", cell: "tight" }, { name: "Who" }, { name: "What" },
    { name: "Of", cell: "free" }, { name: "Details", cell: "free wide" }], records.reverse().map(one =>
    row(String(one.number), [one.number], () => [String(one.number), when(one.time), one.actor, one.action, one.subject,
      one.details.map(pair => pair.join(": ")).join(", ")])));
}

// The round: the overview and what is being looked at, each second while somebody does.

const VIEWS = { runs: showRuns, policies: () => showVersions(POLICIES), bundles: () => showVersions(BUNDLES),
                cards: showCards, service: showService };
const EVERY = { runs: 1, policies: 5, bundles: 5, cards: 5, service: 5 };  // rounds

/** What the address names: a part, and one thing in it. */
function place() {
  const [, view = "", one = ""] = location.hash.split("/");
  return [Object.hasOwn(VIEWS, view) ? view : "runs", one];
}

function turn() {
  const [view, one] = place();
  for (const section of document.querySelectorAll("[data-view]")) section.hidden = section.id !== view;
  for (const each of document.querySelectorAll("nav a")) {
    if (each.hash === `#/${view}`) each.setAttribute("aria-current", "page");
    else each.removeAttribute("aria-current");
  }
  for (const article of document.querySelectorAll("article")) article.hidden = true;
  state.seen = {};
  document.title = `${view}${one ? " " + one.slice(0, 20) : ""} - cardwright`;
  refresh(true);
}

function measure(now) {
  const before = state.before;
  if (before && now.now - before.now < 10 * SECOND) return;
  if (before) state.rate = String(Math.max(0, Math.round((now.begun - before.begun) * 60 * SECOND / (now.now - before.now))));
  state.before = now;
}

async function round(now) {
  if (!state.you) {
    const index = await ask("/v1");
    Object.assign(state, { you: index.you, routes: index.routes });
    $("version").textContent = index.version;
    $("you").textContent = `${index.you.name}, ${index.you.role}${index.you.owner ? ` for ${index.you.owner}` : ""}`;
  }
  state.overview = await ask(at("overview"));
  measure(state.overview);
  showOverview();
  const [view] = place();
  if (now || state.round % EVERY[view] === 0) await VIEWS[view]();
  if (view !== "service" && (now || state.round % 5 === 0)) await showHealth();
  state.round += 1;
}

let going = false, again = false;
async function refresh(now = false) {
  if (going) {
    again = again || now;
    return;
  }
  going = true;
  clearTimeout(state.timer);
  let wait = SECOND;
  try {
    await round(now);
    note("trouble", "");
  } catch (error) {
    note("trouble", `${error.message}; asked again every few seconds.`);
    wait = 3 * SECOND;
  }
  going = false;
  if (again) {
    again = false;
    refresh(true);
  } else if (!document.hidden) {
    state.timer = setTimeout(refresh, wait);
  }
}

window.addEventListener("hashchange", () => {
  note("said", "");
  turn();
  const article = document.querySelector(`#${place()[0]} article`);
  if (place()[1] && article) article.focus({ preventScroll: true });
});
document.addEventListener("visibilitychange", () => document.hidden || refresh(true));
for (const id of ["state", "flow", "limit"]) $(id).addEventListener("input", () => refresh(true));
document.querySelector(".skip").onclick = event => (event.preventDefault(), $("main").focus());
turn();
