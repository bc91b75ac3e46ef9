import { describe, expect, it } from "vitest";

import { ByteCache } from "./prefetch";

describe("the byte cache", () => {
  it("shares one request, keeps the newest within its limit", async () => {
    const asked: string[] = [];
    const cache = new ByteCache((url) => {
      asked.push(url);
      return Promise.resolve(new ArrayBuffer(40));
    }, 100);
    await Promise.all([cache.get("a"), cache.get("a"), cache.get("b")]);
    expect(asked).toEqual(["a", "b"]);
    await cache.get("a");
    await cache.get("c");
    expect([cache.has("a"), cache.has("b"), cache.has("c")]).toEqual([true, false, true]);
    expect(cache.bytes).toBe(80);
  });

  it("aborts the request when nobody waits any more, and forgets a failure", async () => {
    let fail: (error: unknown) => void = () => undefined;
    let aborted = false;
    const cache = new ByteCache((_url, signal) => {
      signal?.addEventListener("abort", () => {
        aborted = true;
        fail(new DOMException("aborted", "AbortError"));
      });
      return new Promise((_resolve, reject) => (fail = reject));
    }, 100);
    const leave = new AbortController();
    const answer = cache.get("a", leave.signal);
    leave.abort();
    await expect(answer).rejects.toThrow("aborted");
    expect(aborted).toBe(true);
    expect(cache.has("a")).toBe(false);
  });
});
