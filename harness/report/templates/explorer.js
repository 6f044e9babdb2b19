(async () => {
  const box = document.getElementById("explore");
  const data = (await packed)?.places;
  if (data === undefined) return;
  const pick = Object.fromEntries(["regime", "n", "d", "fit", "budget"].map((name) => [name, document.getElementById(`explore-${name}`)]));
  const said = document.getElementById("explore-said");
  const plot = document.getElementById("explore-plot");
  const list = document.getElementById("explore-theories");
  const lines = document.getElementById("explore-lines");
  const ADDRESS = "#explore=";
  const make = (name, attributes, text) => {
    const found = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, value);
    if (text !== undefined) found.textContent = text;
    return found;
  };
  const fill = (select, values) => {
    const before = select.value;
    select.replaceChildren(...[...new Set(values.map(String))].map((value) => new Option(value, value)));
    if ([...select.options].some((option) => option.value === before)) select.value = before;
  };
  const chosen = () => data.find((one) => one.regime === pick.regime.value && String(one.n) === pick.n.value && String(one.d) === pick.d.value);
  const draw = (one, { low, high, fits, open }) => {
    const { widths, trials } = one;
    const near = one.theories.filter(([, k]) => widths.length && k <= 4 * Math.max(...widths) && k >= 0.25 * Math.min(...widths));
    const all = [...widths, ...[low, high].filter((k) => k), ...near.map(([, k]) => k)];
    const [first, last] = all.length ? [Math.log(Math.min(...all) * 0.85), Math.log(Math.max(...all) * 1.2)] : [0, 1];
    const x = (k) => 48 + 540 * (Math.log(k) - first) / (last - first);
    const y = (share) => 200 - 175 * share;
    plot.replaceChildren();
    if (low !== null || high !== null) {
      const left = low ? x(low) : 48, right = high === null ? 588 : x(high);
      plot.append(make("rect", { x: left, y: 25, width: Math.max(right - left, 1), height: 175, class: "bracket" }));
    }
    for (const share of [0, 0.5, 1]) {
      plot.append(make("line", { x1: 48, x2: 588, y1: y(share), y2: y(share), class: "rule" }), make("text", { x: 42, y: y(share) + 4, "text-anchor": "end" }, share));
    }
    let free = -99;
    for (const k of widths) {
      const half = 7 * String(k).length + 4; // of a number in the type of phones
      if (x(k) - half < free) continue;
      plot.append(make("text", { x: x(k), y: 220, "text-anchor": "middle" }, k));
      free = x(k) + half;
    }
    plot.append(make("text", { x: 318, y: 246, "text-anchor": "middle" }, "hidden width k"));
    plot.append(make("text", { x: 48, y: 16 }, "share of nets that fit"));
    near.forEach(([title, k]) => {
      const line = make("line", { x1: x(k), x2: x(k), y1: 25, y2: 200, class: "theory" });
      line.append(make("title", {}, `${title}: ${k}`));
      plot.append(line);
    });
    const short = (k) => Number(k.toPrecision(3));
    lines.textContent = near.length ? `Dashed: ${near.map(([title, k]) => `${title} at C = 1 (${short(k)})`).join(", ")}.` : "";
    const drawn = widths.map((k, i) => [k, i]).filter(([, i]) => trials[i]);
    plot.append(make("polyline", { points: drawn.map(([k, i]) => `${x(k)},${y(fits[i] / trials[i])}`).join(" "), class: "curve" }));
    drawn.forEach(([k, i]) => {
      const dot = make("circle", { cx: x(k), cy: y(fits[i] / trials[i]), r: 4, class: open[i] ? "dot open" : "dot" });
      dot.append(make("title", {}, `k = ${k}: ${fits[i]} of ${trials[i]} fit${open[i] ? `, ${open[i]} open` : ""}`));
      plot.append(dot);
    });
  };
  // What was chosen is kept from place to place. Where it is missing, the leading question or the whole budget is shown.
  const wished = { fit: null, budget: null };
  const prefer = (name, values, usual) => {
    fill(pick[name], values);
    pick[name].value = values.includes(wished[name]) ? wished[name] : usual;
    return pick[name].value;
  };
  const question = (one) => {
    const fit = prefer("fit", one.answers.map(([named]) => named), one.leading[0]);
    const within = one.answers.find(([named]) => named === fit)[1];
    const budgets = within.map(([steps]) => steps);
    const budget = prefer("budget", budgets, budgets.filter((steps) => steps !== "unlimited").at(-1) ?? "unlimited");
    const [, text, half, low, high, limited, fits, open = []] = within.find(([steps]) => steps === budget);
    const asked = fit === "exact" ? "exact fits, unlimited steps" : `${fit} within ${budget === "unlimited" ? "unlimited steps" : budget}`;
    return { asked, text, half, low, high, limited, fits, open };
  };
  const show = () => {
    const one = chosen();
    if (one === undefined) { said.textContent = "Nothing was measured at this n and d."; plot.replaceChildren(); list.replaceChildren(); return; }
    const answer = question(one);
    const counts = one.widths.map((k, i) => `${answer.fits[i]}/${one.trials[i]} at ${k}`).join(", ");
    said.textContent = `k½ of ${one.regime} at n = ${one.n}, d = ${one.d}, ${answer.asked}: ${answer.text}. `
      + (answer.limited ? "More steps may lower it. " : "") + `Fits: ${counts || "none tried"}.`;
    draw(one, answer);
    plot.setAttribute("aria-label", said.textContent);
    list.replaceChildren(...[...one.theories].sort((a, b) => a[1] - b[1]).map(([title, k, applies, guarantee]) => {
      const item = document.createElement("li");
      const times = answer.half === null ? "" : `${Number((k / answer.half).toPrecision(3))} × k½, `;
      item.textContent = `${Number(k.toPrecision(3))}: ${title} (${times}${guarantee}${applies ? "" : ", an assumption fails"})`;
      return item;
    }));
  };
  fill(pick.regime, data.map((one) => one.regime));
  fill(pick.n, data.map((one) => one.n).sort((a, b) => a - b));
  fill(pick.d, data.map((one) => one.d).sort((a, b) => a - b));
  for (const name of ["n", "d"]) pick[name].selectedIndex = pick[name].options.length - 1;
  // What is chosen is in the address, so that a link shows it again.
  const recall = () => {
    if (!location.hash.startsWith(ADDRESS)) return false;
    const parts = location.hash.slice(ADDRESS.length).split("/").map(decodeURIComponent);
    Object.keys(pick).forEach((name, place) => {
      if (name in wished) wished[name] = parts[place];
      else if ([...pick[name].options].some(({ value }) => value === parts[place])) pick[name].value = parts[place];
    });
    return true;
  };
  for (const [name, select] of Object.entries(pick)) {
    select.addEventListener("change", () => {
      if (name in wished) wished[name] = select.value;
      show();
      history.replaceState(null, "", ADDRESS + Object.values(pick).map(({ value }) => encodeURIComponent(value)).join("/"));
    });
  }
  window.addEventListener("hashchange", () => { if (recall()) show(); });
  const linked = recall();
  box.hidden = false;
  show();
  if (linked) document.getElementById("explore-head").scrollIntoView();
})();
