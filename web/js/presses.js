// A press counts also when what was pressed is drawn anew before the finger is up: lists that follow live calls replace
// their rows, and the browser then tells of no click. The fresh element under the pointer is pressed instead, if it is the
// same one: an element without an id, an address or data of its own cannot be told from its neighbour and is left alone.
const PRESSED = "button, a[href], summary, [role=button]";

const mark = (element) => {
  const own = [element.id, element.getAttribute("href") ?? "", JSON.stringify(element.dataset)];
  return own.join("") === "{}" ? null : [element.tagName, ...own].join(" ");
};

let down = null;

export function startPresses() {
  document.addEventListener("pointerdown", ({ target, button }) => {
    const element = button === 0 && target.closest?.(PRESSED);
    down = element ? { element, mark: mark(element) } : null;
  }, true);
  document.addEventListener("pointerup", ({ clientX, clientY }) => {
    const was = down;
    down = null;
    if (!was?.mark || was.element.isConnected) return;
    const fresh = document.elementFromPoint(clientX, clientY)?.closest(PRESSED);
    if (fresh && mark(fresh) === was.mark && !fresh.disabled) fresh.click();
  }, true);
}
