// Search fields over tables: <div class="filter" data-filters="ID OF A TBODY"></div> becomes a field,
// a box for the rows that differ where some are marked, and how many rows are shown. What is sought
// stands in the address, so that a view can be sent to somebody: #q-board-rows=gelu+torch.

function rowFilter(place) {
  const rows = [...document.getElementById(place.dataset.filters).rows];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const name = `q-${place.dataset.filters}`;
  const field = el("input", { type: "search", id: name, autocomplete: "off" });
  const only = rows.some((row) => row.classList.contains("differs"))
    ? el("input", { type: "checkbox", id: `${name}-only` })
    : null;
  const status = el("span", { role: "status", class: "soft" });
  const apply = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, n) => {
      const differs = !only || !only.checked || row.classList.contains("differs");
      row.hidden = !differs || !words.every((word) => texts[n].includes(word));
      shown += row.hidden ? 0 : 1;
    });
    status.textContent = `${shown} of ${rows.length} shown`;
  };
  const remember = () => {
    const parameters = address();
    if (field.value) parameters.set(name, field.value);
    else parameters.delete(name);
    if (only && only.checked) parameters.set(only.id, "yes");
    else if (only) parameters.delete(only.id);
    setAddress(parameters);
    apply();
  };
  field.addEventListener("input", remember);
  if (only) only.addEventListener("change", remember);
  place.append(
    el("label", { for: field.id }, "search ", field),
    only ? el("label", { for: only.id }, only, " only what differs") : "",
    status,
  );
  onAddress(() => {
    const parameters = address();
    if (parameters.has(name) && document.activeElement !== field) field.value = parameters.get(name);
    if (only && parameters.has(only.id)) only.checked = true;
    apply();
  });
}

document.querySelectorAll("[data-filters]").forEach(rowFilter);
