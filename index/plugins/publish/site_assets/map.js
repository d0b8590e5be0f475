// Shows on the map which passages were found. The map itself is part of page.html.
const SVG = "http://www.w3.org/2000/svg";

/** Colour the dots of these passages; index.points has the place of each passage on the map. */
export function showOnMap(index, passages) {
  const hits = document.querySelector("#map .hits");
  if (!hits) return;
  const known = new Map(index.passages.map((passage) => [`${passage.document} ${passage.start}`, passage.id]));
  const dots = passages.map(({ document, start }) => index.points[known.get(`${document} ${start}`)]).filter(Boolean);
  hits.replaceChildren(...dots.map(([x, y]) => {
    const dot = document.createElementNS(SVG, "circle");
    dot.setAttribute("cx", x);
    dot.setAttribute("cy", y);
    dot.setAttribute("r", "4.5");
    return dot;
  }));
}
