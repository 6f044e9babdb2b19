(() => {
  const box = document.getElementById("explore");
  if (box === null) return;
  const data = JSON.parse(document.getElementById("explore-data").textContent);
  const pick = Object.fromEntries(["regime", "n", "d", "fit"].map((name) => [name, document.getElementById(`explore-${name}`)]));
  const said = document.getElementById("explore-said");
  const plot = document.getElementById("explore-plot");
  const list = document.getElementById("explore-theories");
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
  const draw = (one, answer) => {
    const widths = answer.counts.map(([k]) => k);
    const near = one.theories.filter(([, k]) => widths.length && k <= 4 * Math.max(...widths) && k >= 0.25 * Math.min(...widths));
    const all = [...widths, ...near.map(([, k]) => k)];
    const [first, last] = all.length ? [Math.log(Math.min(...all) * 0.85), Math.log(Math.max(...all) * 1.2)] : [0, 1];
    const x = (k) => 48 + 540 * (Math.log(k) - first) / (last - first);
    const y = (share) => 200 - 175 * share;
    plot.replaceChildren();
    if (answer.low !== null || answer.high !== null) {
      const left = answer.low === null ? 48 : x(answer.low), right = answer.high === null ? 588 : x(answer.high);
      plot.append(make("rect", { x: left, y: 25, width: Math.max(right - left, 1), height: 175, class: "bracket" }));
    }
    for (const share of [0, 0.5, 1]) {
      plot.append(make("line", { x1: 48, x2: 588, y1: y(share), y2: y(share), class: "rule" }), make("text", { x: 42, y: y(share) + 4, "text-anchor": "end" }, share));
    }
    let free = -99;
    for (const k of widths) {
      if (x(k) - free < 26) continue;
      plot.append(make("text", { x: x(k), y: 216, "text-anchor": "middle" }, k));
      free = x(k);
    }
    plot.append(make("text", { x: 318, y: 234, "text-anchor": "middle" }, "hidden width k"));
    plot.append(make("text", { x: 48, y: 16 }, "share of nets that fit"));
    near.forEach(([title, k]) => {
      const line = make("line", { x1: x(k), x2: x(k), y1: 25, y2: 200, class: "theory" });
      line.append(make("title", {}, `${title}: ${k}`));
      plot.append(line);
    });
    plot.append(make("polyline", { points: answer.counts.map(([k, m, , trials]) => `${x(k)},${y(m / trials)}`).join(" "), class: "curve" }));
    for (const [k, m, open, trials] of answer.counts) {
      const dot = make("circle", { cx: x(k), cy: y(m / trials), r: 4, class: open ? "dot open" : "dot" });
      dot.append(make("title", {}, `k = ${k}: ${m} of ${trials} fit${open ? `, ${open} open` : ""}`));
      plot.append(dot);
    }
  };
  const show = () => {
    const one = chosen();
    if (one === undefined) { said.textContent = "Nothing was measured at this n and d."; plot.replaceChildren(); list.replaceChildren(); return; }
    fill(pick.fit, one.answers.map((answer) => answer.fit));
    const answer = one.answers.find((other) => other.fit === pick.fit.value) ?? one.answers[0];
    const counts = answer.counts.map(([k, m, , trials]) => `${m}/${trials} at ${k}`).join(", ");
    said.textContent = `k½ of ${one.regime} at n = ${one.n}, d = ${one.d}, ${answer.fit}: ${answer.k}. `
      + (answer.limited ? "More steps may lower it. " : "") + `Fits: ${counts || "none tried"}.`;
    draw(one, answer);
    plot.setAttribute("aria-label", said.textContent);
    list.replaceChildren(...[...one.theories].sort((a, b) => a[1] - b[1]).map(([title, k, applies, guarantee]) => {
      const item = document.createElement("li");
      item.textContent = `${Number(k.toPrecision(3))}: ${title} (${guarantee}${applies ? "" : ", an assumption fails"})`;
      return item;
    }));
  };
  fill(pick.regime, data.map((one) => one.regime));
  fill(pick.n, data.map((one) => one.n).sort((a, b) => a - b));
  fill(pick.d, data.map((one) => one.d).sort((a, b) => a - b));
  if (data.length) { pick.n.value = String(Math.max(...data.map((one) => one.n))); }
  for (const select of Object.values(pick)) select.addEventListener("change", show);
  box.hidden = false;
  show();
})();
