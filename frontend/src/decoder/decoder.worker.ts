/** The decoder's own thread: the only file that knows onnxruntime. */
import * as ort from "onnxruntime-web/wasm";
// Without the separately served .mjs, more than one thread hangs for ever and says nothing.
import mjsUrl from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import wasmUrl from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";

import { DecoderCore, type GraphSession } from "./core";
import type { Reply, Request } from "./protocol";
import type { FloatTensor } from "./tensors";

const EMBEDDING_BYTES = 256 * 1024 * 1024;

ort.env.wasm.wasmPaths = { wasm: wasmUrl, mjs: mjsUrl };
ort.env.logLevel = "error";
// The page says in the worker's name how many threads to use: the runtime reads it only once.
ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.max(1, Number(self.name)) || 1 : 1;

/** y = x, as ONNX. Running it fetches and compiles the runtime while the real graphs travel. */
const IDENTITY =
  "CAgSADo3ChAKAXgSAXkiCElkZW50aXR5EgFnWg8KAXgSCgoICAESBAoCCAFiDwoBeRIKCggIARIECgIIAUIECgAQEQ==";

async function warmUp(): Promise<void> {
  const graph = Uint8Array.from(atob(IDENTITY), (letter) => letter.charCodeAt(0));
  await ort.InferenceSession.create(graph, { executionProviders: ["wasm"] });
}

async function createSession(graph: ArrayBuffer): Promise<GraphSession> {
  const session = await ort.InferenceSession.create(graph, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "all",
  });
  return {
    inputNames: session.inputNames,
    async run(feeds) {
      const tensors: Record<string, ort.Tensor> = {};
      for (const [name, { dims, data }] of Object.entries(feeds)) {
        tensors[name] = new ort.Tensor("float32", data, dims);
      }
      const outputs = await session.run(tensors);
      const floats: Record<string, FloatTensor> = {};
      for (const [name, tensor] of Object.entries(outputs)) {
        floats[name] = { dims: [...tensor.dims], data: tensor.data as Float32Array };
      }
      return floats;
    },
  };
}

const core = new DecoderCore(createSession, EMBEDDING_BYTES, () => performance.now());

async function answer(request: Request): Promise<{ reply: Reply; transfer: Transferable[] }> {
  const { id } = request;
  switch (request.type) {
    case "load": {
      await core.load(request.bundle, request.manifest, request.graphs);
      return { reply: { type: "loaded", id }, transfer: [] };
    }
    case "embed": {
      const { bundle, key, tensors, bytes } = request;
      const evicted = await core.embed(bundle, key, tensors, bytes);
      return { reply: { type: "embedded", id, key, evicted }, transfer: [] };
    }
    case "decode": {
      const decoded = await core.decode(request.key, request.prompt);
      const { logits, iou_predictions } = decoded;
      return {
        reply: { type: "decoded", id, answer: decoded },
        transfer: [logits.buffer, iou_predictions.buffer],
      };
    }
    case "refine": {
      const logits = await core.refine(request.bundle, request.input);
      return { reply: { type: "refined", id, logits }, transfer: [logits.buffer] };
    }
  }
}

// One at a time: a runtime session cannot run twice at once.
// What fails while warming up fails again, with words, in the first load.
let queue: Promise<void> = warmUp().catch(() => undefined);
self.onmessage = (event: MessageEvent<Request>) => {
  const request = event.data;
  queue = queue.then(async () => {
    try {
      const { reply, transfer } = await answer(request);
      self.postMessage(reply, { transfer });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      self.postMessage({ type: "failed", id: request.id, message } satisfies Reply);
    }
  });
};
