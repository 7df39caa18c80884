// The explorer: maps of activation by initializer, one for each framework and one for their
// difference. A cell opens to its seeds, curves, numbers, rows and the command that measures it.
// Its data are those of explorer.py; the script computes no statistic.
{
  const ROWS = "activation";
  const COLUMNS = "initializer";
  const SIDE = "framework";

  // --- the data ------------------------------------------------------------------------------

  // A study with its texts split once: `find` gives the number of a cell from its values, `first`
  // the first row of each cell, and every metric has arrays of numbers.
  function prepared(study) {
    if (study.find) return study;
    study.place = new Map(study.axes.map((axis, n) => [axis.name, n]));
    study.find = new Map();
    study.sizes.forEach((_, cell) => study.find.set(keyOf(study, valuesOf(study, cell)), cell));
    study.first = [0];
    for (const size of study.sizes) study.first.push(study.first[study.first.length - 1] + size);
    study.metric = new Map(study.metrics.map((metric) => [metric.name, metric]));
    for (const metric of study.metrics) {
      for (const key of ["centre", "low", "high"]) metric[key] = metric[key].split(" ").map(parsed);
    }
    study.chosen = study.axes.filter((axis) => ![ROWS, COLUMNS, SIDE].includes(axis.name));
    return study;
  }

  function parsed(text) {
    if (text === "inf") return Infinity;
    if (text === "-inf") return -Infinity;
    return Number(text); // "nan" and "-" are NaN
  }

  // The values of the seeds, as texts; a share has those of the metric that it counts.
  function textsOf(study, metric) {
    const holder = metric.counts ? study.metric.get(metric.counts) : metric;
    if (!holder) return [];
    if (!Array.isArray(holder.texts)) holder.texts = holder.values.split(" ");
    return holder.texts;
  }

  function valuesOf(study, cell) {
    return Object.fromEntries(
      study.axes.map((axis, n) => [axis.name, axis.values[study.cells[n][cell]]]),
    );
  }

  function keyOf(study, values) {
    return study.axes.map((axis) => values[axis.name]).join("\n");
  }

  function cellAt(study, values) {
    return study.find.get(keyOf(study, values));
  }

  function rowsOf(study, cell) {
    return Array.from({ length: study.sizes[cell] }, (_, n) => study.first[cell] + n);
  }

  // --- the state -----------------------------------------------------------------------------

  // What is shown, from the parameters of the address: always something that exists. `moved` names
  // the axes that had to change because no cell has the chosen values together.
  function stateOf(data, parameters, changed) {
    const study = prepared(
      data.studies.find((one) => one.name === parameters.get("study")) || data.studies[0],
    );
    const metric = study.metric.get(parameters.get("metric")) || study.metrics[0];
    const wanted = {};
    for (const axis of study.chosen) {
      const value = parameters.get(axis.name);
      if (axis.values.includes(value)) wanted[axis.name] = value;
    }
    const slice = nearest(study, wanted, changed);
    const moved = Object.keys(wanted).filter((name) => wanted[name] !== slice[name]);
    const open = [ROWS, COLUMNS].map((name) => parameters.get(name));
    return { study, metric, slice, moved, open: open.every(Boolean) ? open : null };
  }

  // The values of the choosers that some cell has and that agree most with the wanted ones; those
  // of the axis that was just changed count most. Of equals, the one with the most cells.
  function nearest(study, wanted, changed) {
    const found = new Map();
    study.sizes.forEach((_, cell) => {
      const values = valuesOf(study, cell);
      const key = study.chosen.map((axis) => values[axis.name]).join("\n");
      const one = found.get(key) || { values, cells: 0, agree: 0 };
      one.cells += 1;
      found.set(key, one);
    });
    let best = null;
    for (const one of found.values()) {
      for (const [name, value] of Object.entries(wanted)) {
        if (one.values[name] === value) one.agree += name === changed ? 100 : 1;
      }
      const better = !best || one.agree > best.agree;
      if (better || (one.agree === best.agree && one.cells > best.cells)) best = one;
    }
    return Object.fromEntries(study.chosen.map((axis) => [axis.name, best.values[axis.name]]));
  }

  function parametersOf(state, open) {
    const parameters = new URLSearchParams({ explore: "" });
    parameters.set("study", state.study.name);
    parameters.set("metric", state.metric.name);
    for (const axis of state.study.chosen) {
      if (axis.values.length > 1) parameters.set(axis.name, state.slice[axis.name]);
    }
    if (open) [ROWS, COLUMNS].forEach((name, n) => parameters.set(name, open[n]));
    return parameters;
  }

  // --- words ---------------------------------------------------------------------------------

  const words = (name) => name.replaceAll("_", " ");

  function interval(metric, cell) {
    const [low, high] = [metric.low[cell], metric.high[cell]];
    if (Number.isNaN(low)) return "";
    return `[${shortNumber(low)}, ${shortNumber(high)}]`;
  }

  function shown(value) {
    return Number.isNaN(value) ? "unknown" : shortNumber(value);
  }

  // Frameworks by the names that people know.
  const titled = (side) => (side === "tensorflow" ? "tensorflow (Keras)" : side);

  // A box in which something wide scrolls, also by the keys.
  const scrolling = (label, ...children) => el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": label }, children);

  const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

  // How the runs of a cell ended: "18 ok, 2 diverged".
  function endings(data, study, cell) {
    const counts = data.statuses.map(() => 0);
    for (const row of rowsOf(study, cell)) counts[study.status[row]] += 1;
    return counts.flatMap((count, n) => (count ? [`${count} ${data.statuses[n]}`] : [])).join(", ");
  }

  function reasonOf(data, study, cell) {
    const row = rowsOf(study, cell).find((one) => study.reason[one]);
    const status = data.statuses[study.status[row ?? study.first[cell]]];
    const reason = row === undefined ? "" : study.reasons[study.reason[row]];
    return reason ? `${status}: ${reason}` : `not measured (${status})`;
  }

  function diverged(data, study, cell) {
    const status = data.statuses.indexOf("diverged");
    return rowsOf(study, cell).filter((row) => study.status[row] === status).length;
  }

  // --- colours -------------------------------------------------------------------------------

  // Viridis, and purple to orange for differences: both are told apart with any colour vision.
  const SEQUENTIAL = ["440154", "472d7b", "3b528b", "2c728e", "21918c", "28ae80", "5ec962", "addc30", "fde725"];
  const DIVERGING = ["542788", "8073ac", "b2abd2", "d8daeb", "f7f7f7", "fee0b6", "fdb863", "e08214", "b35806"];

  function mixed(anchors, share) {
    const at = Math.min(Math.max(share, 0), 1) * (anchors.length - 1);
    const left = Math.min(Math.floor(at), anchors.length - 2);
    return [0, 2, 4].map((n) => {
      const [a, b] = [left, left + 1].map((one) => parseInt(anchors[one].slice(n, n + 2), 16));
      return Math.round(a + (b - a) * (at - left));
    });
  }

  function paint(element, colour) {
    const linear = colour.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    const light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    element.style.backgroundColor = `rgb(${colour.join(",")})`;
    element.style.color = light > 0.179 ? "#000000" : "#ffffff"; // the one with more contrast
  }

  // A scale for numbers: shares from 0 to 1, others from the least to the largest; by powers of
  // ten where all are positive and span more than a factor of thirty. Infinite numbers take its ends.
  function scaleOf(metric, values) {
    const finite = values.filter(Number.isFinite);
    let [low, high] = finite.length ? [Math.min(...finite), Math.max(...finite)] : [0, 1];
    if (metric.unit === "share" && low >= 0 && high <= 1) [low, high] = [0, 1];
    const powers = low > 0 && high / low > 30;
    const f = powers ? Math.log10 : (value) => value;
    const width = f(high) - f(low);
    const at = (value) => {
      if (!Number.isFinite(value)) return value > 0 ? 1 : 0;
      return width > 0 ? (f(value) - f(low)) / width : 0.5;
    };
    return { low, high, powers, at, colour: (value) => mixed(SEQUENTIAL, at(value)) };
  }

  function scaleOfDifferences(values) {
    const finite = values.filter(Number.isFinite).map(Math.abs);
    const high = Math.max(...finite, 0) || 1;
    const at = (value) => (Number.isFinite(value) ? value / high / 2 + 0.5 : value > 0 ? 1 : 0);
    return { low: -high, high, powers: false, at, colour: (value) => mixed(DIVERGING, at(value)) };
  }

  // The legend of a scale: a bar of colours between its two ends.
  function legend(scale, anchors, note) {
    const steps = 32;
    const bar = svg("svg", { class: "x-bar", viewBox: `0 0 ${steps} 1`, preserveAspectRatio: "none", "aria-hidden": "true" });
    for (let n = 0; n < steps; n += 1) {
      const fill = `rgb(${mixed(anchors, n / (steps - 1)).join(",")})`;
      bar.append(svg("rect", { x: n, y: 0, width: 1.05, height: 1, fill }));
    }
    const powers = scale.powers ? " (logarithmic)" : "";
    return el("p", { class: "x-legend soft" },
      el("span", {}, shortNumber(scale.low)), bar, el("span", {}, shortNumber(scale.high)),
      el("span", {}, note + powers));
  }

  // --- maps ----------------------------------------------------------------------------------

  function present(state, name) {
    const { study, slice } = state;
    const axis = study.axes[study.place.get(name)];
    const used = new Set();
    study.sizes.forEach((_, cell) => {
      const values = valuesOf(study, cell);
      if (study.chosen.every((one) => values[one.name] === slice[one.name])) used.add(values[name]);
    });
    return axis.values.filter((value) => used.has(value));
  }

  function maps(data, state) {
    const { study, metric, slice } = state;
    const rows = present(state, ROWS);
    const columns = present(state, COLUMNS);
    const sides = present(state, SIDE);
    const cellOf = (side, row, column) =>
      cellAt(study, { ...slice, [SIDE]: side, [ROWS]: row, [COLUMNS]: column });
    const measured = (cell) => cell !== undefined && metric.n[cell] > 0;
    const pairs = rows.flatMap((row) => columns.map((column) => [row, column]));
    const cells = sides.flatMap((side) => pairs.map((pair) => cellOf(side, ...pair))).filter(measured);
    const scale = scaleOf(metric, cells.map((cell) => metric.centre[cell]));
    const reasons = new Map();
    const better = { higher: "higher is better", lower: "lower is better" }[metric.better] || "";

    const one = (side) => ({
      title: titled(side),
      legend: legend(scale, SEQUENTIAL, [metric.unit === "1" ? "" : metric.unit, better].filter(Boolean).join("; ")),
      draw(row, column) {
        const cell = cellOf(side, row, column);
        if (!measured(cell)) {
          const reason = cell === undefined ? "not part of this run" : reasonOf(data, study, cell);
          reasons.set(reason, (reasons.get(reason) || 0) + 1);
          return { text: "–", label: reason, opens: cell !== undefined };
        }
        const lost = diverged(data, study, cell);
        const text = shown(metric.centre[cell]) + (lost ? " △" : "");
        const of = `${interval(metric, cell)}, ${plural(metric.n[cell], "seed")}`;
        const label = `${of}${lost ? `, ${lost} diverged` : ""}`;
        const colour = Number.isNaN(metric.centre[cell]) ? null : scale.colour(metric.centre[cell]);
        return { text, label, colour, opens: true };
      },
    });

    const list = sides.map(one);
    if (sides.length >= 2) {
      const [first, second] = sides;
      const both = (row, column) => [first, second].map((side) => cellOf(side, row, column));
      const apart = ([a, b]) => metric.centre[b] - metric.centre[a];
      const known = pairs.map((pair) => both(...pair)).filter((pair) => pair.every(measured));
      const differences = scaleOfDifferences(known.map(apart));
      list.push({
        title: `${titled(second)} − ${titled(first)}`,
        legend: legend(differences, DIVERGING, "difference; underlined: the intervals lie apart"),
        draw(row, column) {
          const pair = both(row, column);
          if (!pair.every(measured)) return { text: "–", label: "not measured in both", opens: pair.some((cell) => cell !== undefined) };
          const [a, b] = pair;
          const equal = metric.centre[a] === metric.centre[b]; // also two infinite numbers
          const difference = equal ? 0 : apart(pair);
          const lies = metric.low[b] > metric.high[a] || metric.high[b] < metric.low[a];
          const label = `${shown(metric.centre[b])} − ${shown(metric.centre[a])}${lies ? ", intervals apart" : ""}`;
          return { text: shown(Number(difference.toPrecision(2))), label, colour: Number.isNaN(difference) ? null : differences.colour(difference), strong: lies, opens: true };
        },
      });
    }
    const tables = list.map((map) => table(state, map, rows, columns));
    const notes = [...reasons].map(([reason, count]) => el("li", {}, `${plural(count, "cell")}: ${reason}`));
    return [
      el("div", { class: "x-maps" }, tables),
      notes.length ? el("details", { class: "soft" }, el("summary", {}, "why cells are hatched"), el("ul", {}, notes)) : null,
    ];
  }

  function table(state, map, rows, columns) {
    const isOpen = (row, column) => state.open && state.open[0] === row && state.open[1] === column;
    const head = el("tr", {}, el("td", {}), columns.map((column) => el("th", { scope: "col" }, el("span", {}, column))));
    const body = rows.map((row) =>
      el("tr", {}, el("th", { scope: "row" }, row), columns.map((column) => {
        const drawn = map.draw(row, column);
        const label = `${map.title}, ${row}, ${column}: ${drawn.text}; ${drawn.label}`;
        const button = el("button", {
          type: "button", class: `x-cell${drawn.colour ? "" : " x-none"}${drawn.strong ? " x-strong" : ""}`,
          "aria-label": label, title: label, tabindex: "-1", disabled: !drawn.opens,
          "aria-expanded": drawn.opens ? String(Boolean(isOpen(row, column))) : null,
          "data-row": row, "data-column": column,
        }, drawn.text);
        if (drawn.colour) paint(button, drawn.colour);
        return el("td", {}, button);
      })));
    const grid = el("table", { class: "x-map" },
      el("caption", {}, map.title), el("thead", {}, head), el("tbody", {}, body));
    const first = grid.querySelector("button:not([disabled])");
    if (first) first.tabIndex = 0;
    return el("div", { class: "x-side" }, el("div", { class: "scroll", role: "group", "aria-label": `map: ${map.title}` }, grid), map.legend);
  }

  // The arrow keys move from cell to cell; a table is one stop of the tab key.
  function arrows(event) {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    const button = event.target.closest(".x-cell");
    if (!step || !button) return;
    event.preventDefault();
    const lines = [...button.closest("tbody").rows].map((line) => [...line.querySelectorAll("button")]);
    let row = lines.findIndex((line) => line.includes(button));
    let column = lines[row].indexOf(button);
    do {
      row += step[0];
      column += step[1];
    } while (lines[row]?.[column]?.disabled);
    const next = lines[row]?.[column];
    if (!next) return;
    button.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }

  // --- an open cell --------------------------------------------------------------------------

  function panel(data, state, width) {
    const { study, metric, slice, open } = state;
    const values = { ...slice, [ROWS]: open[0], [COLUMNS]: open[1] };
    const sides = study.axes[study.place.get(SIDE)].values
      .map((side) => ({ side, cell: cellAt(study, { ...values, [SIDE]: side }) }))
      .filter((one) => one.cell !== undefined);
    const title = el("h3", { id: "explorer-cell", tabindex: "-1" }, `${open[0]}, ${open[1]}`);
    if (!sides.length) return [title, el("p", { class: "absent" }, "This run has no such cell.")];
    const fixed = study.chosen.map((axis) => `${words(axis.name)} ${slice[axis.name]}`).join(", ");
    const command = commandOf(data, study, values, sides);
    const name = [study.name, open[0], open[1]].join("-").replace(/[^\w.-]+/g, "_");
    return [
      title,
      el("p", { class: "soft" }, `${study.name}: ${fixed}`),
      el("p", {}, el("code", {}, command), " ", copyButton(command, "copy the command")),
      el("p", {},
        el("button", { type: "button", onclick: () => download(`${name}.csv`, csv(data, study, sides)) }, "download the rows"), " ",
        copyButton(() => linkTo(text(parametersOf(state, open))), "copy the address"), " ",
        el("button", { type: "button", class: "x-close" }, "close")),
      el("h4", {}, `${words(metric.name)} of each seed`),
      strips(data, study, metric, sides, width),
      numbers(data, study, metric, sides),
      study.curves.map((table) => curves(study, table, sides, width)),
      rowTable(data, study, sides),
    ].flat(3);
  }

  const text = (parameters) => String(parameters).replace(/=(?=&|$)/g, "");

  // The command that measures the cell in the frameworks that have it.
  function commandOf(data, study, values, sides) {
    const command = ["suite", "run", study.name, "--profile", data.profile];
    for (const axis of study.axes) {
      if (axis.name !== SIDE && axis.named) command.push("--set", `${axis.name}=${values[axis.name]}`);
    }
    if (study.sides) command.push("--frameworks", sides.map((one) => one.side).join(","));
    command.push("--seeds", String(Math.max(...sides.map((one) => study.sizes[one.cell]))));
    if (data.root) command.push("--root", String(data.root));
    return command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\"'\"'")}'`)).join(" ");
  }

  // The rows of the table of runs, with the columns that the page has. A number that single
  // precision has is stored with its few digits; as a double it has the digits of the table.
  function csv(data, study, sides) {
    const metrics = study.metrics.filter((metric) => !metric.counts);
    const texts = metrics.map((metric) => textsOf(study, metric));
    const quoted = (field) => (/[",\n\r]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);
    const lines = [[...study.axes.map((axis) => axis.name), "seed", "status", "reason", ...metrics.map((metric) => metric.name)]];
    for (const { cell } of sides) {
      const values = valuesOf(study, cell);
      for (const row of rowsOf(study, cell)) {
        lines.push([
          ...study.axes.map((axis) => values[axis.name]), String(study.seeds[row]),
          data.statuses[study.status[row]], study.reasons[study.reason[row]],
          ...metrics.map((metric, n) => stored(texts[n][row], metric.single)),
        ]);
      }
    }
    return lines.map((line) => `${line.map(quoted).join(",")}\n`).join("");
  }

  function stored(word, single) {
    if (word === "-") return "";
    if (!single || !Number.isFinite(Number(word))) return word;
    return String(Math.fround(Number(word)));
  }

  function numbers(data, study, metric, sides) {
    const head = el("tr", {}, el("th", { scope: "col" }, "median over the seeds [95 % interval]"), sides.map(({ side }) => el("th", { scope: "col" }, titled(side))));
    const body = study.metrics.map((one) =>
      el("tr", { class: one === metric ? "x-this" : null }, el("th", { scope: "row", title: one.meaning }, words(one.name), one.unit === "1" ? "" : ` (${one.unit})`),
        sides.map(({ cell }) => el("td", {}, one.n[cell] ? `${shown(one.centre[cell])} ${interval(one, cell)}` : "not measured"))));
    const ended = el("tr", {}, el("th", { scope: "row" }, "runs"), sides.map(({ cell }) => el("td", {}, endings(data, study, cell))));
    return [
      el("p", { class: "soft" }, metric.meaning),
      scrolling("numbers of the cell", el("table", { class: "facts" }, el("thead", {}, head), el("tbody", {}, body, ended))),
      sides.filter(({ cell }) => rowsOf(study, cell).some((row) => study.reason[row])).map(({ side, cell }) => el("p", { class: "absent" }, `${side}: ${reasonOf(data, study, cell)}`)),
    ];
  }

  function rowTable(data, study, sides) {
    const metrics = study.metrics.filter((metric) => !metric.counts);
    const head = el("tr", {}, ["framework", "seed", "status", ...metrics.map((metric) => words(metric.name))].map((name) => el("th", { scope: "col" }, name)));
    const count = sides.reduce((sum, { cell }) => sum + study.sizes[cell], 0);
    const body = el("tbody");
    const fill = () => {
      if (body.rows.length) return;
      const texts = metrics.map((metric) => textsOf(study, metric));
      for (const { side, cell } of sides) {
        for (const row of rowsOf(study, cell)) {
          body.append(el("tr", {}, el("td", {}, side), el("td", {}, String(study.seeds[row])), el("td", {}, data.statuses[study.status[row]]),
            texts.map((all) => el("td", { class: "num" }, all[row] === "-" ? "" : shown(parsed(all[row]))))));
        }
      }
    };
    return el("details", { ontoggle: fill }, el("summary", {}, `the ${count} rows`),
      el("p", { class: "soft" }, `${study.name}/runs.csv has them with all columns.`),
      scrolling("rows of the cell", el("table", { class: "facts" }, el("thead", {}, head), body)));
  }

  // --- drawings ------------------------------------------------------------------------------

  // The seeds of each framework as dots over one axis, the median and its interval above them.
  function strips(data, study, metric, sides, width) {
    const counted = metric.counts ? study.metric.get(metric.counts) : metric;
    if (!counted) return null;
    const texts = textsOf(study, metric);
    const status = data.statuses.indexOf("diverged");
    const dots = sides.map(({ cell }) => rowsOf(study, cell).flatMap((row) => {
      const lost = study.status[row] === status;
      const value = lost && counted.worst !== null ? parsed(counted.worst) : parsed(texts[row]);
      return Number.isNaN(value) ? [] : [{ value, lost, seed: study.seeds[row] }];
    }));
    const finite = dots.flat().map((dot) => dot.value).filter(Number.isFinite);
    if (!dots.flat().length) return null;
    const scale = scaleOf(counted, finite);
    const never = dots.flat().some((dot) => !Number.isFinite(dot.value));
    const [left, right] = [12, never ? 60 : 12];
    const x = (value) => (Number.isFinite(value) ? left + scale.at(value) * (width - left - right) : value > 0 ? width - 20 : left);
    const height = 92;
    const drawing = svg("svg", { class: "x-strip", width, height: height * sides.length + 26, viewBox: `0 0 ${width} ${height * sides.length + 26}`, role: "img", "aria-label": sides.map(({ side, cell }, n) => `${side}: ${plural(dots[n].length, "seed")}, ${words(metric.name)} ${shown(metric.centre[cell])} ${interval(metric, cell)}`).join("; ") });
    sides.forEach(({ side, cell }, n) => {
      const base = height * (n + 1) - 14;
      drawing.append(svg("text", { x: left, y: base - 62 }, side), svg("line", { class: "x-axis", x1: left, x2: width - 8, y1: base, y2: base }));
      if (metric.counts) drawing.append(svg("line", { class: "x-least", x1: x(metric.least), x2: x(metric.least), y1: base - 56, y2: base }));
      else if (metric.n[cell] && !Number.isNaN(metric.centre[cell])) {
        const ends = [metric.low[cell], metric.high[cell]].map(x);
        drawing.append(svg("line", { class: "x-interval", x1: ends[0], x2: ends[1], y1: base - 52, y2: base - 52 }),
          svg("line", { class: "x-centre", x1: x(metric.centre[cell]), x2: x(metric.centre[cell]), y1: base - 57, y2: base - 47 }));
      }
      const stacks = new Map();
      for (const dot of [...dots[n]].sort((a, b) => a.value - b.value)) {
        const column = Math.round(x(dot.value) / 7);
        const level = stacks.get(column) || 0;
        stacks.set(column, level + 1);
        const tall = dots[n].filter((other) => Math.round(x(other.value) / 7) === column).length;
        if (level === 0 && tall > 4) drawing.append(svg("text", { class: "x-count", x: column * 7 + 6, y: base - 6 }, String(tall)));
        const step = Math.min(7, 40 / Math.max(tall - 1, 1));
        drawing.append(svg("circle", { class: dot.lost ? "x-dot x-lost" : "x-dot", cx: column * 7, cy: base - 4 - level * step, r: 3 },
          svg("title", {}, `seed ${dot.seed}: ${shown(dot.value)}${dot.lost ? " (diverged)" : ""}`)));
      }
    });
    const foot = height * sides.length + 14;
    drawing.append(svg("text", { x: left, y: foot }, shortNumber(scale.low)), svg("text", { x: width - right, y: foot, "text-anchor": "end" }, shortNumber(scale.high)));
    if (never) drawing.append(svg("text", { x: width - 8, y: foot, "text-anchor": "end" }, "∞"));
    const told = [
      metric.counts ? `dots: ${words(counted.name)}; the line: ${shortNumber(metric.least)}, from which a network counts` : "dots: seeds; above them the median and its interval",
      scale.powers ? "logarithmic" : "", dots.flat().some((dot) => dot.lost) ? "hollow: diverged, with the worst value" : "",
    ];
    return el("figure", { class: "x-figure" }, drawing, el("figcaption", {}, told.filter(Boolean).join("; ")));
  }

  // Curves of a table over the seeds: x is one coordinate, each line a value of the other.
  function curves(study, table, sides, width) {
    const kept = sides.map(({ side, cell }) => ({ side, line: table.lines.find((one) => one.cell === cell) })).filter((one) => one.line);
    if (!kept.length) return null;
    const id = `explorer-${table.name}`;
    const metrics = el("select", { id: `${id}-metric` }, table.metrics.map((metric, n) => el("option", { value: n }, words(metric.name))));
    const over = el("select", { id: `${id}-over` }, table.coordinates.map((name, n) => el("option", { value: n, selected: n === table.coordinates.length - 1 }, `over the ${words(name)}s`)));
    const holder = scrolling(`curves of ${table.name}`);
    const draw = () => {
      const metric = Number(metrics.value);
      const axis = Number(over.value);
      holder.replaceChildren(...kept.map(({ side, line }) => curve(table, side, line, metric, axis, width)));
    };
    metrics.addEventListener("change", draw);
    over.addEventListener("change", draw);
    draw();
    return el("div", {}, el("h4", {}, `median over the seeds, ${table.name}`),
      el("p", { class: "x-choose" }, el("label", { for: metrics.id }, "quantity", metrics), table.coordinates.length > 1 ? el("label", { for: over.id }, "drawn", over) : null), holder);
  }

  function curve(table, side, line, metric, axis, width) {
    if (typeof line.values[metric] === "string") line.values[metric] = line.values[metric].split(" ").map(parsed);
    const values = line.values[metric];
    const xs = line.at[axis];
    const groups = new Map();
    const other = table.coordinates.length > 1 ? line.at[1 - axis] : xs.map(() => "");
    xs.forEach((x, n) => {
      if (!Number.isFinite(values[n])) return;
      if (!groups.has(other[n])) groups.set(other[n], []);
      groups.get(other[n]).push([x, values[n]]);
    });
    const { name, unit } = table.metrics[metric];
    const finite = values.filter(Number.isFinite);
    if (!finite.length) return el("p", { class: "absent" }, `${side}: no finite value`);
    const scale = scaleOf({ unit: "" }, finite);
    const [low, high] = [Math.min(...xs), Math.max(...xs)];
    const [left, right, top, bottom] = [64, 16, 22, 150];
    const px = (x) => left + (high > low ? (x - low) / (high - low) : 0.5) * (width - left - right);
    const py = (value) => bottom - scale.at(value) * (bottom - top - 6);
    const names = [...groups.keys()];
    const lead = names.length > 1 ? `, a line for each ${words(table.coordinates[1 - axis])} from ${names[0]} (dark) to ${names[names.length - 1]} (light)` : "";
    const label = `${side}: ${words(name)} over ${words(table.coordinates[axis])} ${low} to ${high}${lead}; from ${shortNumber(finite[0])} to ${shortNumber(finite[finite.length - 1])}`;
    const drawing = svg("svg", { class: "x-curve", width, height: 184, viewBox: `0 0 ${width} 184`, role: "img", "aria-label": label },
      svg("text", { x: 4, y: 14 }, `${side}: ${words(name)}${unit === "1" ? "" : ` (${unit})`}${scale.powers ? ", logarithmic" : ""}`),
      svg("line", { class: "x-axis", x1: left, x2: width - right, y1: bottom, y2: bottom }), svg("line", { class: "x-axis", x1: left, x2: left, y1: top, y2: bottom }),
      svg("text", { x: left - 6, y: bottom, "text-anchor": "end" }, shortNumber(scale.low)), svg("text", { x: left - 6, y: top + 10, "text-anchor": "end" }, shortNumber(scale.high)),
      svg("text", { x: left, y: 168 }, String(low)), svg("text", { x: width - right, y: 168, "text-anchor": "end" }, String(high)), svg("text", { x: (left + width - right) / 2, y: 168, "text-anchor": "middle" }, words(table.coordinates[axis])));
    names.forEach((group, n) => {
      const stroke = `rgb(${mixed(SEQUENTIAL, names.length > 1 ? (n / (names.length - 1)) * 0.85 : 0.4).join(",")})`;
      const points = groups.get(group).map(([x, value]) => `${px(x).toFixed(1)},${py(value).toFixed(1)}`).join(" ");
      drawing.append(svg("polyline", { class: "x-line", points, stroke }, svg("title", {}, names.length > 1 ? `${words(table.coordinates[1 - axis])} ${group}` : side)));
    });
    return drawing;
  }

  // --- the section ---------------------------------------------------------------------------

  function choosers(data, state, change) {
    const one = (name, label, options, value, title) => {
      const id = `explorer-choose-${name}`;
      const select = el("select", { id, title }, options.map(([key, shownAs]) => el("option", { value: key, selected: key === value }, shownAs)));
      select.addEventListener("change", () => change(name, select.value));
      return el("label", { for: id }, label, select);
    };
    const { study, metric, slice } = state;
    return el("form", { class: "x-choose", onsubmit: (event) => event.preventDefault() },
      one("study", "study", data.studies.map(({ name }) => [name, words(name)]), study.name, study.question),
      one("metric", "metric", study.metrics.map(({ name }) => [name, words(name)]), metric.name, metric.meaning),
      study.chosen.filter((axis) => axis.values.length > 1).map((axis) => one(axis.name, words(axis.name), axis.values.map((value) => [value, value]), slice[axis.name], axis.meaning)));
  }

  async function start(section) {
    const view = section.querySelector("#explorer-view");
    const data = await readData("explorer");
    if (!data || !data.studies.length) return;
    let shownAs = null;

    const show = (parameters, changed) => {
      const state = stateOf(data, parameters, changed);
      const width = Math.max(260, Math.min(640, view.clientWidth - 4));
      const change = (name, value) => {
        const next = parametersOf(state, name === "study" ? null : state.open);
        if (name === "study") for (const key of [...next.keys()]) if (key !== "explore") next.delete(key);
        next.set(name, value);
        const reached = parametersOf(stateOf(data, next, name), next.get(ROWS) ? state.open : null);
        render(next, name);
        shownAs = text(reached);
        setAddress(reached);
        view.querySelector(`#explorer-choose-${name}`).focus();
      };
      const told = state.moved.map((name) => `${words(name)} ${state.slice[name]}`).join(", ");
      view.replaceChildren(
        choosers(data, state, change),
        el("p", { class: "soft", role: "status" }, told ? `No cell has these values together; shown is ${told}.` : state.study.question),
        ...maps(data, state).filter(Boolean),
        el("section", { class: "x-panel", "aria-label": "the open cell", hidden: !state.open }, state.open ? panel(data, state, width) : []),
      );
      return state;
    };

    let state = null;
    const render = (parameters, changed) => { state = show(parameters, changed); };

    const open = (cell) => {
      const parameters = parametersOf(state, cell);
      render(parameters);
      shownAs = text(parameters);
      setAddress(parameters, true);
    };

    view.addEventListener("click", (event) => {
      const button = event.target.closest(".x-cell");
      if (button) {
        open([button.dataset.row, button.dataset.column]);
        view.querySelector("#explorer-cell").focus({ preventScroll: true });
        view.querySelector(".x-panel").scrollIntoView({ block: "nearest" });
      } else if (event.target.closest(".x-close")) close();
    });
    const close = () => {
      const [row, column] = state.open;
      open(null);
      const again = [...view.querySelectorAll(".x-cell")].find((one) => one.dataset.row === row && one.dataset.column === column);
      if (again) again.focus();
    };
    view.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && state.open) close();
      else arrows(event);
    });

    onAddress(() => {
      const parameters = address();
      if (!parameters.has("explore")) {
        if (!state) render(new URLSearchParams());
        return;
      }
      if (text(parameters) === shownAs) return; // our own change
      shownAs = text(parameters);
      render(parameters);
      const target = state.open ? view.querySelector(".x-panel") : section;
      target.scrollIntoView();
    });
  }

  // The data are read when somebody comes near, or asks by the address.
  const section = document.getElementById("explorer");
  if (section) {
    let started = false;
    const begin = () => {
      if (started) return;
      started = true;
      start(section);
    };
    onAddress(() => { if (address().has("explore")) begin(); });
    new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) begin(); }, { rootMargin: "600px" }).observe(section);
  }
}
