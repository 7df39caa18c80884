// The page of two results folders: the rows behind each difference.
{
  function csv(pairs) {
    const word = (value) => (value === null ? "" : String(value));
    return ["seed,a,b", ...pairs.map((pair) => pair.map(word).join(","))].join("\n") + "\n";
  }

  // A button behind each difference: it saves the values of its seeds in A and in B.
  async function rows() {
    const data = await readData("comparison");
    if (!data) return;
    for (const place of document.querySelectorAll("[data-pairs]")) {
      const number = Number(place.dataset.pairs);
      const pairs = data.pairs[number];
      place.append(el("button", {
        type: "button",
        "aria-label": `download the ${pairs.length} pairs of difference ${number + 1}`,
        onclick: () => download(`pairs-${number + 1}.csv`, csv(pairs)),
      }, `${pairs.length} pairs`));
    }
  }

  rows();
}
