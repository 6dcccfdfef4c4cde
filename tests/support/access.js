// What tests/support/access.py asks a page: globalThis.access, put there anew for each look at it.
globalThis.access = (() => {
    const words = (e) => (e.getAttribute("aria-label") || e.textContent || e.name || "").trim().slice(0, 40);
    const say = (e) => `<${e.localName}${e.id ? `#${e.id}` : ""}${[...e.classList].map((one) => `.${one}`).join("")}> ${words(e)}`;
    const shown = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getBoundingClientRect().width > 1;
    const OPERATED = 'a[href], button, input:not([type="hidden"]), select, textarea, summary, [role="button"], [role="link"], [tabindex="0"]';
    const controls = () => [...document.querySelectorAll(OPERATED)].filter((e) => shown(e) && !e.matches(":disabled") && !e.closest("[inert]"));
    // Inside these one control is a stop, the arrows go on.
    const ONE_STOP = '[role="menu"], [role="listbox"], [role="tablist"], [role="radiogroup"], [role="toolbar"]';

    let reached = new Set();
    let stops = [];
    let last = null;
    let walked = [];

    function begin() {
        const groups = new Set();
        stops = controls().filter((e) => {
            if (e.tabIndex < 0 && e.closest(ONE_STOP)) return false;
            if (e.type !== "radio") return true;
            const group = [...document.querySelectorAll(`input[type="radio"][name="${CSS.escape(e.name)}"]`)];
            if (group.some((one) => one.checked) ? !e.checked : groups.has(e.name)) return false;
            groups.add(e.name);
            return true;
        });
        reached = new Set();
        last = null;
        walked = [];
        addEventListener("keyup", step, true);
        // The first Tab begins at the top of the page.
        document.activeElement?.blur();
        getSelection().removeAllRanges();
        document.body.tabIndex = -1;
        document.body.focus();
        document.body.removeAttribute("tabindex");
    }

    const clear = (color) => /^rgba\(.*, 0\)$|transparent/.test(color);
    // An outline, or a shadow that goes round: nothing but a ring has neither offset nor blur.
    const ring = (e) => {
        const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(e);
        return (outlineStyle !== "none" && parseFloat(outlineWidth) > 0 && !clear(outlineColor)) || /0px 0px 0px ([2-9]|1\d)px(?! inset)/.test(boxShadow);
    };

    // Where the focus is now: "" when it can be seen, else what is wrong; null when the walk has come round.
    function stop() {
        const e = document.activeElement;
        // A date has stops of its own: day, month, year, calendar. So has a range of sound.
        if (e && e === last && ["input", "audio"].includes(e.localName)) return "";
        last = e;
        if (!e || e === document.body || reached.has(e)) return null;
        reached.add(e);
        const label = e.closest("label");
        if (!ring(e) && !(label && ring(label))) return `no focus ring: ${say(e)}`;
        const at = e.getBoundingClientRect();
        const x = Math.min(Math.max(at.left, 0) + 2, at.right);
        const middle = at.left + Math.min(at.width, innerWidth) / 2;
        const seen = ([px, py]) => {
            const top = document.elementFromPoint(px, py);
            // What goes by itself, or was opened and closes by Escape, may lie over something.
            return top && (e.contains(top) || top.contains(e) && top.localName !== "html" || label?.contains(top) || top.closest(".toasts, .callcard, dialog"));
        };
        if (middle < 0 || middle > innerWidth || at.bottom < 0 || at.top > innerHeight) return `focus out of sight: ${say(e)}`;
        // Taller than what it scrolls in: its head must be seen, else all of it.
        const port = (e.closest("main") ?? document.documentElement).getBoundingClientRect();
        const points = [[middle, at.top + 3], [middle, (at.top + at.bottom) / 2], [x, at.top + 3]];
        if (at.height < port.height) points.push([middle, at.bottom - 3]);
        if (points.every(seen)) return "";
        const over = document.elementFromPoint(...(points.find((point) => !seen(point))));
        return `focus behind ${over ? say(over) : "the edge"}: ${say(e)}`;
    }

    // Looks where each Tab led, until the walk has come round.
    function step({ key }) {
        if (key !== "Tab") return;
        const said = stop();
        walked.push(said);
        if (said === null) removeEventListener("keyup", step, true);
    }
    const taken = () => walked.splice(0);

    // Ends the walk, with the focus in no field.
    function missed() {
        document.activeElement?.blur();
        return stops.filter((e) => e.isConnected && shown(e) && !reached.has(e)).map(say);
    }

    // Colours as the screen shows them: whatever a style says, through a canvas.
    const paint = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const known = new Map();
    function rgba(color) {
        if (!known.has(color)) {
            paint.clearRect(0, 0, 1, 1);
            paint.fillStyle = color;
            paint.fillRect(0, 0, 1, 1);
            const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data;
            known.set(color, [r, g, b, a / 255]);
        }
        return known.get(color);
    }
    const over = (top, below, share = top[3]) => [0, 1, 2].map((n) => top[n] * share + below[n] * (1 - share)).concat(1);
    const linear = (v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
    const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);

    // The contrast of the text in an element with the ground below it.
    function contrast(e, color) {
        const layers = [];
        let share = 1;
        for (let one = e; one; one = one.parentElement) {
            const look = getComputedStyle(one);
            share *= parseFloat(look.opacity);
            const ground = rgba(look.backgroundColor);
            if (ground[3] && !layers.some((layer) => layer[3] === 1)) layers.push(ground);
        }
        const ground = layers.reverse().reduce((below, layer) => over(layer, below), rgba("Canvas"));
        const text = rgba(color);
        const [dark, bright] = [light(over(text, ground, text[3] * share)), light(ground)].sort((a, b) => a - b);
        return (bright + 0.05) / (dark + 0.05);
    }

    function pale() {
        const found = new Set();
        const look = (e, text, pseudo) => {
            if (!e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || e.closest("svg, option, :disabled, [aria-disabled=true]")) return;
            const at = e.getBoundingClientRect();
            if (at.width <= 1 || at.height <= 1) return;
            const { color, fontSize, fontWeight } = getComputedStyle(e, pseudo);
            const size = parseFloat(fontSize);
            const least = size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700) ? 3 : 4.5;
            const ratio = contrast(e, color);
            if (ratio < least - 0.005) found.add(`${ratio.toFixed(2)} to 1: ${say(e)} in ${say(e.parentElement)} ${text}`);
        };
        const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        for (let node = walk.nextNode(); node; node = walk.nextNode()) if (node.data.trim()) look(node.parentElement, node.data.trim().slice(0, 30));
        for (const e of document.querySelectorAll("[placeholder]")) if (!e.value) look(e, e.placeholder, "::placeholder");
        return [...found];
    }

    // Whether a finger that misses a control by less than half of `least` still presses it: it may be larger than it looks.
    function felt(e, least) {
        e.scrollIntoView({ block: "center", inline: "nearest" });
        const at = e.getBoundingClientRect();
        const [x, y, r] = [(at.left + at.right) / 2, (at.top + at.bottom) / 2, least / 2 - 0.75];
        return [[x - r, y], [x + r, y], [x, y - r], [x, y + r]].every(([px, py]) => e.contains(document.elementFromPoint(px, py)));
    }

    // What sticks out of a narrow screen, and what is too small for a finger.
    function cramped(least) {
        const found = [];
        if (document.documentElement.scrollWidth > innerWidth) found.push(`the page is ${document.documentElement.scrollWidth} px wide`);
        const main = document.querySelector("main");
        if (main.scrollWidth > main.clientWidth) found.push(`the main part is ${main.scrollWidth} px wide`);
        const scrolls = (e) => {
            for (let one = e.parentElement; one && one !== main; one = one.parentElement) if (/auto|scroll/.test(getComputedStyle(one).overflowX) && one.scrollWidth > one.clientWidth) return true;
            return false;
        };
        for (const e of controls()) {
            // A label is pressed as well as its box; a link inside a sentence is as high as its line.
            const at = (e.closest("label") ?? e).getBoundingClientRect();
            if (at.bottom < 0) continue;
            if ((at.left < -1 || at.right > innerWidth + 1) && !scrolls(e)) found.push(`sticks out: ${say(e)}`);
            const inline = e.localName === "a" && getComputedStyle(e).display === "inline";
            if (!inline && e.type !== "file" && (at.width < least || at.height < least) && !felt(e, least)) found.push(`${Math.round(at.width)} × ${Math.round(at.height)} px: ${say(e)}`);
        }
        return found;
    }

    return { begin, taken, missed, pale, cramped };
})();
