import { describe, expect, it } from "vitest";

import { add, remove, update } from "./diff";
import { Document } from "./document";
import { History } from "./history";
import { operationsOf } from "./operations";
import { reconcile } from "./reconcile";
import { runsWhere } from "../masks/pixels.fixtures";
import { combineRuns } from "../masks/sets";
import { onTheWire } from "../sync/wire";
import { maskOf, type AnnotationRecord } from "./records";
import { replay } from "./replay";

const EFFORT = { active_ms: 0, clicks: 0, tool: "brush", source: "manual" };

const ada = { id: "u-ada", name: "Ada" };
function record(id: string, change: Partial<AnnotationRecord> = {}): AnnotationRecord {
  return {
    id,
    image: "img",
    layer: "main",
    label: "cat",
    mask: { size: [3, 4], counts: "42500000", area: 0, bbox: [0, 0, 0, 0] },
    recipe: null,
    attributes: {},
    track: null,
    iscrowd: false,
    order_key: "",
    version: 1,
    seq: 1,
    author: ada,
    deleted: false,
    verdict: null,
    created: "",
    updated: "",
    ...change,
  };
}

function setUp() {
  const document = new Document();
  const history = new History(document);
  document.load([record("a")]);
  return { document, history };
}

describe("history", () => {
  it("undoes and redoes without limit, each as a new change with a new version", () => {
    const { document, history } = setUp();
    document.apply(update(document.get("a")!, { label: "dog" }), "local");
    document.apply(add(record("b")), "local");
    document.apply(remove(document.get("a")!), "local");
    expect(document.list().map((r) => r.id)).toEqual(["b"]);
    history.undo();
    history.undo();
    history.undo();
    expect(document.list().map((r) => [r.id, r.label])).toEqual([["a", "cat"]]);
    expect(document.get("a")!.version).toBe(5);
    expect(history.canUndo()).toBe(false);
    history.redo();
    history.redo();
    history.redo();
    expect(document.list().map((r) => r.id)).toEqual(["b"]);
  });

  it("never takes back what somebody else did", () => {
    const { document, history } = setUp();
    document.apply(update(document.get("a")!, { label: "dog" }), "local");
    document.apply(update(document.get("a")!, { label: "fox", version: 9 }), "remote");
    const step = history.undo();
    expect(step.skipped.map((r) => r.id)).toEqual(["a"]);
    expect(document.get("a")!.label).toBe("fox");
    expect(history.canUndo()).toBe(false);
  });

  it("a new change forgets what was undone", () => {
    const { document, history } = setUp();
    document.apply(add(record("b")), "local");
    history.undo();
    document.apply(add(record("c")), "local");
    expect(history.canRedo()).toBe(false);
  });
});

describe("operations", () => {
  it("chain base versions over create, update, delete and restore", () => {
    const { document, history } = setUp();
    const known = new Set(["a"]);
    const sent: [string, number][] = [];
    document.subscribe((diff, origin) => {
      if (origin !== "local") return;
      for (const draft of operationsOf(diff, (id) => known.has(id))) {
        sent.push([draft.kind, draft.base_version]);
        known.add(draft.target);
      }
    });
    document.apply(add(record("b")), "local");
    document.apply(update(document.get("b")!, { label: "dog" }), "local");
    document.apply(remove(document.get("b")!), "local");
    history.undo();
    expect(sent).toEqual([
      ["annotation.create", 0],
      ["annotation.update", 1],
      ["annotation.delete", 2],
      ["annotation.restore", 3],
    ]);
    expect(document.get("b")!.version).toBe(4);
  });

  it("say a small change of a large mask as a patch, and keep the mask beside it", () => {
    const { document } = setUp();
    const size: [number, number] = [60, 80];
    const ragged = runsWhere(size, (x, y) => x > 9 && y > 9 + ((x * 7) % 11) && y < 50 - (x % 5));
    const nicked = combineRuns(
      ragged,
      runsWhere(size, (x, y) => x === 40 && y === 30),
      "subtract",
    );
    document.load([record("a", { mask: maskOf(ragged, size) })]);
    const diff = document.apply(
      update(document.get("a")!, { mask: maskOf(nicked, size) }),
      "local",
    );
    const [draft] = operationsOf(diff, () => true);
    expect(draft?.payload).toEqual({
      mask: { size, counts: maskOf(nicked, size).counts },
      mask_patch: { bbox: [40, 30, 1, 1], counts: "01", base_version: 1 },
    });
    const sent = onTheWire({ ...draft!, id: "o", ...EFFORT, client_time: "" });
    expect(Object.keys(sent.payload)).toEqual(["mask_patch"]);
    const kept = replay([record("a", { mask: maskOf(ragged, size) })], [draft!], "img", ada);
    expect(kept.records[0]?.mask.counts).toBe(maskOf(nicked, size).counts);
  });

  it("kept ones are laid over a freshly loaded image", () => {
    const { records, created } = replay(
      [record("a"), record("d")],
      [
        { kind: "annotation.update", target: "a", base_version: 1, payload: { label: "dog" } },
        { kind: "annotation.delete", target: "d", base_version: 1, payload: {} },
        {
          kind: "annotation.create",
          target: "n",
          base_version: 0,
          payload: {
            image: "img",
            layer: "main",
            label: null,
            mask: { size: [3, 4], counts: "<" },
          },
        },
        { kind: "annotation.create", target: "x", base_version: 0, payload: { image: "other" } },
      ],
      "img",
      ada,
    );
    expect(records.map((r) => [r.id, r.label])).toEqual([
      ["a", "dog"],
      ["n", null],
    ]);
    expect([...created]).toEqual(["n"]);
  });
});

describe("remote changes", () => {
  it("leave a record with unsent edits alone and take everything else", () => {
    const { document } = setUp();
    document.apply(add(record("b")), "local");
    const diff = reconcile(
      document,
      [
        record("a", { label: "fox", version: 2, seq: 7 }),
        record("b", { label: "fox", version: 3, seq: 8 }),
        record("c", { seq: 9 }),
        record("z", { image: "other", seq: 9 }),
      ],
      "img",
      (id) => id === "b",
    );
    document.apply(diff, "remote");
    expect(document.list().map((r) => [r.id, r.label])).toEqual([
      ["a", "fox"],
      ["b", "cat"],
      ["c", "cat"],
    ]);
  });
});
