// Once the widths of a place are open, each opens into its trials.
(async () => {
  const data = await packed;
  if (data === null) return;
  const listing = ([verdicts, steps, measures, numbers]) => {
    const last = measures.split(" ");
    const rows = [...verdicts].map((verdict, i) => [numbers?.[i] ?? i, data.verdicts[verdict].padEnd(8), steps[i] ?? "–", last[i]]);
    const heads = ["trial", "verdict ", "step", "measure"];
    return [heads, ...rows].map(([trial, verdict, step, measure]) => (
      `${String(trial).padStart(5)} ${verdict} ${String(step).padStart(8)} ${measure.padStart(9)}`)).join("\n");
  };
  const openable = (line, cell) => {
    const details = document.createElement("details");
    const summary = document.createElement("summary");
    summary.append(...line.childNodes);
    details.append(summary);
    details.addEventListener("toggle", () => {
      const pre = document.createElement("pre");
      pre.textContent = listing(cell);
      details.append(pre);
    }, { once: true });
    line.append(details);
  };
  document.querySelectorAll(".place").forEach((place, index) => {
    const open = () => place.querySelectorAll("li").forEach((line, width) => openable(line, data.cells[index][width]));
    if (place.open) open(); else place.addEventListener("toggle", open, { once: true });
  });
})();
