// The drawings of a verdict: each seed as a dot over the band, with the interval and the estimate;
// the pairs where there are pairs.

const DOT = 4;
const LEAST_WIDTH = 300;

function charts(entry, own, sides) {
  const {verdict, claim} = entry;
  const panel = document.getElementById("verdict");
  const width = Math.max(LEAST_WIDTH, Math.min(780, panel.clientWidth - 40));
  const values = own.value.map(asNumber);
  const shares = claim.estimand === "share";
  const limits = [claim.above, claim.below].filter((edge) => edge !== null && edge !== undefined);
  const band = verdict.band.map(asNumber);
  const interval = [verdict.low, verdict.estimate, verdict.high].map(asNumber);
  const inside = (value) => (shares
    ? (claim.above == null || value > claim.above) && (claim.below == null || value < claim.below)
    : value >= band[0] && value <= band[1]);
  const drawn = [];
  if (own.of) drawn.push(pairsChart(own, sides, width, claim));
  drawn.push(stripChart({
    values, seeds: own.seed, inside, width, limits: shares ? limits : [],
    band: shares ? null : band, interval: shares ? null : interval,
    label: `${own.seed.length} seeds: ${told(verdict, claim)}`,
  }));
  if (shares) {
    drawn.push(stripChart({
      values: [], seeds: [], inside, width, limits: [], band, interval, range: [0, 1],
      label: `share of seeds: ${told(verdict, claim)}`,
    }));
  }
  const legend = [
    shares ? "● counted" : "● seed inside the band", shares ? "○ not counted" : "○ seed outside it",
    "shaded: the band", "line with a tick: interval and estimate",
    shares && limits.length ? "dashed: the limit by which a seed counts" : "",
    own.of ? (claim.estimand === "ratio" ? "below the pairs, their ratios" : "below the pairs, their differences") : "",
  ];
  return [...drawn, el("p", {class: "v-legend"}, legend.filter(Boolean).map((text) => el("span", {}, text)))];
}

function told(verdict, claim) {
  const [estimate, interval, band] = verdict.texts;
  return `${claim.quantity} ${estimate || "unknown"} ${interval}, band ${band}`;
}

// --- scales ------------------------------------------------------------------------------------

// A scale over the finite numbers: linear, or logarithmic where all are above 0 and span more than
// two powers of ten. What lies beyond it, 0 of a logarithmic one and infinity, is drawn at its end.
function scaleFor(numbers, width, range) {
  const finite = numbers.filter(Number.isFinite);
  const positive = finite.filter((value) => value > 0);
  const log = !range && finite.every((value) => value >= 0) && positive.length > 0
    && Math.max(...positive) / Math.min(...positive) > 100;
  const used = log ? positive.map(Math.log10) : finite;
  let [low, high] = range || [Math.min(...used), Math.max(...used)];
  if (!used.length && !range) [low, high] = [0, 1];
  const margin = (high - low) * 0.06 || Math.abs(high) * 0.1 || 0.5;
  if (!range) [low, high] = [low - margin, high + margin];
  const [left, right] = [14, width - 14];
  const at = (value) => {
    const given = log ? (value > 0 ? Math.log10(value) : -Infinity) : value;
    if (given === Infinity || given > high) return right + 8;
    if (given === -Infinity || given < low) return left - 8;
    return left + ((given - low) / (high - low)) * (right - left);
  };
  return {at, log, left, right, ticks: ticksOf(low, high, log)};
}

function ticksOf(low, high, log) {
  const most = 6;
  const size = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(size));
  let step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= size);
  if (log) step = Math.max(1, Math.ceil(step));
  const found = [];
  for (let n = Math.ceil(low / step); n * step <= high + step * 1e-9; n += 1) {
    found.push(log ? 10 ** Math.round(n * step) : Number((n * step).toPrecision(12)));
  }
  return found;
}

function axisOf(scale, y, top) {
  return [
    scale.ticks.map((tick) => svg("line", {class: "grid", x1: scale.at(tick), x2: scale.at(tick), y1: top, y2: y})),
    svg("line", {class: "axis", x1: scale.left, x2: scale.right, y1: y, y2: y}),
    scale.ticks.map((tick) => svg("text", {x: scale.at(tick), y: y + 16, "text-anchor": "middle"}, shortNumber(tick))),
    scale.log ? svg("text", {x: scale.right, y: y + 30, "text-anchor": "end"}, "logarithmic") : "",
  ].flat();
}

// --- drawings ----------------------------------------------------------------------------------

function stripChart({values, seeds, inside, width, limits, band, interval, range, label}) {
  const numbers = [...values, ...(band || []), ...(interval || []), ...limits];
  const scale = scaleFor(numbers, width, range);
  const placed = stacked(values.map((value) => scale.at(value)));
  const high = Math.max(0, ...placed.map(({level}) => level));
  const step = Math.min(2 * DOT, 90 / Math.max(high, 1));
  const dots = values.length ? 16 + Math.min(high * step, 90) : 0;
  const line = interval ? 22 : 6;
  const base = dots + line + 4;
  const chart = svg("svg", {class: "v-chart", viewBox: `0 0 ${width} ${base + (scale.log ? 34 : 22)}`, role: "img", "aria-label": label});
  if (band) {
    const [from, to] = [Math.max(scale.at(band[0]), 2), Math.min(scale.at(band[1]), width - 2)];
    chart.append(svg("rect", {class: "band", x: from, y: 0, width: Math.max(to - from, 1.5), height: base}));
  }
  chart.append(...axisOf(scale, base, 0).filter(Boolean));
  limits.forEach((edge) => chart.append(svg("line", {class: "limit", x1: scale.at(edge), x2: scale.at(edge), y1: 0, y2: base})));
  placed.forEach(({x, level}, n) => chart.append(svg("circle", {
    class: inside(values[n]) ? "dot" : "dot out", cx: x.toFixed(1), cy: (dots - 4 - level * step).toFixed(1), r: DOT,
  }, svg("title", {}, `seed ${seeds[n]}: ${shortNumber(values[n]) || "not a number"}`))));
  if (interval && !Number.isNaN(interval[1])) {
    const y = base - line / 2;
    const [low, middle, top] = interval.map((value) => scale.at(value));
    chart.append(
      svg("line", {class: "interval", x1: low, x2: top, y1: y, y2: y}),
      svg("line", {class: "estimate", x1: middle, x2: middle, y1: y - 8, y2: y + 8}));
  }
  return chart;
}

// Each place with its level in a stack of those that would cover each other.
function stacked(places) {
  const height = new Map();
  const result = new Array(places.length);
  places.map((x, n) => [Number.isFinite(x) ? x : 0, n]).sort((a, b) => a[0] - b[0]).forEach(([x, n]) => {
    const column = Math.round(x / (2 * DOT));
    const level = height.get(column) || 0;
    height.set(column, level + 1);
    result[n] = {x, level};
  });
  return result;
}

function pairsChart(own, sides, width, claim) {
  const of = own.of.map(asNumber);
  const versus = own.versus.map(asNumber);
  const scale = scaleFor([...of, ...versus], width);
  const [top, bottom] = [28, 104];
  const label = `pairs of ${claim.metric} by seed: ${sides[0]} above, ${sides[1]} below`;
  const chart = svg("svg", {class: "v-chart", viewBox: `0 0 ${width} ${bottom + 62}`, role: "img", "aria-label": label});
  chart.append(...axisOf(scale, bottom + 28, top).filter(Boolean),
    svg("text", {x: 2, y: 12}, `${sides[0]} (of)`), svg("text", {x: 2, y: bottom + 20}, `${sides[1]} (versus)`));
  of.forEach((value, n) => {
    const [x, other] = [scale.at(value), scale.at(versus[n])];
    const name = `seed ${own.seed[n]}: ${shortNumber(value)} and ${shortNumber(versus[n])}`;
    chart.append(svg("line", {class: "pair", x1: x, x2: other, y1: top, y2: bottom}),
      svg("circle", {class: "dot", cx: x, cy: top, r: DOT}, svg("title", {}, name)),
      svg("circle", {class: "dot", cx: other, cy: bottom, r: DOT}, svg("title", {}, name)));
  });
  return chart;
}
