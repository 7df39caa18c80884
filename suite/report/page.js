// What the other files of the script share: elements, data, the address of the page, copying.
// All files are joined into one function (suite/report/embedding.py). Text that comes from a
// results folder reaches the page through textContent and attributes that are not run, never as
// markup.

// --- elements --------------------------------------------------------------------------------

// An element with attributes and children: el("p", {class: "soft"}, "text", other). An attribute
// that is null, undefined or false is left out; `on...` is a listener, given as a function.
function el(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

// The same for SVG.
function svg(tag, attributes, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== "") element.append(child);
  }
  return element;
}

// --- data ------------------------------------------------------------------------------------

const read = new Map();

// A promise of the data of that name; null where the page has none. It is read once. Infinite
// numbers arrive as the strings "inf" and "-inf", unknown ones as null.
function readData(name) {
  if (!read.has(name)) {
    const holder = document.getElementById(`data-${name}`);
    read.set(name, holder ? unpacked(holder) : Promise.resolve(null));
  }
  return read.get(name);
}

async function unpacked(holder) {
  const address = holder.dataset.address;
  const bytes = address
    ? await (await fetch(address)).arrayBuffer()
    : Uint8Array.from(atob(holder.textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

// A number of the data as a number: "inf", "-inf" and null too.
function asNumber(value) {
  if (value === null || value === undefined) return NaN;
  return value === "inf" ? Infinity : value === "-inf" ? -Infinity : Number(value);
}

// A number with three digits, as the page writes them everywhere (common/numbers.py).
function shortNumber(value) {
  if (Number.isNaN(value)) return "";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  let text;
  if ((size > 0 && size < 1e-3) || size >= 1e6) text = value.toExponential(2);
  else text = size >= 999.5 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
  const [mantissa, exponent] = text.split("e");
  const short = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  return (short + (exponent ? `e${Number(exponent)}` : "")).replace(/-/g, "−");
}

// --- the address -----------------------------------------------------------------------------

// What stands behind the # as parameters: #framework=torch&q=gelu. An address without a "=" is
// that of a place on the page, and no parameters.
function address() {
  const text = location.hash.slice(1);
  return new URLSearchParams(text.includes("=") ? text : "");
}

// Replace the address, or add one to the history: then "back" leads to the old one. The listeners
// are told.
function setAddress(parameters, add = false) {
  const text = String(parameters).replace(/=(?=&|$)/g, "");
  const url = text ? `#${text}` : location.pathname + location.search;
  if (text === location.hash.slice(1)) return;
  history[add ? "pushState" : "replaceState"](null, "", url);
  tellAddress();
}

const addressListeners = [];

// Call a function now and whenever the address changes.
function onAddress(listener) {
  addressListeners.push(listener);
  listener();
}

function tellAddress() {
  for (const listener of addressListeners) listener();
}

addEventListener("popstate", tellAddress);
addEventListener("hashchange", tellAddress);

// The address of the page with other parameters, to be sent to somebody.
function linkTo(parameters) {
  return `${location.href.split("#")[0]}#${parameters}`;
}

// --- copying and saving ----------------------------------------------------------------------

// Save a text as a file.
function download(name, text, type = "text/csv") {
  const url = URL.createObjectURL(new Blob([text], {type: `${type};charset=utf-8`}));
  const link = el("a", {href: url, download: name});
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

async function copy(text, beside) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // A page from a server without https has no clipboard: select the text of a field instead.
    const field = el("textarea", {class: "away", "aria-hidden": "true"});
    field.value = text;
    beside.after(field);
    field.select();
    document.execCommand("copy");
    field.remove();
    beside.focus();
  }
}

// A button that copies a text, which may be a function, and says so for a moment.
function copyButton(text, label = "copy") {
  const button = el("button", {type: "button", class: "copy"}, label);
  button.addEventListener("click", async () => {
    await copy(typeof text === "function" ? text() : text, button);
    button.textContent = "copied";
    setTimeout(() => { button.textContent = label; }, 1500);
  });
  return button;
}

document.documentElement.classList.add("scripted");
