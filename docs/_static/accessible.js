// What Sphinx and its theme lack for readers who listen to a page or use a keyboard: levels of headings, names of both
// contents, and a stop at each box that scrolls.
for (const heading of document.querySelectorAll(".caption[role=heading]")) heading.setAttribute("aria-level", "2");
for (const side of document.querySelectorAll("aside")) {
  side.setAttribute("aria-label", side.matches(".toc-drawer") ? "On this page" : "Site");
}
for (const box of document.querySelectorAll(".table-wrapper, pre, div.math")) {
  const mend = () => { if (box.scrollWidth > box.clientWidth) box.tabIndex = 0; else box.removeAttribute("tabindex"); };
  mend();
  new ResizeObserver(mend).observe(box);
}
