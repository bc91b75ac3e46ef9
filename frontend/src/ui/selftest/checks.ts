/** What samweb asks of a browser: each check says what it found and what a lack of it costs. */
import { BROWSER_GRAPHS, readManifest, type BrowserGraph } from "../../decoder/bundle";
import { startDecoder, type BundleGraphs } from "../../decoder/client";
import { REFERENCE_BUNDLE, selfCheck } from "../../decoder/self-check";
import { sync } from "../../sync";
import { asAppError } from "../../sync/errors";
import { checkStorage } from "../../sync/storage-check";

/** `warn`: it works, and something is slower or less safe. `skip`: not tested, and why. */
export type Outcome = "good" | "warn" | "bad" | "skip";

export interface Finding {
  outcome: Outcome;
  words: string;
}

export interface Check {
  name: string;
  title: string;
  run(): Promise<Finding>;
}

const good = (words: string): Finding => ({ outcome: "good", words });
const warn = (words: string): Finding => ({ outcome: "warn", words });
const bad = (words: string): Finding => ({ outcome: "bad", words });

async function secureContext(): Promise<Finding> {
  return window.isSecureContext
    ? good("The connection counts as secure.")
    : warn(
        "This is plain http on a network. Everything works, but with one thread, and the browser " +
          "may clear kept changes when its disk gets full. Serving samweb by https ends both.",
      );
}

async function isolation(): Promise<Finding> {
  return window.crossOriginIsolated
    ? good("The page is isolated: threads may share memory.")
    : warn(
        "The isolation headers did not arrive (Cross-Origin-Opener-Policy and -Embedder-Policy), " +
          "or the connection is not secure. The model then computes with one thread. A proxy in " +
          "front of samweb must pass these headers on.",
      );
}

async function threads(): Promise<Finding> {
  const cores = navigator.hardwareConcurrency || 1;
  if (typeof SharedArrayBuffer === "undefined") {
    return warn(`There are ${cores} cores; only one can be used for the model.`);
  }
  return cores >= 4
    ? good(`There are ${cores} cores; the model uses up to four.`)
    : good(`There are ${cores} cores; the model uses one and leaves the rest to the page.`);
}

/** A module with one SIMD instruction: `v128.const` in a function that returns nothing. */
const SIMD = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 23, 1, 21, 0, 253, 12,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 26, 11,
); // prettier-ignore

async function webAssembly(): Promise<Finding> {
  if (typeof WebAssembly === "undefined") {
    return bad("There is no WebAssembly: the model cannot run here. Drawing by hand works.");
  }
  return WebAssembly.validate(SIMD)
    ? good("WebAssembly with vector instructions.")
    : bad("WebAssembly lacks vector instructions: the model cannot run. Update the browser.");
}

async function webgl(): Promise<Finding> {
  return document.createElement("canvas").getContext("webgl2")
    ? good("WebGL 2 is there.")
    : warn("There is no WebGL 2. Previews are computed without it, which the page does anyway.");
}

async function webgpu(): Promise<Finding> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<unknown> } };
  const adapter = await gpu?.requestAdapter().catch(() => null);
  return adapter
    ? good("WebGPU is there.")
    : warn("There is no WebGPU here. samweb does not need it: the model computes on the CPU.");
}

async function storage(): Promise<Finding> {
  const { works, problem, persistent, free } = await checkStorage();
  if (!works) {
    return bad(
      `Changes cannot be kept in this browser (${problem}) A private window, or blocked site data, ` +
        "is the usual reason. Work is lost if the page closes before it was sent.",
    );
  }
  const room = free === null ? "" : ` ${Math.round(free / 1e6).toLocaleString("en")} MB are free.`;
  return persistent
    ? good(`Changes are kept here, and the browser promised not to clear them.${room}`)
    : warn(
        `Changes are kept here before they are sent.${room} The browser may clear them when the ` +
          "disk gets full; it promises otherwise for sites that are used often, or installed.",
      );
}

async function server(): Promise<Finding> {
  const started = performance.now();
  try {
    await sync.server.accounts.current();
  } catch (error) {
    return bad(`The server does not answer: ${asAppError(error).detail}`);
  }
  return good(`The server answers in ${Math.round(performance.now() - started)} ms.`);
}

async function decoder(): Promise<Finding> {
  const person = await sync.server.accounts.current().catch(() => null);
  if (!person) {
    return { outcome: "skip", words: "Sign in to have the model's answers compared as well." };
  }
  let bundle: BundleGraphs;
  try {
    bundle = await shippedBundle();
  } catch (error) {
    const { status, detail } = asAppError(error);
    return status === 404
      ? {
          outcome: "skip",
          words: "The model that ships is not on this server; nothing to compare.",
        }
      : bad(`The model could not be loaded: ${detail}`);
  }
  const client = startDecoder();
  try {
    const { problem, ms } = await selfCheck(client, bundle);
    return problem
      ? bad(`The model computes something else here than it should: ${problem}`)
      : good(`The model gives the reference masks; a click takes ${Math.round(ms)} ms.`);
  } catch (error) {
    return bad(`The model does not run: ${error instanceof Error ? error.message : ""}`);
  } finally {
    client.dispose();
  }
}

async function shippedBundle(): Promise<BundleGraphs> {
  const record = await sync.api.bundle(REFERENCE_BUNDLE);
  const manifest = readManifest(record);
  const graphs: Partial<Record<BrowserGraph, ArrayBuffer>> = {};
  for (const name of BROWSER_GRAPHS) {
    const url = record.files[name]?.url;
    if (manifest.graphs[name] && url) graphs[name] = await sync.api.bytes(url);
  }
  return { id: record.id, manifest, graphs };
}

export const CHECKS: readonly Check[] = [
  { name: "server", title: "Server", run: server },
  { name: "secure", title: "Secure connection", run: secureContext },
  { name: "isolation", title: "Isolation headers", run: isolation },
  { name: "threads", title: "Threads", run: threads },
  { name: "wasm", title: "WebAssembly", run: webAssembly },
  { name: "webgl", title: "WebGL 2", run: webgl },
  { name: "webgpu", title: "WebGPU", run: webgpu },
  { name: "storage", title: "Storage", run: storage },
  { name: "decoder", title: "Model", run: decoder },
];
