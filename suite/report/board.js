// The board: filters, sorting, the keyboard, and the count of what is hidden. The rows are those of
// the page; filtering hides them and sorting moves them. The state is the address (page.js).

const board = {data: null, entries: [], shown: [], current: null};

// Parameter of the address -> what it filters. `values`: those of a verdict; it fits where one of
// them is the chosen value.
const FILTERS = [
  {name: "verdict", label: "verdict", values: (v) => [v.ruling]},
  {name: "expected", label: "expectation", values: (v) => [EXPECTATIONS[v.kind]]},
  {name: "framework", label: "framework", values: (v) => v.frameworks},
  {name: "study", label: "study", values: (v, claim) => [claim.study], sorted: true},
  {name: "source", label: "source", values: (v, claim) => sources(claim.source), sorted: true},
  {name: "headline", label: "headline", values: (v, claim) => [claim.headline ? "yes" : "no"]},
];
const EXPECTATIONS = {
  expected: "as expected", unexpected: "unexpected", open: "open", undecided: "not promised",
  "not-judged": "not judged",
};
const STATE = ["q", "sort", ...FILTERS.map((filter) => filter.name)];

// A claim may name several sources: "He et al. 2015; LeCun et al. 1998".
function sources(text) {
  return text.split(/;\s+/).filter(Boolean);
}

// Column -> what it is sorted by; text is compared as text.
const SORTS = {
  verdict: (v) => `${Object.keys(EXPECTATIONS).indexOf(v.kind)} ${v.ruling}`,
  claim: (v, claim) => `${claim.statement} ${v.words}`,
  study: (v, claim) => `${claim.study} ${v.claim}`,
  estimate: (v) => asNumber(v.estimate),
  band: (v) => (Number.isFinite(asNumber(v.band[0])) ? asNumber(v.band[0]) : asNumber(v.band[1])),
  margin: (v) => asNumber(v.margin),
  n: (v) => v.n,
};

async function startBoard() {
  const table = document.getElementById("board-table");
  if (!table) return;
  board.data = await readData("verdicts");
  const rows = [...table.tBodies[0].rows];
  board.entries = board.data.verdicts.map((verdict, index) => {
    const claim = board.data.claims[verdict.claim];
    const text = [
      verdict.claim, claim.statement, verdict.group, verdict.words, claim.study, claim.metric,
      claim.source, claim.because, verdict.label,
    ].join(" ").toLowerCase();
    dress(rows[index], verdict);
    const title = `${claim.statement} ${verdict.words}`.toLowerCase();
    return {verdict, claim, row: rows[index], text, title, index};
  });
  giveRoles(table);
  board.shown = board.entries;
  makeTools();
  makeHeads(table);
  table.tBodies[0].addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    // Elsewhere in the row a click opens it as its link does, unless text was marked.
    if (!row || event.target.closest("a") || String(getSelection())) return;
    const entry = board.entries.find((other) => other.row === row);
    openVerdict(entry.verdict.claim, entry.verdict.group);
  });
  table.tBodies[0].addEventListener("focusin", (event) => {
    setCurrent(board.entries.find((entry) => entry.row === event.target.closest("tr")));
  });
  addEventListener("keydown", onKey);
  onAddress(showBoard);
  startVerdict();
  const state = boardState();
  if (STATE.some((name) => state.has(name))) document.getElementById("board").scrollIntoView();
}

// Add the small drawing to a row: the band, the interval, the estimate. It is not in the page, since
// those of all rows would be a tenth of its bytes.
function dress(row, {strip}) {
  if (!strip) return;
  const [start, end, low, high, estimate] = strip;
  row.querySelector(".b-estimate").append(svg("svg", {
    class: "strip", viewBox: "0 0 100 14", preserveAspectRatio: "none", "aria-hidden": "true",
  },
  svg("path", {class: "band", d: `M${start} 1H${end}V13H${start}z`}),
  svg("path", {class: "interval", d: `M${low} 7H${high}`}),
  svg("path", {class: "estimate", d: `M${estimate} 2V12`})));
}

// Rows that are laid out as grids are rows of a table to a screen reader only where they say so.
function giveRoles(table) {
  const roles = {THEAD: "rowgroup", TBODY: "rowgroup", TR: "row", TH: "columnheader", TD: "cell"};
  table.setAttribute("role", "table");
  for (const part of table.querySelectorAll("thead, tbody, tr, th, td")) {
    part.setAttribute("role", roles[part.tagName]);
  }
}

// --- the tools above the table -----------------------------------------------------------------

function makeTools() {
  const form = document.getElementById("board-tools");
  const search = el("input", {
    type: "search", id: "board-q", autocomplete: "off", spellcheck: "false",
    placeholder: "words of a claim, cell, metric", oninput: () => {
      change("q", search.value);
      // What it finds stands below: where that is off the screen, the board moves up.
      if (search.getBoundingClientRect().top > innerHeight / 3) form.scrollIntoView();
    },
  });
  form.append(el("label", {class: "wide"}, "search", search));
  for (const filter of FILTERS) {
    const counts = new Map();
    for (const {verdict, claim} of board.entries) {
      for (const value of new Set(filter.values(verdict, claim))) {
        counts.set(value, (counts.get(value) || 0) + 1);
      }
    }
    let values = [...counts];
    if (filter.sorted) values = values.sort((a, b) => a[0].localeCompare(b[0], "en"));
    const select = el(
      "select", {id: `board-${filter.name}`, onchange: () => change(filter.name, select.value)},
      el("option", {value: ""}, "any"),
      values.map(([value, count]) => el("option", {value}, `${value} (${count})`)),
    );
    form.append(el("label", {}, filter.label, select));
  }
  form.addEventListener("submit", (event) => event.preventDefault());
}

function makeHeads(table) {
  for (const head of table.tHead.rows[0].cells) {
    const name = head.dataset.sort;
    const button = el("button", {type: "button", onclick: () => {
      const now = boardState().get("sort");
      change("sort", now === name ? `-${name}` : now === `-${name}` ? "" : name);
    }}, head.textContent);
    head.replaceChildren(button);
  }
}

// The part of the address that is about the board and the open verdict. The explorer uses some of
// the same names behind "explore".
function boardState() {
  const given = address();
  const state = new URLSearchParams();
  if (given.has("explore")) return state;
  for (const name of [...STATE, "claim", "group"]) {
    if (given.get(name)) state.set(name, given.get(name));
  }
  return state;
}

// Change one parameter of the address; the board follows.
function change(name, value) {
  const state = boardState();
  if (value) state.set(name, value);
  else state.delete(name);
  setAddress(state);
}

function clearBoard() {
  const state = boardState();
  for (const name of STATE) if (name !== "sort") state.delete(name);
  setAddress(state);
}

// --- showing what the address says ---------------------------------------------------------------

let lastState = null;

function showBoard() {
  const state = boardState();
  const now = STATE.map((name) => state.get(name) || "").join("\u0000");
  if (now === lastState) return;
  lastState = now;
  const search = document.getElementById("board-q");
  if (search !== document.activeElement) search.value = state.get("q") || "";
  search.classList.toggle("chosen", state.has("q"));
  const chosen = [];
  for (const filter of FILTERS) {
    const select = document.getElementById(`board-${filter.name}`);
    const value = state.get(filter.name) || "";
    // A value that no verdict has, from an older link, is shown as it is.
    if (value && ![...select.options].some((option) => option.value === value)) {
      select.append(el("option", {value}, `${value} (0)`));
    }
    select.value = value;
    select.classList.toggle("chosen", Boolean(value));
    if (value) chosen.push([filter, value]);
  }
  const words = (state.get("q") || "").toLowerCase().split(/\s+/).filter(Boolean);
  const terms = words.map(termOf);
  const fits = ({verdict, claim, text}) =>
    terms.every((term) => term(text))
    && chosen.every(([filter, value]) => filter.values(verdict, claim).includes(value));
  const sorted = inOrder(state.get("sort") || "", terms);
  board.shown = sorted.filter(fits);
  const visible = new Set(board.shown);
  for (const entry of board.entries) entry.row.hidden = !visible.has(entry);
  if (board.current && !visible.has(board.current)) setCurrent(null);
  document.getElementById("board-none").hidden = board.shown.length > 0;
  showCount(chosen, words);
}

// Statements spell small numbers out: a reader who looks for "16 layers" means "sixteen" too, and
// one who looks for "ten" does not mean "often".
const SPELT = Object.entries({
  1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine",
  10: "ten", 11: "eleven", 12: "twelve", 16: "sixteen", 20: "twenty", 30: "thirty", 32: "thirty-two",
  50: "fifty", 64: "sixty-four", 100: "hundred",
});

// Return what tells whether a text has a word of the search: anywhere in it, a small number as a
// word of its own.
function termOf(word) {
  const pair = SPELT.find((one) => one.includes(word));
  if (!pair) return (text) => text.includes(word);
  const pattern = new RegExp(`(?:^|[^\\w.-])(?:${pair.join("|")})(?!\\w|\\.\\d)`);
  return (text) => pattern.test(text);
}

// Return the entries in the order of a column ("margin", "-margin"), and move their rows. Without a
// column, those come first whose statement has the words of the search.
function inOrder(sort, terms) {
  const name = sort.replace(/^-/, "");
  const value = SORTS[name];
  const sign = sort.startsWith("-") ? -1 : 1;
  const entries = [...board.entries];
  if (value) {
    const keys = new Map(entries.map((e) => [e, value(e.verdict, e.claim)]));
    const unknown = (key) => typeof key === "number" && Number.isNaN(key);
    entries.sort((a, b) => {
      const [x, y] = [keys.get(a), keys.get(b)];
      if (unknown(x) || unknown(y)) return unknown(x) - unknown(y) || a.index - b.index;
      const order = typeof x === "number" ? (x > y) - (x < y) : x.localeCompare(y, "en");
      return sign * order || a.index - b.index;
    });
  } else if (terms.length) {
    const told = new Set(entries.filter((e) => terms.every((term) => term(e.title))));
    entries.sort((a, b) => told.has(b) - told.has(a) || a.index - b.index);
  }
  const body = document.getElementById("board-table").tBodies[0];
  if (entries.some((entry, place) => body.rows[place] !== entry.row)) {
    body.append(...entries.map((entry) => entry.row));
  }
  for (const head of document.querySelectorAll("#board-table th")) {
    const mine = value && head.dataset.sort === name;
    head.setAttribute("aria-sort", mine ? (sign > 0 ? "ascending" : "descending") : "none");
  }
  return entries;
}

function showCount(chosen, words) {
  const all = board.entries.length;
  const hidden = all - board.shown.length;
  const by = [
    ...chosen.map(([filter, value]) => `${filter.label} “${value}”`),
    ...(words.length ? [`search “${words.join(" ")}”`] : []),
  ].join(", ");
  const number = (value) => value.toLocaleString("en");
  const text = hidden
    ? `showing ${number(board.shown.length)} of ${number(all)}; ${number(hidden)} hidden by ${by}`
    : `showing all ${number(all)}${by ? `: none is hidden by ${by}` : ""}`;
  document.getElementById("board-count").replaceChildren(
    text,
    by ? el("button", {type: "button", onclick: clearBoard}, "show all") : "",
    el("span", {class: "keys"}, el("kbd", {}, "f"), " filter ", el("kbd", {}, "j"), " ",
      el("kbd", {}, "k"), " next, previous ", el("kbd", {}, "enter"), " open ",
      el("kbd", {}, "esc"), " close"),
  );
}

// --- the keyboard ------------------------------------------------------------------------------

function setCurrent(entry) {
  if (board.current) board.current.row.classList.remove("current");
  board.current = entry || null;
  if (entry) entry.row.classList.add("current");
}

// Return the entry that many places further among those that are shown, or null.
function further(entry, step) {
  if (!board.shown.length) return null;
  const place = board.shown.indexOf(entry);
  if (place < 0) return board.shown[step > 0 ? 0 : board.shown.length - 1];
  return board.shown[place + step] || null;
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.getElementById("board-q");
  const open = document.getElementById("verdict").open;
  const typing = event.target.closest("input, select, textarea");
  if (event.key === "Escape" && event.target === search) {
    if (search.value) change("q", (search.value = ""));
    else search.blur();
    return;
  }
  if (event.key === "Enter" && event.target === search && board.shown.length) {
    event.preventDefault();
    board.shown[0].row.querySelector("a").focus();
    return;
  }
  if (typing) return;
  const step = {j: 1, k: -1}[event.key];
  if (step && open) {
    const next = further(board.opened, step);
    if (next) openVerdict(next.verdict.claim, next.verdict.group, false);
  } else if (step) {
    const next = further(board.current, step);
    // The row is rendered when it comes into view; only then can it be scrolled to exactly.
    if (next) next.row.querySelector("a").focus({preventScroll: false});
  } else if ((event.key === "f" || event.key === "/") && !open) {
    event.preventDefault();
    document.getElementById("board").scrollIntoView();
    search.focus({preventScroll: true});
    search.select();
  }
}

startBoard();
