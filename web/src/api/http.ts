// The one place that talks to the server. Calls carry the session's token, wait where the server
// asks for patience, and fail with an ApiError only.
import { ApiError, isAbort, kindOf, readableMessage } from "./errors";

export interface TokenSource {
  /** A token that is good now; throws an ApiError of kind signedOut or offline. */
  token(): Promise<string>;
  /** The server refused `token`: a newer one, or null when the session is over. */
  renew(token: string): Promise<string | null>;
}

export interface CallOptions {
  query?: Record<string, string | number | boolean | undefined | null>;
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** Called without a session: sign-in and configuration. */
  open?: boolean;
}

type Method = "GET" | "POST" | "PUT" | "DELETE";

const RETRIES = 3;
let source: TokenSource | null = null;

export function useTokens(tokens: TokenSource | null): void {
  source = tokens;
}

// Relative to the page, whatever host and path prefix it came from.
let base = new URL(".", document.baseURI).pathname;

export function setApiBase(path: string): void {
  base = path.endsWith("/") ? path : `${path}/`;
}

export function pathOf(...segments: string[]): string {
  return segments.map(encodeURIComponent).join("/");
}

export function urlOf(path: string, query?: CallOptions["query"]): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {}))
    if (value !== undefined && value !== null && value !== "") parameters.set(name, String(value));
  const text = parameters.toString();
  return `${base}${path.replace(/^\//, "")}${text === "" ? "" : `?${text}`}`;
}

export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new DOMException("stopped", "AbortError"));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

async function failureOf(response: Response): Promise<ApiError> {
  let message = "";
  try {
    const body: unknown = await response.json();
    if (typeof body === "object" && body !== null && "message" in body)
      message = String((body as { message: unknown }).message);
  } catch {
    // No JSON: a proxy answered. The status has to do.
  }
  const kind = kindOf(response.status);
  const text = readableMessage(message) || `The server answered with status ${response.status}.`;
  return new ApiError(kind, text, response.status, response.headers.get("x-request-id"));
}

// A refused token is answered like a refused action, but for its text.
function tokenRefused(error: ApiError): boolean {
  return error.status === 401 || (error.status === 403 && error.message === "Forbidden");
}

async function send(
  method: Method,
  url: string,
  options: CallOptions,
  token: string | null,
): Promise<Response> {
  const headers: Record<string, string> = {};
  if (token !== null) headers["Authorization"] = `Bearer ${token}`;
  const init: RequestInit = { method, headers, credentials: "omit", cache: "no-store" };
  if (options.body !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(options.body);
  }
  if (options.signal) init.signal = options.signal;
  try {
    return await fetch(url, init);
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new ApiError("offline", "The server cannot be reached. Check the connection.");
  }
}

/** The answer of a call that succeeded; throws an ApiError otherwise. */
export async function callRaw(
  method: Method,
  path: string,
  options: CallOptions = {},
): Promise<Response> {
  const url = urlOf(path, options.query);
  const signedIn = options.open !== true;
  if (signedIn && source === null) throw new ApiError("signedOut", "Nobody is signed in.", 401);
  let token = signedIn && source !== null ? await source.token() : null;
  let renewed = false;
  for (let attempt = 0; ; ++attempt) {
    const response = await send(method, url, options, token);
    if (response.ok) return response;
    const error = await failureOf(response);
    if (signedIn && !renewed && token !== null && tokenRefused(error)) {
      renewed = true;
      const next = source === null ? null : await source.renew(token);
      if (next === null) throw new ApiError("signedOut", "The session has ended.", 401);
      if (next !== token) {
        token = next;
        continue;
      }
    }
    // Nothing was done when the server asks to come back later.
    const later = response.headers.get("retry-after");
    const mayRepeat =
      response.status === 429 ? signedIn : response.status === 503 && method === "GET";
    if (!mayRepeat || attempt >= RETRIES) throw error;
    const seconds = later === null ? NaN : Number(later);
    await pause(Number.isFinite(seconds) ? seconds * 1000 : 500 * 2 ** attempt, options.signal);
  }
}

export async function call<T>(method: Method, path: string, options: CallOptions = {}): Promise<T> {
  const response = await callRaw(method, path, options);
  const text = await response.text();
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new ApiError(
      "broken",
      "The server's answer cannot be read. Reload the page; if it stays, tell an administrator.",
      response.status,
      response.headers.get("x-request-id"),
    );
  }
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

/** Lists come wrapped in `message` or bare. */
export function pageOf<T>(answer: unknown): Page<T> {
  const outer = answer as { message?: unknown; Items?: T[]; NextToken?: string | null };
  const inner = (
    typeof outer.message === "object" && outer.message !== null ? outer.message : outer
  ) as { Items?: T[]; NextToken?: string | null };
  return { items: inner.Items ?? [], next: inner.NextToken || null };
}

/** All pages of a list. */
export async function listAll<T>(
  path: string,
  query: CallOptions["query"] = {},
  signal?: AbortSignal,
): Promise<T[]> {
  const all: T[] = [];
  let token: string | null = null;
  do {
    const answer: unknown = await call("GET", path, {
      query: { ...query, startingToken: token },
      signal,
    });
    const page: Page<T> = pageOf<T>(answer);
    all.push(...page.items);
    token = page.next;
  } while (token !== null);
  return all;
}

/** Addresses of objects on this server, reached through the page's own origin. */
export function sameOrigin(address: string): string {
  try {
    const url = new URL(address, document.baseURI);
    if (url.origin === location.origin) return url.href;
    const at = url.pathname.indexOf("/objects/");
    return at < 0 ? address : `${base}${url.pathname.slice(at + 1)}${url.search}`;
  } catch {
    return address;
  }
}
