"use strict";
// A table with a marked cell scrolls only as far as the cell needs, and to the beginning of a column: so what is beside the
// cell is legible, and not half below the header of its row. The page of a citation has this script, too.
window.showCell = (cell) => {
  const grid = cell.closest(".p-grid");
  grid.scrollLeft = 0;
  const frame = grid.getBoundingClientRect();
  const row = [...cell.parentElement.cells];
  const [held, loose] = [true, false].map((isHeld) => row.filter((each) => (getComputedStyle(each).position === "sticky") === isHeld));
  const edge = frame.left + held.reduce((width, each) => width + each.offsetWidth, 0);
  const box = cell.getBoundingClientRect();
  const least = box.right - frame.left - grid.clientWidth;
  const starts = [0, ...loose.map((each) => each.getBoundingClientRect().left - edge)];
  grid.scrollLeft = starts.find((start) => start >= least) ?? box.left - edge;
  grid.scrollTop += box.top - frame.top - (frame.height - box.height) * 0.5;
};
