// What is packed into the page, or null in a browser that cannot unpack it. Then the note stays that says so.
const packed = (async () => {
  const bytes = Uint8Array.from(atob(document.getElementById("packed").textContent), (sign) => sign.charCodeAt(0));
  const found = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).json();
  document.getElementById("not-unpacked").hidden = true;
  return found;
})().catch(() => null);
