import { afterEach, expect, test, vi } from "vitest";
import { ApiError } from "./errors";
import { call, listAll, sameOrigin, setApiBase, useTokens } from "./http";

function answers(...responses: Response[]) {
  const sent: { url: string; init: RequestInit }[] = [];
  vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
    sent.push({ url, init });
    const response = responses.shift();
    return response === undefined
      ? Promise.reject(new TypeError("no network"))
      : Promise.resolve(response);
  });
  return sent;
}

const json = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers });

function bearer(sent: { init: RequestInit } | undefined): string | undefined {
  return (sent?.init.headers as Record<string, string> | undefined)?.["Authorization"];
}

afterEach(() => {
  useTokens(null);
  setApiBase("/");
  vi.unstubAllGlobals();
});

test("a call carries the token and its query", async () => {
  useTokens({ token: () => Promise.resolve("one"), renew: () => Promise.resolve(null) });
  const sent = answers(json({ ok: true }));

  await call("GET", "database", { query: { a: "x y", none: undefined } });

  expect(sent[0]?.url).toBe("/database?a=x+y");
  expect(bearer(sent[0])).toBe("Bearer one");
});

test("a refused token is renewed once and the call repeated", async () => {
  useTokens({ token: () => Promise.resolve("old"), renew: () => Promise.resolve("new") });
  const sent = answers(json({ message: "Unauthorized" }, 401), json({ ok: true }));

  expect(await call("GET", "assets")).toEqual({ ok: true });

  expect(sent.map(bearer)).toEqual(["Bearer old", "Bearer new"]);
});

test("a session that cannot be renewed ends the call as signed out", async () => {
  useTokens({ token: () => Promise.resolve("old"), renew: () => Promise.resolve(null) });
  answers(json({ message: "Unauthorized" }, 401));

  await expect(call("GET", "assets")).rejects.toMatchObject({ kind: "signedOut" });
});

test("a refusal keeps its text and the request's id", async () => {
  answers(json({ message: "VAMS General Error: Not for you" }, 403, { "x-request-id": "r-1" }));

  const refused = call("GET", "assets", { open: true });

  await expect(refused).rejects.toBeInstanceOf(ApiError);
  await expect(refused).rejects.toMatchObject({
    kind: "denied",
    message: "Not for you",
    requestId: "r-1",
  });
});

test("a busy server is asked again after the time that it names", async () => {
  const sent = answers(json({}, 503, { "retry-after": "0" }), json({ ok: true }));

  expect(await call("GET", "assets", { open: true })).toEqual({ ok: true });

  expect(sent).toHaveLength(2);
});

test("no answer is told apart from a refusal", async () => {
  answers();

  await expect(call("GET", "assets", { open: true })).rejects.toMatchObject({ kind: "offline" });
});

test("lists are read to their end, wrapped or bare", async () => {
  useTokens({ token: () => Promise.resolve("t"), renew: () => Promise.resolve(null) });
  const sent = answers(
    json({ message: { Items: [1, 2], NextToken: "next" } }),
    json({ Items: [3], NextToken: null }),
  );

  expect(await listAll<number>("tags")).toEqual([1, 2, 3]);

  expect(sent[1]?.url).toContain("startingToken=next");
});

test("addresses of objects are reached through the page's own origin", () => {
  setApiBase("/vams/");

  const address = sameOrigin("http://server.example:8080/objects/a.png?token=t");

  expect(address).toBe("/vams/objects/a.png?token=t");
});
