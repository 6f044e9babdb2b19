"use strict";
(() => {
  const data = JSON.parse(document.getElementById("claims-data").textContent);
  const form = document.getElementById("controls");
  const status = document.getElementById("status");
  const chart = document.getElementById("chart");
  const table = document.getElementById("claims");
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row, place) => ({ row, cells: data.cells[place], shown: true, title: row.cells[0].textContent }));
  const [n, d] = ["n", "d"].map((name) => document.getElementById(name));
  const filters = [...form.querySelectorAll("[data-filter]")];
  const FIRST = 1;  // column of the first number; a cell of data is [text, number, text, number, text]
  const [LEFT, RIGHT, TOP, BOTTOM, MOST] = [70, 570, 26, 210, 15];
  let sorted = { column: null, descending: false }, thick = null;

  const make = (name, attributes, text) => {
    const found = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, value);
    if (text !== undefined) found.textContent = text;
    return found;
  };
  const draw = () => {
    const lines = rows.filter((one) => one.shown)
      .map((one) => ({ one, widths: one.cells.map((of) => of[d.value][1]) }))
      .filter(({ widths }) => widths.every((width) => width !== null && width > 0));
    const all = lines.flatMap(({ widths }) => widths).map(Math.log10);
    const low = Math.floor(Math.min(0, ...all)), high = Math.min(Math.ceil(Math.max(1, ...all)), MOST);
    const x = (index) => LEFT + (RIGHT - LEFT) * Math.log(data.n[index] / data.n[0]) / (Math.log(data.n.at(-1) / data.n[0]) || 1);
    const y = (width) => BOTTOM - (BOTTOM - TOP) * (Math.log10(width) - low) / (high - low);
    chart.replaceChildren();
    const jump = Math.ceil((high - low) / 5);
    for (let power = low; power <= high; power += jump) {
      chart.append(make("line", { x1: LEFT, x2: RIGHT, y1: y(10 ** power), y2: y(10 ** power), class: "rule" }),
        make("text", { x: LEFT - 6, y: y(10 ** power) + 4, "text-anchor": "end" }, power === 0 ? "1" : `1e${power}`));
    }
    data.n.forEach((value, index) => {
      if (index % 2 === 0) chart.append(make("text", { x: x(index), y: BOTTOM + 20, "text-anchor": "middle" }, value));
    });
    chart.append(make("text", { x: (LEFT + RIGHT) / 2, y: BOTTOM + 44, "text-anchor": "middle" }, "samples n"), make("text", { x: LEFT, y: 18 }, "width at C = 1"),
      make("line", { x1: x(n.value), x2: x(n.value), y1: TOP, y2: BOTTOM, class: "theory" }));
    const inside = { x: LEFT, y: TOP, width: RIGHT - LEFT, height: BOTTOM - TOP };
    const clip = make("svg", { ...inside, viewBox: Object.values(inside).join(" ") });
    for (const { one, widths } of lines) {
      const line = make("polyline", { points: widths.map((width, index) => `${x(index)},${y(width)}`).join(" "), class: one === thick ? "curve" : "claim" });
      line.append(make("title", {}, one.title));
      clip.append(line);
    }
    chart.append(clip);
    chart.setAttribute("aria-label", `Widths at C = 1 against n at d = ${data.d[d.value]}, ${lines.length} claims`);
  };
  const key = (one, column) => {
    const place = { [FIRST]: 1, [FIRST + 1]: 3 }[column];
    return place === undefined ? one.row.cells[column].textContent : one.cells[n.value][d.value][place];
  };
  const order = () => {
    const { column, descending } = sorted;
    const ordered = column === null ? rows : [...rows].sort((one, other) => {
      const [a, b] = [key(one, column), key(other, column)];
      if (a === null || b === null) return (a === null) - (b === null);
      const sign = typeof a === "number" ? a - b : a.localeCompare(b, undefined, { numeric: true });
      return descending ? -sign : sign;
    });
    body.append(...ordered.map((one) => one.row));
  };
  const show = () => {
    for (const input of [n, d]) {
      input.parentElement.querySelector("output").textContent = data[input.id][input.value];
      input.setAttribute("aria-valuetext", `${input.id} = ${data[input.id][input.value]}`);
    }
    for (const one of rows) {
      const [scaling, , onData, , met] = one.cells[n.value][d.value];
      [scaling, onData, met].forEach((text, place) => { one.row.cells[FIRST + place].textContent = data.texts[text]; });
      one.shown = filters.every(({ value, dataset }) => value === "" || one.row.dataset[dataset.filter] === value);
      one.row.hidden = !one.shown;
    }
    order();
    draw();
    status.textContent = `n = ${data.n[n.value]}, d = ${data.d[d.value]}: ${rows.filter((one) => one.shown).length} of ${rows.length} claims`;
  };
  [...table.tHead.rows[0].cells].forEach((header, column, headers) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    button.title = "Sort; a third time restores the order";
    header.replaceChildren(button);
    button.addEventListener("click", () => {
      const next = { none: "ascending", ascending: "descending", descending: "none" }[header.ariaSort ?? "none"];
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      if (next !== "none") header.setAttribute("aria-sort", next);
      sorted = { column: next === "none" ? null : column, descending: next === "descending" };
      order();
      status.textContent = next === "none" ? "Order restored" : `Sorted by ${button.textContent}, ${next}`;
    });
  });
  for (const one of rows) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = one.title;
    one.row.cells[0].replaceChildren(button);
    for (const event of ["focus", "mouseenter"]) {
      (event === "focus" ? button : one.row).addEventListener(event, () => { thick = one; draw(); });
    }
  }
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(show));
  for (const hidden of [form, chart, document.getElementById("chart-said")]) hidden.removeAttribute("hidden");
  show();
})();
