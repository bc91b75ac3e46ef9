import { describe, expect, it } from "vitest";

import type { BundleManifest } from "./bundle";
import { DecoderClient, type WorkerLike } from "./client";
import { DecoderCore } from "./core";
import type { DecodeAnswer, Reply, Request } from "./protocol";
import { float16ToFloat32, readTensors, type FloatTensor } from "./tensors";

const manifest = {
  preprocess: { input_size: [8, 8] },
  low_res_size: [2, 2],
  graphs: {},
  prompt_token_channels: 3,
} as unknown as BundleManifest;
const prompt = { coords: new Float32Array(2), labels: Float32Array.of(1), maskInput: null };
const decoded: DecodeAnswer = {
  logits: new Float32Array(4),
  iou_predictions: Float32Array.of(1),
  candidates: 1,
  height: 2,
  width: 2,
  ms: 3,
};

class FakeWorker implements WorkerLike {
  onmessage: WorkerLike["onmessage"] = null;
  onerror: WorkerLike["onerror"] = null;
  requests: Request[] = [];
  ended = false;
  constructor(private readonly answers: (request: Request) => Omit<Reply, "id"> | null) {}
  postMessage(request: Request): void {
    this.requests.push(request);
    const reply = this.answers(request);
    if (reply) queueMicrotask(() => this.reply(request.id, reply));
  }
  reply(id: number, reply: Omit<Reply, "id">): void {
    this.onmessage?.({ data: { ...reply, id } } as MessageEvent<Reply>);
  }
  terminate(): void {
    this.ended = true;
  }
}

describe("decoder client", () => {
  it("keeps one decode running and one waiting: the newest wins", async () => {
    const worker = new FakeWorker(() => null);
    const client = new DecoderClient(() => worker, 1);
    const first = client.decode("k", prompt);
    const second = client.decode("k", prompt);
    const third = client.decode("k", prompt);
    expect(worker.requests).toHaveLength(1);
    await expect(second).resolves.toBeNull();
    worker.reply(1, { type: "decoded", answer: decoded } as Omit<Reply, "id">);
    await expect(first).resolves.toBe(decoded);
    worker.reply(2, { type: "decoded", answer: decoded } as Omit<Reply, "id">);
    await expect(third).resolves.toBe(decoded);
    expect(client.stats.get()).toEqual({ runs: 2, lastMs: 3 });
  });

  it("starts again with one thread when a session does not come up in time", async () => {
    const workers: FakeWorker[] = [];
    const threads: number[] = [];
    const client = new DecoderClient(
      (count) => {
        threads.push(count);
        const hangs = workers.length === 0;
        const worker = new FakeWorker(() =>
          hangs ? null : ({ type: "loaded" } as Omit<Reply, "id">),
        );
        workers.push(worker);
        return worker;
      },
      4,
      20,
    );
    await client.load({ id: "b", manifest, graphs: {} });
    expect(workers).toHaveLength(2);
    expect(workers[0]!.ended).toBe(true);
    expect(threads).toEqual([4, 1]);
    expect(client.state.get()).toEqual({ kind: "ready" });
    expect(client.hasBundle("b")).toBe(true);
  });

  it("says when it cannot start at all", async () => {
    const client = new DecoderClient(
      () => new FakeWorker(() => ({ type: "failed", message: "bad graph" }) as Omit<Reply, "id">),
      1,
    );
    await expect(client.load({ id: "b", manifest, graphs: {} })).rejects.toThrow("bad graph");
    expect(client.state.get()).toEqual({ kind: "error", message: "bad graph" });
  });
});

describe("decoder core", () => {
  function fakeCore(limit: number) {
    const feeds: Record<string, number[]>[] = [];
    const core = new DecoderCore(
      async (graph) => ({
        inputNames:
          graph.byteLength === 1
            ? ["image_embeddings"]
            : ["prepared", "point_coords", "point_labels", "prompt_tokens"],
        run: async (given): Promise<Record<string, FloatTensor>> => {
          feeds.push(Object.fromEntries(Object.entries(given).map(([k, v]) => [k, v.dims])));
          return graph.byteLength === 1
            ? { prepared: { dims: [1, 2], data: new Float32Array(2) } }
            : {
                low_res_masks: { dims: [1, 1, 2, 2], data: new Float32Array(4) },
                iou_predictions: { dims: [1, 1], data: new Float32Array(1) },
              };
        },
      }),
      limit,
      () => 0,
    );
    return { core, feeds };
  }
  const tensors = [
    { name: "image_embeddings", shape: [1, 2], dtype: "float16" as const, offset: 0, bytes: 4 },
  ];

  it("prepares an image once and decodes it many times", async () => {
    const { core, feeds } = fakeCore(1000);
    await core.load("b", manifest, { prepare: new ArrayBuffer(1), decode: new ArrayBuffer(2) });
    await core.embed("b", "k", tensors, new ArrayBuffer(4));
    await core.decode("k", prompt);
    await core.decode("k", prompt);
    expect(feeds).toHaveLength(3);
    expect(feeds[1]).toEqual({
      prepared: [1, 2],
      point_coords: [1, 1, 2],
      point_labels: [1, 1],
      prompt_tokens: [1, 0, 3],
    });
  });

  it("lets go of the embedding used longest ago when its bytes are spent", async () => {
    const { core } = fakeCore(16);
    await core.load("b", manifest, { prepare: new ArrayBuffer(1), decode: new ArrayBuffer(2) });
    await core.embed("b", "k1", tensors, new ArrayBuffer(4));
    await core.embed("b", "k2", tensors, new ArrayBuffer(4));
    await core.decode("k1", prompt);
    expect(await core.embed("b", "k3", tensors, new ArrayBuffer(4))).toEqual(["k2"]);
    await expect(core.decode("k2", prompt)).rejects.toThrow("not loaded");
  });
});

describe("tensors", () => {
  it("reads float16 exactly, the odd values too", () => {
    const halves = Uint16Array.of(0x0000, 0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x3555, 0x7c00);
    expect([...float16ToFloat32(halves)]).toEqual([
      0,
      1,
      -2,
      65504,
      2 ** -24,
      -0,
      0.333251953125,
      Infinity,
    ]);
  });

  it("cuts bytes by the manifest and refuses what does not fit", () => {
    const bytes = new Uint8Array([0x00, 0x3c, 0, 0, 0x80, 0x3f]).buffer;
    const placed = [
      { name: "a", shape: [1], dtype: "float16" as const, offset: 0, bytes: 2 },
      { name: "b", shape: [1, 1], dtype: "float32" as const, offset: 2, bytes: 4 },
    ];
    const tensors = readTensors(bytes, placed);
    expect([tensors.get("a")!.data[0], tensors.get("b")!.data[0]]).toEqual([1, 1]);
    expect(() => readTensors(bytes, [{ ...placed[1]!, offset: 4 }])).toThrow("does not fit");
  });
});
