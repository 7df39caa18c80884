// What a verdict opens to: reason, seeds, rows, command, figures, related claims. It stands in a
// dialog over the page, so that closing it leads back to where the reader was. The address says
// which verdict is open: #claim=NAME&group=framework%3Dtorch, whatever opened it.

const MOST_ROWS = 100;

function startVerdict() {
  const dialog = document.getElementById("verdict");
  dialog.addEventListener("close", () => {
    const state = boardState();
    state.delete("claim");
    state.delete("group");
    setAddress(state);
  });
  // A click beside the panel, on the dialog itself.
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  // Links to a claim, wherever they stand, keep what the board is filtered by.
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#claim="]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
    event.preventDefault();
    const asked = new URLSearchParams(link.getAttribute("href").slice(1));
    openVerdict(asked.get("claim"), asked.get("group"), !dialog.open);
  });
  onAddress(showVerdict);
}

// Open a verdict. `add`: "back" closes it again.
function openVerdict(claim, group, add = true) {
  const state = boardState();
  state.set("claim", claim);
  if (group) state.set("group", group);
  else state.delete("group");
  setAddress(state, add);
}

let lastOpened = null;

async function showVerdict() {
  const state = boardState();
  const dialog = document.getElementById("verdict");
  const id = state.get("claim");
  if (!id) {
    lastOpened = null;
    if (dialog.open) dialog.close();
    return;
  }
  const opened = `${id}\u0000${state.get("group") || ""}`;
  if (opened === lastOpened) return;
  lastOpened = opened;
  const groups = board.entries.filter((entry) => entry.verdict.claim === id);
  const entry = groups.find((one) => one.verdict.group === state.get("group")) || groups[0];
  board.opened = entry;
  setCurrent(entry);
  dialog.replaceChildren(bar(dialog, entry), entry ? body(entry, groups) : unknownClaim(id));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  dialog.querySelector("h2").focus();
  if (entry) await addRows(entry, dialog.querySelector(".v-seeds"), dialog.querySelector(".v-table"));
}

function unknownClaim(id) {
  return el("div", {class: "v-body"},
    el("h2", {id: "verdict-title", tabindex: "-1"}, "This page has no such claim"),
    el("p", {}, el("code", {}, id)));
}

function bar(dialog, entry) {
  const place = board.shown.indexOf(entry);
  const to = (step, label, key) => {
    const next = further(entry, step);
    const go = () => openVerdict(next.verdict.claim, next.verdict.group, false);
    return el("button", {type: "button", disabled: !next, onclick: go, title: `key ${key}`}, label);
  };
  const link = () => linkTo(new URLSearchParams({
    claim: entry.verdict.claim, ...(entry.verdict.group ? {group: entry.verdict.group} : {}),
  }));
  return el("div", {class: "v-bar"},
    entry ? to(-1, "← previous", "k") : "", entry ? to(1, "next →", "j") : "",
    el("span", {class: "soft"}, place < 0 ? "" : `${place + 1} of ${board.shown.length} shown`),
    el("span", {class: "space"}),
    entry ? copyButton(link, "copy link") : "",
    el("button", {type: "button", onclick: () => dialog.close(), title: "key esc"}, "close"));
}

function badge(verdict) {
  return el("span", {class: `badge ${verdict.kind}`}, `${verdict.sign} ${verdict.label}`);
}

function body(entry, groups) {
  const {verdict, claim} = entry;
  const [estimate, interval, band] = verdict.texts;
  const judged = verdict.ruling !== "not judged";
  const link = (one) => `#${new URLSearchParams({claim: one.claim, group: one.group})}`;
  return el("div", {class: "v-body"},
    el("p", {class: "soft"}, el("code", {}, verdict.claim)),
    el("h2", {id: "verdict-title", tabindex: "-1"}, claim.statement),
    el("p", {class: "v-verdict"}, badge(verdict),
      verdict.expectation ? el("span", {class: "soft"}, verdict.expectation) : "",
      judged ? el("span", {class: "v-number"}, `${estimate || "unknown"} ${interval}`) : "",
      el("span", {class: "soft"}, `${claim.quantity}; band ${band}`)),
    groups.length > 1 ? el("ul", {class: "v-groups", "aria-label": "groups of this claim"},
      groups.map(({verdict: one}) => el("li", {}, el("a", {
        href: link(one), "aria-current": one === verdict ? "true" : null,
      }, `${one.sign} ${one.words || "all"}`)))) : verdict.words ? el("p", {}, verdict.words) : "",
    el("div", {class: "v-seeds"}),
    facts(verdict, claim),
    el("div", {class: "v-table"}),
    command(verdict),
    figuresOf(claim),
    relatedTo(claim));
}

function facts(verdict, claim) {
  const why = claim.expected === "open" ? "why open" : `why ${claim.expected} is expected`;
  const rows = [
    [why, claim.because],
    ["source", claim.source],
    ...verdict.notes.map((note) => ["note", note]),
    ["metric", [el("code", {}, claim.metric), claim.meaning ? `: ${claim.meaning}` : "",
      claim.unit && claim.unit !== "1" ? ` [${claim.unit}]` : ""]],
    ["interval", asNumber(claim.level) ? `at the level ${claim.level}` : "exact: all values lie in it"],
    ["margin", verdict.margin === null ? "" : `${shortNumber(asNumber(verdict.margin))} standard errors from the estimate to the band's edge (about 4 decide)`],
    ["seeds", verdict.n ? `${verdict.n}${verdict.lost ? ` (${verdict.lost})` : ""}` : ""],
    ["decided by", `profile ${claim.decides}`],
    ["study", el("a", {href: `#study-${claim.study}`, onclick: leave}, claim.study)],
  ];
  return el("dl", {class: "v-facts"}, rows.filter(([, text]) => text).map(([name, text]) => [
    el("dt", {}, name), el("dd", {}, ...[text].flat()),
  ]).flat());
}

// Close the panel and go to a place on the page: after the closing has changed the address.
function leave(event) {
  event.preventDefault();
  const place = event.currentTarget.getAttribute("href");
  document.getElementById("verdict").close();
  setTimeout(() => { location.hash = place; }, 0);
}

function command({command: text, others}) {
  if (text === undefined) return "";
  if (!text) {
    return el("section", {}, el("h3", {}, "Measure it again"),
      el("p", {}, "No values of axes select these cells alone; run the study as the page says."));
  }
  const more = others ? `, and ${others === 1 ? "one other" : `${others} others`} that no option leaves out` : "";
  return el("section", {}, el("h3", {}, "Measure it again"),
    el("div", {class: "v-command"}, el("code", {}, text), copyButton(text)),
    el("p", {class: "soft"}, `It runs the cells of this verdict${more}.`));
}

function figuresOf(claim) {
  if (!claim.figures.length) return "";
  return el("section", {}, el("h3", {}, "Shown by"), claim.figures.map(([name, title]) => {
    const image = document.querySelector(`#${CSS.escape(`figure-${name}`)} img`);
    const link = el("a", {href: `#figure-${name}`, onclick: leave}, title);
    return el("figure", {}, image ? el("div", {class: "v-figure", tabindex: "0"}, copyOf(image)) : "",
      el("figcaption", {}, link));
  }));
}

function copyOf(image) {
  const again = image.cloneNode();
  again.removeAttribute("id");
  return again;
}

function relatedTo(claim) {
  const known = (claim.related || []).map((id) => board.entries.find((e) => e.verdict.claim === id));
  const shown = known.filter(Boolean);
  if (!shown.length) return "";
  return el("section", {}, el("h3", {}, "Related claims"), el("ul", {class: "v-related"},
    shown.map(({verdict, claim: other}) => el("li", {},
      el("a", {href: `#${new URLSearchParams({claim: verdict.claim})}`}, other.statement),
      " ", badge(verdict)))));
}

// --- the seeds and the rows --------------------------------------------------------------------

async function addRows(entry, place, below) {
  const {verdict, claim} = entry;
  const study = await readData(`rows-${claim.study}`).catch(() => "unread");
  if (board.opened !== entry || !place.isConnected) return;
  const own = study && study.verdicts ? study.verdicts[verdict.name] : null;
  if (!own) {
    const why = study === "unread"
      ? "The rows stand in a file beside this page, which the browser may not read from a disk."
      : verdict.absent || (verdict.ruling === "not judged" ? "" : "This page has no rows of it.");
    if (why) place.append(el("p", {class: "absent"}, `No seeds and rows here: ${why}`));
    return;
  }
  const sides = own.sides.map((cells, side) => sideName(study, own.sides, side));
  place.append(el("h3", {}, "Each seed"), ...charts(entry, own, sides));
  below.append(rowsTable(entry, study, own));
}

// What tells one side of a comparison from the other: the values on the axes in which they differ.
function sideName(study, sides, side) {
  const values = (cells, axis) => [...new Set(cells.map((cell) => study.cells[cell][axis]))];
  const parts = study.axes.flatMap((name, axis) => {
    const mine = values(sides[side], axis);
    const others = sides.flatMap((cells, other) => (other === side ? [] : values(cells, axis)));
    const same = mine.length === others.length && mine.every((value) => others.includes(value));
    return same || mine.length > 4 ? [] : [`${name} ${mine.join(", ")}`];
  });
  return sides.length < 2 ? "" : parts.join(", ") || (side ? "versus" : "of");
}

// The rows behind a verdict, in the order of their table: side, axes, seed, status, reason, metrics.
function rowsOf(study, own) {
  const names = Object.keys(study.metrics);
  const at = names.map((name) => new Map(study.metrics[name].row.map((row, n) => [row, n])));
  const found = [];
  own.sides.forEach((cells, side) => {
    const chosen = new Set(cells);
    study.cell.forEach((cell, row) => {
      if (!chosen.has(cell)) return;
      const values = names.map((name, n) =>
        (at[n].has(row) ? study.metrics[name].value[at[n].get(row)] : undefined));
      found.push([side ? "versus" : "of", ...study.cells[cell], study.seed[row],
        study.status[row], study.reason[row], ...values]);
    });
  });
  const first = 4 + study.axes.length;
  const kept = names.map((name, n) => n).filter((n) => own.metrics.includes(names[n]));
  return {
    head: ["side", ...study.axes, "seed", "status", "reason", ...kept.map((n) => names[n])],
    rows: found.map((row) => [...row.slice(0, first), ...kept.map((n) => row[first + n])]),
  };
}

// A field as the tables of a results folder write it: all digits of a number.
function exact(value) {
  if (value === null || value === undefined) return "";
  const small = typeof value === "number" && value !== 0 && Math.abs(value) < 1e-4;
  return small ? value.toExponential() : String(value);
}

function csv({head, rows}) {
  const field = (value) => {
    const text = exact(value);
    return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  return [head, ...rows].map((row) => `${row.map(field).join(",")}\n`).join("");
}

function rowsTable(entry, study, own) {
  const table = rowsOf(study, own);
  const {verdict, claim} = entry;
  const file = `${verdict.name.replace(/[^A-Za-z0-9.-]+/g, "_").replace(/_$/, "")}.csv`;
  // Columns that are the same in every row are told once.
  const fixed = new Set(table.head.map((_, n) => n).filter((n) =>
    n > 0 && n <= study.axes.length && table.rows.every((row) => row[n] === table.rows[0][n])));
  const empty = table.head.map((_, n) => table.rows.every((row) => row[n] === ""));
  const kept = table.head.map((_, n) => n).filter((n) =>
    !fixed.has(n) && !empty[n] && (n > 0 || own.sides.length > 1));
  const line = (row) => el("tr", {}, kept.map((n) => {
    const number = typeof row[n] === "number";
    return el("td", {class: number ? "num" : null}, exact(row[n]));
  }));
  const lines = el("tbody", {}, table.rows.slice(0, MOST_ROWS).map(line));
  const rest = table.rows.length - MOST_ROWS;
  const more = rest > 0 ? el("button", {type: "button", onclick: () => {
    lines.append(...table.rows.slice(MOST_ROWS).map(line));
    more.remove();
  }}, `show ${rest.toLocaleString("en")} more`) : "";
  const same = [...fixed].map((n) => `${table.head[n]} ${table.rows[0][n]}`).join(", ");
  const save = el("button", {type: "button", class: "v-save", onclick: () => download(file, csv(table))},
    "save as CSV");
  return el("section", {class: "v-data"},
    el("h3", {}, `The rows behind it (${table.rows.length.toLocaleString("en")})`),
    el("p", {class: "soft"}, `From ${claim.study}/runs.csv. `, same ? `All have ${same}. ` : "", save),
    el("div", {class: "v-rows", tabindex: "0", role: "region", "aria-label": "rows"},
      el("table", {}, el("thead", {}, el("tr", {}, kept.map((n) =>
        el("th", {scope: "col"}, table.head[n])))), lines)),
    more);
}
