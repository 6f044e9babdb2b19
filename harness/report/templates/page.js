"use strict";
(() => {
  const regimes = document.getElementById("regime");
  const status = document.getElementById("status");

  const key = (row, column) => {
    const cell = row.cells[column];
    if (cell.dataset.value !== undefined) return Number(cell.dataset.value);
    const text = cell.textContent.trim();
    if (text === "–" || text === "") return null;
    return Number.isNaN(Number(text)) ? text : Number(text);
  };
  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a === "number") return -1;
    if (typeof b === "number") return 1;
    return a.localeCompare(b, undefined, { numeric: true });
  };

  for (const table of document.querySelectorAll("table.results")) {
    const blocks = [...table.tBodies].map((body) => ({
      body, rows: [...body.rows].filter((row) => !row.matches(".setting, .promise")),
    }));
    const rows = blocks.flatMap(({ body, rows }) => rows.map((row) => {
      if (body.dataset.regime !== undefined) row.dataset.regime = body.dataset.regime;
      return row;
    }));
    const flat = document.createElement("tbody");
    const headers = [...table.tHead.rows[0].cells];
    const restore = () => {
      table.classList.remove("flat");
      flat.remove();
      for (const { body, rows } of blocks) { body.append(...rows); table.append(body); }
    };
    const sort = (column, descending) => {
      const sorted = rows.map((row) => [key(row, column), row]);
      sorted.sort(([a], [b]) => {
        if (a === null || b === null) return (a === null) - (b === null);
        return descending ? compare(b, a) : compare(a, b);
      });
      for (const { body } of blocks) body.remove();
      flat.append(...sorted.map(([, row]) => row));
      table.classList.add("flat");
      table.append(flat);
    };
    headers.forEach((header, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = header.textContent;
      button.title = "Sort; a third time restores the order";
      header.replaceChildren(button);
      button.addEventListener("click", () => {
        const next = { none: "ascending", ascending: "descending", descending: "none" }[header.ariaSort ?? "none"];
        for (const other of headers) other.removeAttribute("aria-sort");
        if (next === "none") restore(); else { sort(column, next === "descending"); header.setAttribute("aria-sort", next); }
        status.textContent = next === "none"
          ? "Order restored" : `Sorted by ${button.textContent}, ${next}`;
      });
    });
  }

  // Only what can be scrolled is a stop of the keyboard.
  for (const box of document.querySelectorAll(".scroll")) {
    const mend = () => { if (box.scrollWidth > box.clientWidth) box.tabIndex = 0; else box.removeAttribute("tabindex"); };
    const observer = new ResizeObserver(mend);
    for (const one of [box, ...box.children]) observer.observe(one);
    mend();
  }

  const filter = () => {
    const wanted = regimes.value;
    for (const part of document.querySelectorAll("[data-regime]")) {
      part.hidden = wanted !== "" && part.dataset.regime !== wanted;
    }
    status.textContent = wanted === "" ? "All regimes are shown" : `Only ${wanted} is shown`;
  };
  regimes.addEventListener("change", filter);
  if (regimes.value) filter();
})();
