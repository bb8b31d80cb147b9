// Move and zoom the view of a chart with mouse, touch, wheel and keyboard.

/**
 * @typedef {object} View the visible period, in seconds
 * @property {number} min
 * @property {number} max
 *
 * @typedef {object} Control
 * @property {() => View} view
 * @property {(view: View) => void} show
 * @property {() => void} reset
 * @property {(steps: number|"first"|"last"|"none") => void} choose moves the chosen day
 */

const STEP = 1.4; // of one zoom by key, button or turn of the wheel

/** A view zoomed around a point. @param {View} view @param {number} factor above 1 zooms out */
function zoomed(view, factor, around = (view.min + view.max) / 2) {
  return { min: around - (around - view.min) * factor, max: around + (view.max - around) * factor };
}

export const zoomIn = (view) => zoomed(view, 1 / STEP);
export const zoomOut = (view) => zoomed(view, STEP);

const moved = (view, seconds) => ({ min: view.min + seconds, max: view.max + seconds });

/** @param {HTMLElement} over the area of the plot @param {Control} control */
export function addPointer(over, control) {
  const pointers = new Map();
  let start = null; // view, and centre and distance of the pointers, when their number last changed

  const measure = () => {
    const xs = [...pointers.values()];
    const centre = xs.reduce((sum, x) => sum + x, 0) / xs.length;
    return { centre, distance: xs.length > 1 ? Math.max(20, Math.abs(xs[0] - xs[1])) : 0 };
  };
  const restart = () => { start = pointers.size ? { view: control.view(), ...measure() } : null; };
  const at = (event) => event.clientX - over.getBoundingClientRect().left;

  over.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && event.button !== 0) return;
    pointers.set(event.pointerId, at(event));
    over.setPointerCapture(event.pointerId);
    restart();
  });
  over.addEventListener("pointermove", (event) => {
    if (!pointers.has(event.pointerId)) return;
    pointers.set(event.pointerId, at(event));
    const now = measure();
    const seconds = (start.view.max - start.view.min) / over.clientWidth;
    const anchor = start.view.min + start.centre * seconds;
    const factor = now.distance ? start.distance / now.distance : 1;
    const view = zoomed(start.view, factor, anchor);
    control.show(moved(view, (start.centre - now.centre) * seconds * factor));
  });
  for (const end of ["pointerup", "pointercancel"]) {
    over.addEventListener(end, (event) => {
      pointers.delete(event.pointerId);
      restart();
    });
  }
  over.addEventListener("wheel", (event) => {
    const view = control.view();
    const seconds = (view.max - view.min) / over.clientWidth;
    if (event.ctrlKey || event.metaKey) {
      control.show(zoomed(view, STEP ** Math.sign(event.deltaY), view.min + at(event) * seconds));
    } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      control.show(moved(view, event.deltaX * seconds));
    } else {
      return; // scrolls the page
    }
    event.preventDefault();
  }, { passive: false });
  over.addEventListener("dblclick", control.reset);
}

/** @param {HTMLElement} host the element that takes the focus @param {Control} control */
export function addKeyboard(host, control) {
  const tenth = () => (control.view().max - control.view().min) / 10;
  const actions = {
    ArrowLeft: () => control.choose(-1),
    ArrowRight: () => control.choose(1),
    PageUp: () => control.show(moved(control.view(), -5 * tenth())),
    PageDown: () => control.show(moved(control.view(), 5 * tenth())),
    Home: () => control.choose("first"),
    End: () => control.choose("last"),
    Escape: () => control.choose("none"),
    "+": () => control.show(zoomIn(control.view())),
    "=": () => control.show(zoomIn(control.view())),
    "-": () => control.show(zoomOut(control.view())),
    0: control.reset,
  };
  const shifted = {
    ArrowLeft: () => control.show(moved(control.view(), -tenth())),
    ArrowRight: () => control.show(moved(control.view(), tenth())),
  };
  host.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = (event.shiftKey && shifted[event.key]) || actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  host.addEventListener("blur", () => control.choose("none"));
}
