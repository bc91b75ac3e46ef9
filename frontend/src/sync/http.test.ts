import { describe, expect, it, vi } from "vitest";

import { AppError, asAppError, errorFromAnswer } from "./errors";
import { csrfToken, Http, withQuery } from "./http";
import { Session, type SessionCalls } from "./session";
import type { User } from "./resources/accounts";

function person(id: string): User {
  return {
    id,
    username: id,
    display_name: id,
    is_admin: false,
    can_create_projects: false,
    preferences: {},
  };
}

function problem(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/problem+json", ...headers },
  });
}

describe("errors", () => {
  it("carry the server's sentence, code and the rest", () => {
    const error = errorFromAnswer(412, {
      code: "stale_version",
      detail: "Somebody changed it.",
      record: { version: 4 },
    });
    expect(error).toMatchObject({ code: "stale_version", detail: "Somebody changed it." });
    expect(error.retry).toBe("never");
    expect(error.extra["record"]).toEqual({ version: 4 });
  });

  it("are a sentence even when the server gave none", () => {
    for (const status of [400, 401, 403, 404, 413, 429, 500, 502, 503, 418]) {
      const error = errorFromAnswer(status, null);
      expect(error.detail).toMatch(/[a-z].*\.$/);
      expect(error.detail).not.toContain("[object");
    }
  });

  it("name the fields that were wrong", () => {
    const error = errorFromAnswer(400, { errors: { name: ["Too long."] } });
    expect(error.detail).toBe("name: Too long.");
  });

  it("say whether to try again, and when", () => {
    expect(errorFromAnswer(503, null, "7")).toMatchObject({ retry: "later", retryAfter: 7 });
    expect(errorFromAnswer(429, null).retry).toBe("later");
    expect(errorFromAnswer(422, null).retry).toBe("never");
    expect(asAppError({ some: "thing" }).detail).not.toContain("[object");
  });
});

describe("the client", () => {
  it("sends the CSRF token, the version and the query", async () => {
    document.cookie = "csrftoken=abc%3D";
    const send = vi.fn(async (_url: unknown, _init?: RequestInit) => new Response("{}"));
    await new Http(send as unknown as typeof fetch).json("PATCH", "labels/1", {
      body: { name: "x" },
      version: 3,
      query: { a: "b c", none: null, empty: "" },
    });
    const [url, init] = send.mock.calls[0] ?? [];
    expect(url).toBe("/api/v1/labels/1?a=b+c");
    expect(init?.headers).toMatchObject({ "X-CSRFToken": "abc=", "If-Match": '"3"' });
    expect(csrfToken("a=1; csrftoken=q; b=2")).toBe("q");
    expect(withQuery("x", { n: 0, f: false })).toBe("x?n=0&f=false");
  });

  it("calls no answer offline", async () => {
    const http = new Http(() => Promise.reject(new TypeError("Failed to fetch")));
    await expect(http.json("GET", "projects")).rejects.toMatchObject({
      code: "offline",
      status: 0,
    });
  });

  it("fetches a new token once when the server refuses the old one", async () => {
    const answers = [problem(403, { code: "csrf" }), new Response("{}"), new Response('{"n":1}')];
    const http = new Http(() => Promise.resolve(answers.shift() ?? new Response("{}")));
    expect(await http.json("POST", "x")).toEqual({ n: 1 });
  });
});

describe("a sign-in that expires", () => {
  function set() {
    let signedIn = false;
    let cookie = "one";
    const ada = person("ada");
    const calls: SessionCalls = {
      current: () => Promise.resolve(signedIn ? ada : null),
      signIn: (name) => {
        signedIn = true;
        cookie = `after-${name}`;
        return Promise.resolve(name === "ada" ? ada : person(name));
      },
      signOut: () => Promise.resolve(null),
    };
    const session = new Session(calls, null, () => cookie);
    session.state.set({ kind: "in", user: ada });
    const http = new Http(() =>
      Promise.resolve(
        signedIn ? new Response('{"ok":true}') : problem(401, { code: "signed_out" }),
      ),
    );
    http.useGate(session);
    return { session, http };
  }

  it("holds the request, asks, and repeats it after the sign-in", async () => {
    const { session, http } = set();
    const answer = http.json("GET", "projects");
    await vi.waitFor(() => expect(session.state.get().kind).toBe("expired"));
    await session.signIn("ada", "secret");
    expect(await answer).toEqual({ ok: true });
    expect(session.state.get().kind).toBe("in");
  });

  it("never repeats it under another person's name", async () => {
    const { session, http } = set();
    const answer = http.json("POST", "projects/1/operations");
    const refused = expect(answer).rejects.toMatchObject({ code: "other_user" });
    await vi.waitFor(() => expect(session.state.get().kind).toBe("expired"));
    await session.signIn("ben", "secret");
    await refused;
  });

  it("is noticed before work is sent when another tab exchanged the cookie", async () => {
    let cookie = "one";
    const ada = person("ada");
    let who = ada;
    const session = new Session(
      {
        current: () => Promise.resolve(who),
        signIn: () => Promise.reject(new Error("not here")),
        signOut: () => Promise.resolve(null),
      },
      null,
      () => cookie,
    );
    await session.load();
    await session.sureItIs("ada");
    cookie = "two";
    who = person("ben");
    await expect(session.sureItIs("ada")).rejects.toBeInstanceOf(AppError);
    expect(session.state.get()).toMatchObject({ kind: "expired", other: "ben" });
  });
});
