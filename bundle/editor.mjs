// The manifest in CodeMirror 6: YAML, search, folding, findings in the gutter, completion and hover
// from fields.json. Fetched when somebody begins to write; until then, and where it cannot be had,
// the plain text area is the editor. It stays the one that the page reads: what is written here goes
// into it as input, and what is put there is shown here.
//
// It lives in a shadow root, so that its styles are adopted sheets, which the policy allows.
// Not here: what is wrong with a manifest (the simulator says it).

import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentLess, indentMore } from "@codemirror/commands";
import {
  HighlightStyle, StreamLanguage, bracketMatching, codeFolding, foldGutter, foldKeymap, foldService,
  indentOnInput, indentUnit, syntaxHighlighting,
} from "@codemirror/language";
import { yaml } from "@codemirror/legacy-modes/mode/yaml";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorSelection, EditorState } from "@codemirror/state";
import {
  EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, hoverTooltip, keymap,
  lineNumbers, placeholder, tooltips,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { fieldsAt, load, pathOf } from "./fields.mjs";

const SEVERITY = ["error", "warning", "info"];

const colours = HighlightStyle.define([
  { tag: tags.atom, color: "var(--y-key)" },
  { tag: tags.string, color: "var(--y-word)" },
  { tag: [tags.number, tags.keyword], color: "var(--y-number)" },
  { tag: [tags.comment, tags.meta, tags.separator], color: "var(--ink-3)" },
]);

const look = EditorView.theme({
  "&": { height: "100%", color: "var(--ink)", backgroundColor: "transparent" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { font: "400 12.5px/20px var(--mono)" },
  ".cm-content": { padding: "12px 0", caretColor: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { background: "var(--paper)", color: "var(--ink-3)", border: "0" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--accent-wash)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--plinth)",
  },
  ".cm-panels, .cm-tooltip": {
    background: "var(--paper)", color: "var(--ink)", borderColor: "var(--edge)",
    font: "400 12px/17px var(--sans)",
  },
  ".cm-panels button, .cm-panels input": {
    font: "inherit", color: "inherit", background: "var(--ground)", border: "1px solid var(--edge)",
    borderRadius: "4px", minHeight: "24px", fontSize: "12px", backgroundImage: "none",
  },
  ".cm-panel.cm-search label": { fontSize: "12px" },
  ".cm-panel.cm-search [name=close]": { fontSize: "16px", minWidth: "24px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": {
    background: "var(--accent)", color: "var(--accent-ink)",
  },
  ".cm-hint": { padding: "4px 8px", maxWidth: "320px" },
  ".cm-foldPlaceholder": {
    background: "var(--sunk)", border: "1px solid var(--edge)", color: "var(--ink-2)",
  },
});

/** What lies deeper than a line below it can be folded away. */
const folding = foldService.of((state, from) => {
  const first = state.doc.lineAt(from);
  const depth = (text) => text.search(/[^\s-]|$/);
  const deep = depth(first.text);
  if (!/:\s*$/.test(first.text)) return null;
  let end = first;
  for (let n = first.number + 1; n <= state.doc.lines; n += 1) {
    const line = state.doc.line(n);
    if (/^\s*(#|$)/.test(line.text)) continue;
    if (/^---/.test(line.text) || depth(line.text) <= deep) break;
    end = line;
  }
  return end === first ? null : { from: first.to, to: end.to };
});

/** Tab indents inside of a selection or of leading space, and else leads on to what comes next. */
function tab(view) {
  const { state } = view;
  const { main } = state.selection;
  const line = state.doc.lineAt(main.head);
  const leading = /^\s*$/.test(line.text.slice(0, main.head - line.from)) && line.text !== "";
  if (escaped || (main.empty && !leading)) return false;
  return indentMore(view);
}

/** Whether Esc was pressed last: then Tab leaves. */
let escaped = false;

let words = null;

/** What a field is, in a sentence, in the language of the page. */
function explained(path) {
  return words && window.playground.explain(words, path);
}

function complete(context) {
  const word = context.matchBefore(/[\w-]*/);
  const before = context.state.doc.lineAt(context.pos).text.slice(0, context.pos - context.state.doc.lineAt(context.pos).from);
  if (!context.explicit && (word.from === word.to || !/^[\s-]*[\w-]*$/.test(before))) return null;
  const options = fieldsAt(context.state.doc.toString(), context.state.doc.lineAt(context.pos).number)
    .map(({ name, type }) => ({
      label: name, type: "property", detail: type, apply: `${name}: `,
      info: explained(name) || undefined,
    }));
  return options.length ? { from: word.from, options, validFor: /^[\w-]*$/ } : null;
}

const hover = hoverTooltip((view, pos) => {
  const line = view.state.doc.lineAt(pos);
  const key = /^[\s-]*([\w./-]+)\s*:/.exec(line.text);
  if (!key) return null;
  const from = line.from + line.text.indexOf(key[1]);
  if (pos < from || pos > from + key[1].length) return null;
  const found = pathOf(view.state.doc.toString(), line.number);
  if (!found) return null;
  return {
    pos: from,
    end: from + key[1].length,
    create() {
      const dom = document.createElement("div");
      dom.className = "cm-hint";
      const strong = document.createElement("b");
      strong.textContent = found.path;
      dom.append(strong, ` ${found.type}`);
      const text = explained(found.path);
      if (text) dom.append(document.createElement("br"), text);
      return { dom };
    },
  };
});

/** Puts the editor in the place of `area`. Returns what boot.js may ask of it. */
export function mount(area, fields) {
  load(fields).catch(() => { /* then nothing is offered */ });
  window.playground.glossary?.().then((all) => { words = all; })
    .catch(() => { /* then nothing is explained */ });
  const place = area.closest(".code");
  const host = document.createElement("div");
  host.className = "cm";
  const root = host.attachShadow({ mode: "open" });
  const plain = document.activeElement === area;
  let sent = area.value;
  let quiet = false;

  function send(view) {
    if (view.composing) return;
    sent = view.state.doc.toString();
    if (sent === area.value) return;
    area.value = sent;
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: area.value,
      selection: EditorSelection.single(area.selectionStart, area.selectionEnd),
      extensions: [
        lineNumbers(), foldGutter(), codeFolding(), lintGutter(), history(), drawSelection(),
        highlightActiveLine(), highlightActiveLineGutter(), indentOnInput(), bracketMatching(),
        highlightSelectionMatches(), search({ top: true }), indentUnit.of("  "), StreamLanguage.define(yaml), folding,
        syntaxHighlighting(colours), look, hover, placeholder(area.placeholder), tooltips({ position: "absolute" }),
        autocompletion({ override: [complete], activateOnTyping: true }),
        EditorView.contentAttributes.of({
          "aria-label": area.getAttribute("aria-label"), "aria-describedby": "found",
          spellcheck: "false", autocapitalize: "off",
        }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !quiet) send(update.view);
        }),
        EditorView.domEventHandlers({
          keydown(event) {
            escaped = event.key === "Escape" || (escaped && event.key === "Shift");
          },
          compositionend(event, view) { setTimeout(() => send(view)); },
        }),
        keymap.of([
          {
            key: "Mod-Enter",
            run(view) {
              if (view.composing) return true;
              area.dispatchEvent(new KeyboardEvent("keydown", {
                key: "Enter", ctrlKey: true, bubbles: true, cancelable: true,
              }));
              return true;
            },
          },
          { key: "Tab", run: tab, shift: indentLess },
          ...completionKeymap, ...searchKeymap, ...foldKeymap, ...lintKeymap, ...historyKeymap,
          ...defaultKeymap,
        ]),
      ],
    }),
  });

  // Nothing that is written is a shortcut of the page, but for these two.
  host.addEventListener("keydown", (event) => {
    const page = event.key === "F6" || ((event.ctrlKey || event.metaKey) && event.key === "s");
    if (!page) event.stopPropagation();
  });
  // What keys and presses beside the editor do in it (static/tools.js).
  window.playground.rich = {
    shown: () => host.isConnected && host.getClientRects().length > 0,
    line: () => view.state.doc.lineAt(view.state.selection.main.head).number,
    replace(from, to, insert) {
      view.dispatch({ changes: { from, to, insert }, userEvent: "input", scrollIntoView: true });
      view.focus();
    },
  };
  place.append(host);
  place.setAttribute("data-cm", "");
  if (plain) view.focus();

  return {
    /** The page has another text. */
    show(text) {
      if (text === sent || text === view.state.doc.toString()) return;
      sent = text;
      quiet = true;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
      quiet = false;
    },
    /** What was found: lines of number, severity, sentence, with tabs between. */
    found(lines) {
      const { doc } = view.state;
      const diagnostics = lines.split("\n").flatMap((one) => {
        const [number, severity, message] = one.split("\t");
        if (!(number >= 1 && number <= doc.lines)) return [];
        const line = doc.line(Number(number));
        const from = line.from + line.text.search(/\S|$/);
        return [{ from, to: line.to, severity: SEVERITY[severity], message }];
      });
      view.dispatch(setDiagnostics(view.state, diagnostics));
    },
    /** Puts the cursor at the start of a line. */
    goto(number) {
      const line = view.state.doc.line(Math.min(Math.max(number, 1), view.state.doc.lines));
      view.dispatch({
        selection: { anchor: line.from },
        effects: EditorView.scrollIntoView(line.from, { y: "center" }),
      });
      view.focus();
    },
  };
}
