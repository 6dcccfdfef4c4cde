// The script of my call, beside the page: it opens by itself, never leaves the call, and saves what is entered at once.
import { $, h, icon, setText, show, typing } from "../js/dom.js";
import { t } from "../js/i18n.js";
import { draftOf, drafts, keepDraft } from "./drafts.js";
import { drawLetter } from "./letter.js";
import { drawForm, drawOutcomes, drawText, hint, jump, markMended, markProblems, markState, valuesOf } from "./parts.js";

const PAUSE = 700;
const AGAIN = 4_000;
const OPEN = "callcenter-script-open";

export function start(shell) {
  document.addEventListener("click", jump, true);
  // The phone in a window of its own has no place for it.
  if (!shell.me?.agent_id || document.documentElement.classList.contains("popped")) return;
  new Panel(shell).start();
}

class Panel {
  #shell;
  #root = null;
  #view = null;
  #call = "";
  #now = { id: "", talks: false };
  #over = false;
  #took = false;
  #timers = {};
  #saving = Promise.resolve();

  constructor(shell) {
    this.#shell = shell;
  }

  start() {
    const { store, stream, me } = this.#shell;
    const mine = (s) => s.agents[me.agent_id] ?? null;
    const seen = (s) => s.calls[mine(s)?.call_id] ?? null;
    store.subscribe((s) => `${seen(s)?.id ?? ""} ${seen(s)?.direction ?? ""} ${mine(s)?.state === "talking"} ${s.rev > 0}`, () => this.#follow(seen(store.state), mine(store.state)));
    stream.on("back", () => this.#flush());
    document.addEventListener("click", (event) => {
      const of = event.target.closest?.("[data-script-of]");
      if (of) this.open(of.dataset.scriptOf, true);
    });
    document.addEventListener("keydown", (event) => this.#key(event));
    addEventListener("beforeunload", () => this.#keep());
    // Another page's script waits until the server has what was entered, and closes what is done with.
    document.addEventListener("script-save", ({ detail }) => {
      this.#keep();
      detail.push(this.#saving);
    });
    document.addEventListener("script-close", () => { if (this.#over) this.close(); });
    this.#flush();
    const left = sessionStorage.getItem(OPEN);
    if (left) this.open(left);
  }

  // --- which call ---------------------------------------------------------------------------------------------------------

  #follow(seen, mine) {
    const id = seen && seen.direction !== "internal" ? seen.id : "";
    const talks = Boolean(id) && (mine.state === "talking" || seen.direction === "out");
    const before = this.#now;
    this.#now = { id, talks };
    if (id && id !== before.id) this.open(id);
    if (!id && before.id === this.#call && before.id) this.#ended();
    if (id === this.#call && talks) {
      this.#took = true;
      this.#draw();
    }
  }

  #ended() {
    // A call that rang here and went to somebody else has no outcome of mine.
    if (!this.#took) return this.close();
    this.#over = true;
    return this.#draw();
  }

  async open(id, asked = false, tries = 2) {
    if (id !== this.#call) {
      this.#keep();
      this.#root?.remove();
      this.#root = this.#view = null;
      this.#took = this.#now.id === id && this.#now.talks;
    }
    this.#call = id;
    this.#over = this.#now.id !== id;
    let view;
    try {
      view = await this.#shell.api("GET", `${path(id)}/script`);
    } catch (error) {
      if (this.#call !== id) return;
      // A call that has just begun may not be known yet; without a link it is asked for again.
      if (tries && (error.status === 404 || error.status === 0 || error.status >= 500)) setTimeout(() => { if (this.#call === id && !this.#view) this.open(id, asked, error.status === 404 ? tries - 1 : tries); }, 1_000);
      else if (asked) this.#shell.complain(error.message);
      else sessionStorage.removeItem(OPEN);
      return;
    }
    if (this.#call !== id) return;
    if (!view.script) {
      sessionStorage.removeItem(OPEN);
      return;
    }
    sessionStorage.setItem(OPEN, id);
    this.#show(view);
    if (asked) this.#focus();
  }

  close() {
    this.#keep();
    this.#root?.remove();
    this.#root = this.#view = null;
    this.#call = "";
    sessionStorage.removeItem(OPEN);
  }

  // --- what is drawn ------------------------------------------------------------------------------------------------------

  #show(view) {
    this.#view = view;
    const { me } = this.#shell;
    const draft = draftOf(me.agent_id, this.#call);
    if (draft.outcome?.script_id === view.script.id) view.result = { ...view.result, ...draft.outcome };
    if (draft.form && view.form?.id === draft.form.id) view.form.values = draft.form.values;
    // Where it would cover the page it waits folded.
    const small = this.#root?.classList.contains("small") ?? matchMedia("(max-width: 900px)").matches;
    const root = h("aside.script-panel", { id: "script-panel", "data-call": view.call_id, "aria-labelledby": "script-panel-name", "hx-ignore": true });
    root.append(this.#head(view), this.#body(view), this.#foot(view));
    if (this.#root) this.#root.replaceWith(root);
    else {
      $("#main").after(root);
      this.#shell.dom.announce(t("Script: %(name)s", { name: view.script.name }));
    }
    this.#root = root;
    root.addEventListener("change", (event) => this.#changed(event));
    root.addEventListener("input", (event) => this.#typed(event));
    root.addEventListener("focusout", (event) => { if (event.target.matches("textarea, input")) this.#keep(); });
    root.addEventListener("click", (event) => this.#clicked(event));
    root.addEventListener("submit", (event) => event.preventDefault());
    this.#fold(small);
    this.#draw();
    if (draft.outcome || draft.form) this.#flush();
  }

  #head(view) {
    const name = view.scripts.length > 1
      ? h("label.grow", h("span.vh", t("Script")), h("select.in", { id: "script-panel-name", "data-script-choice": true }, view.scripts.map((one) => h("option", { value: one.id, selected: one.id === view.script.id }, one.name))))
      : h("h2.grow.cut", { id: "script-panel-name" }, view.script.name);
    return h(
      "header", icon("note", "s"), name, h("span.small.t3", { "data-script-saved": true }),
      h("button.btn.bare.icon.sm", { type: "button", "data-script-fold": true, "aria-expanded": "true", "aria-label": t("Fold the script"), title: t("Fold the script") }, icon("down", "s")),
    );
  }

  #body(view) {
    const parts = [drawText(view.script)];
    if (view.form) {
      parts.unshift(h(
        "div.seg", { role: "tablist", "aria-label": t("Script") },
        h("button", { type: "button", role: "tab", id: "script-tab-text", "data-script-tab": "text", "aria-selected": "true", "aria-controls": "script-page-text" }, t("Text")),
        h("button", { type: "button", role: "tab", id: "script-tab-form", "data-script-tab": "form", "aria-selected": "false", "aria-controls": "script-page-form" }, t("Questionnaire"), h("span", { "data-form-mark": true })),
      ));
      parts[1] = h("div", { role: "tabpanel", id: "script-page-text", "data-script-page": "text", "aria-labelledby": "script-tab-text" }, parts[1]);
      parts.push(h("div", { role: "tabpanel", id: "script-page-form", "data-script-page": "form", "aria-labelledby": "script-tab-form", hidden: true }, drawForm(view.form)));
    }
    // Scrolled by keys as well.
    const body = h("div.script-body", { tabindex: "0", role: "region", "aria-label": t("Text of the script") }, parts);
    if (view.form) markState(body, view.form.state);
    return body;
  }

  #foot(view) {
    return h("div.script-foot", drawOutcomes(view.script, view.result), drawLetter(this.#shell, view), h("p.note", { "data-script-problem": true, "data-state": "missed", role: "alert", hidden: true }), h("button.btn", { type: "button", "data-script-done": true, hidden: true }, icon("check", "s"), t("Done")));
  }

  // What changes while the same script is open.
  #draw() {
    const root = this.#root;
    if (!root) return;
    // It may have been opened while it only rang; how a talk ended is said after it as well.
    const writable = this.#view.writable || (this.#now.id === this.#call && this.#now.talks) || (this.#over && this.#took);
    for (const part of [$("[data-outcomes]", root), ...root.querySelectorAll("[data-questions] :is(fieldset, input, textarea, select, button)")]) part.disabled = !writable;
    show($("[data-script-done]", root), this.#over);
    show($("[data-outcomes]", root), this.#view.script.outcomes.length > 0 || writable);
    hint(this.#view.script, $("[data-outcome-hint]", root), this.#outcome().outcome_id);
  }

  #say(words) {
    setText($("[data-script-saved]", this.#root ?? document.body), words);
  }

  #problem(words = "") {
    const place = this.#root && $("[data-script-problem]", this.#root);
    if (!place) return;
    show(place, Boolean(words));
    place.replaceChildren(icon("alert", "s"), words);
  }

  // --- what is entered ----------------------------------------------------------------------------------------------------

  #outcome() {
    const chosen = $('input[name="outcome"]:checked', this.#root);
    return { script_id: this.#view.script.id, outcome_id: chosen ? Number(chosen.value) : null, comment: $('textarea[name="comment"]', this.#root).value };
  }

  #entered(state = null) {
    const questions = $("[data-questions]", this.#root);
    return { id: Number(questions.dataset.questions), values: valuesOf(questions), state, script_id: this.#view.script.id };
  }

  #changed({ target }) {
    if (target.matches("[data-script-choice]")) return this.#choose(Number(target.value));
    if (target.name === "outcome") {
      hint(this.#view.script, $("[data-outcome-hint]", this.#root), Number(target.value));
      return this.#later("outcome", 0, target);
    }
    if (target.closest("[data-questions]")) this.#later("form", 0, target);
    return undefined;
  }

  #typed({ target }) {
    if (target.name === "comment") this.#later("outcome", PAUSE, target);
    else if (target.closest("[data-questions]") && target.matches("textarea, input:not([type=radio], [type=checkbox])")) this.#later("form", PAUSE, target);
  }

  // Kept here at once, on the server after a moment without another key.
  #later(part, pause, target) {
    if (part === "form") markMended($("[data-questions]", this.#root), target);
    keepDraft(this.#shell.me.agent_id, this.#call, part, part === "outcome" ? this.#outcome() : this.#entered());
    clearTimeout(this.#timers[part]);
    const call = this.#call;
    this.#timers[part] = setTimeout(() => { this.#timers[part] = 0; this.#save(call, part); }, pause);
  }

  #keep() {
    for (const part of ["outcome", "form"]) {
      if (!this.#timers[part]) continue;
      clearTimeout(this.#timers[part]);
      this.#timers[part] = 0;
      this.#save(this.#call, part);
    }
  }

  #clicked({ target }) {
    const tab = target.closest("[data-script-tab]");
    if (tab) return this.#tab(tab.dataset.scriptTab);
    if (target.closest("[data-script-fold]")) return this.#fold();
    if (target.closest("[data-script-done]")) return this.#owes() ? this.#focus() : this.close();
    const act = target.closest("[data-form-do]");
    if (act) return this.#finish(act.dataset.formDo);
    return undefined;
  }

  // Whatever became of the questionnaire, how the talk ended is said as well (OUT-37).
  #owes() {
    const owed = Boolean(this.#view.form?.state && this.#view.form.state !== "open" && this.#view.script.outcomes.length && !this.#outcome().outcome_id);
    this.#problem(owed ? t("Choose how the talk ended as well.") : "");
    return owed;
  }

  #tab(name) {
    for (const tab of this.#root.querySelectorAll("[data-script-tab]")) tab.setAttribute("aria-selected", String(tab.dataset.scriptTab === name));
    for (const page of this.#root.querySelectorAll("[data-script-page]")) show(page, page.dataset.scriptPage === name);
  }

  #fold(small = !this.#root.classList.contains("small")) {
    this.#root.classList.toggle("small", small);
    const button = $("[data-script-fold]", this.#root);
    button.setAttribute("aria-expanded", String(!small));
    button.setAttribute("aria-label", small ? t("Unfold the script") : t("Fold the script"));
  }

  #focus() {
    if (!this.#root) return;
    this.#fold(false);
    ($('input[name="outcome"]:checked, input[name="outcome"]:not(:disabled)', this.#root) ?? $(".script-body", this.#root)).focus();
  }

  #key(event) {
    if (event.code !== "KeyS" || event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const radio = event.target.matches?.("input[type=radio], input[type=checkbox]");
    if (!this.#root || (typing(event.target) && !radio)) return;
    event.preventDefault();
    if (this.#root.contains(document.activeElement)) $("#main").focus({ preventScroll: true });
    else this.#focus();
  }

  async #choose(script) {
    this.#keep();
    await this.#saving;
    try {
      const view = await this.#shell.api("PUT", `${path(this.#call)}/script`, { script_id: script });
      keepDraft(this.#shell.me.agent_id, this.#call, "outcome", null);
      if (view.call_id === this.#call && view.script) this.#show(view);
      $("[data-script-choice]", this.#root)?.focus();
    } catch (error) {
      this.#shell.complain(error.message);
      $("[data-script-choice]", this.#root).value = this.#view.script.id;
    }
  }

  #finish(state) {
    clearTimeout(this.#timers.form);
    this.#timers.form = 0;
    keepDraft(this.#shell.me.agent_id, this.#call, "form", this.#entered(state));
    return this.#save(this.#call, "form");
  }

  // --- saving -------------------------------------------------------------------------------------------------------------

  // One after another: two at once could pass each other on the way.
  #save(call, part) {
    this.#saving = this.#saving.then(() => this.#send(call, part));
    return this.#saving;
  }

  async #send(call, part) {
    const { me, api } = this.#shell;
    const value = draftOf(me.agent_id, call)[part];
    if (!value) return;
    const here = call === this.#call;
    if (here) this.#say(t("Saving"));
    try {
      const { id, ...form } = value;
      const view = part === "outcome" ? await api("PUT", `${path(call)}/outcome`, value) : await api("PUT", `${path(call)}/questionnaires/${id}`, form);
      // What was typed meanwhile is another draft.
      if (JSON.stringify(draftOf(me.agent_id, call)[part]) === JSON.stringify(value)) keepDraft(me.agent_id, call, part, null);
      if (call === this.#call && this.#root) this.#saved(part, view, value);
    } catch (error) {
      this.#failed(call, part, value, error);
    }
  }

  #saved(part, view, value) {
    this.#say(t("Saved"));
    if (part === "outcome") return this.#problem();
    const questions = $("[data-questions]", this.#root);
    markState(questions, view.state);
    this.#view.form.state = view.state;
    if (value.state) this.#owes();
    if (value.state) markProblems(questions);
    setText($("[data-form-mark]", this.#root), view.state === "done" ? " ✓" : "");
    return undefined;
  }

  #failed(call, part, value, error) {
    const away = error.status === 0 || error.status === 401 || error.status >= 500;
    if (away) {
      if (call === this.#call) this.#say(t("Kept in this browser"));
      clearTimeout(this.#timers.again);
      this.#timers.again = setTimeout(() => this.#flush(), AGAIN);
      return;
    }
    if (call !== this.#call || !this.#root) {
      // Nobody sees it any more: what the server will never take is not sent again and again.
      keepDraft(this.#shell.me.agent_id, call, part, null);
      return;
    }
    this.#say("");
    if (part === "form" && error.status === 422) {
      markProblems($("[data-questions]", this.#root), error.message, error.fields);
      // The answers stay as they are; only the state was refused.
      keepDraft(this.#shell.me.agent_id, call, "form", { ...value, state: null });
      if (value.state) this.#save(call, "form");
    } else this.#problem(error.message);
  }

  #flush() {
    for (const call of drafts(this.#shell.me.agent_id)) for (const part of ["outcome", "form"]) this.#save(call, part);
  }
}

const path = (call) => `/api/v1/calls/${encodeURIComponent(call)}`;
