// The session of this tab. The access token lives in memory only; the refresh token, which is good
// for one use, in the browser's storage, so that a reload or another tab goes on without a sign-in.
// Tabs take turns at it with a lock: a refresh token used twice ends the session.
import { ApiError, kindOf } from "../api/errors";
import { call, pause, type TokenSource } from "../api/http";

export interface Tokens {
  accessToken: string;
  refreshToken: string;
  expiresIn: number;
}

export interface User {
  id: string;
  email: string;
  roles: string[];
  mfa: boolean;
}

export type SessionState =
  { name: "restoring" } | { name: "out"; reason: string | null } | { name: "in"; user: User };

const STORED = "vams-session";
const LOCK = "vams-session";
/** Part of a token's life after which a new one is fetched in the background. */
const RENEW_AT = 0.75;

interface Held {
  access: string;
  until: number;
  renewAt: number;
}

function claimsOf(token: string): Record<string, unknown> {
  const part = token.split(".")[1] ?? "";
  const bytes = atob(part.replace(/-/g, "+").replace(/_/g, "/"));
  const text = decodeURIComponent(
    [...bytes].map((c) => `%${c.charCodeAt(0).toString(16).padStart(2, "0")}`).join(""),
  );
  return JSON.parse(text) as Record<string, unknown>;
}

function list(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  if (typeof value !== "string") return [];
  try {
    const parsed: unknown = JSON.parse(value);
    return Array.isArray(parsed) ? parsed.map(String) : [];
  } catch {
    return [];
  }
}

export function userOf(token: string): User {
  const claims = claimsOf(token);
  const id =
    list(claims["vams:tokens"])[0] ??
    claims["cognito:username"] ??
    claims["username"] ??
    claims["sub"] ??
    "";
  const methods = list(claims["amr"]);
  return {
    id: String(id),
    email: typeof claims["email"] === "string" ? claims["email"] : "",
    roles: list(claims["vams:roles"]),
    mfa: methods.includes("mfa") || methods.includes("otp"),
  };
}

function read(): string | null {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return memory;
  }
}

let memory: string | null = null; // where storage is switched off

function write(token: string | null): void {
  memory = token;
  try {
    if (token === null) localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, token);
  } catch {
    // The session then ends with this page.
  }
}

function locked<T>(work: () => Promise<T>): Promise<T> {
  if (!("locks" in navigator)) return work();
  return navigator.locks.request(LOCK, work) as Promise<T>;
}

export type RefreshCall = (refreshToken: string) => Promise<Tokens>;

const refreshHere: RefreshCall = (refreshToken) =>
  call<Tokens>("POST", "auth/refresh", { open: true, body: { refreshToken } });

export class Session implements TokenSource {
  private state: SessionState = { name: "restoring" };
  private held: Held | null = null;
  private running: Promise<Tokens | null> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly watchers = new Set<() => void>();

  constructor(private refreshCall: RefreshCall = refreshHere) {}

  /** Where an identity provider renews the tokens. */
  useRefresh(refresh: RefreshCall): void {
    this.refreshCall = refresh;
  }

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };
  readonly get = (): SessionState => this.state;

  /** Goes on with the session that an earlier page left behind, if there is one. */
  async restore(): Promise<void> {
    addEventListener("storage", this.onStorage);
    document.addEventListener("visibilitychange", this.onVisible);
    if (read() === null) return this.become({ name: "out", reason: null });
    for (let attempt = 0; ; ++attempt) {
      try {
        const tokens = await this.refresh();
        if (tokens === null) this.end("Your session has ended. Please sign in again.");
        return;
      } catch (error) {
        if (!(error instanceof ApiError) || error.kind === "invalid") throw error;
        // The server is away or starting anew; the session outlives that.
        if (attempt >= 2) throw error;
        await pause(600 * 2 ** attempt);
      }
    }
  }

  begin(tokens: Tokens): void {
    write(tokens.refreshToken);
    this.hold(tokens);
  }

  /** Ends the session here and, if it can be reached, at the server. */
  async signOut(): Promise<void> {
    try {
      await call("POST", "auth/logout");
    } catch {
      // Without the server the tokens are forgotten here, and expire there.
    }
    this.end(null);
  }

  end(reason: string | null): void {
    clearTimeout(this.timer);
    this.held = null;
    write(null);
    this.become({ name: "out", reason });
  }

  async token(): Promise<string> {
    if (this.held !== null && Date.now() < this.held.until) return this.held.access;
    const tokens = await this.refresh();
    if (tokens !== null) return tokens.accessToken;
    this.end("Your session has ended. Please sign in again.");
    throw new ApiError("signedOut", "The session has ended.", 401);
  }

  async renew(refused: string): Promise<string | null> {
    if (this.held !== null && this.held.access !== refused) return this.held.access;
    const tokens = await this.refresh();
    if (tokens !== null) return tokens.accessToken;
    this.end("Your session has ended. Please sign in again.");
    return null;
  }

  // New tokens; null when the server knows the session no more. Throws when it cannot be asked.
  private refresh(): Promise<Tokens | null> {
    this.running ??= locked(async () => {
      const stored = read();
      if (stored === null) return null;
      try {
        const tokens = await this.refreshCall(stored);
        write(tokens.refreshToken);
        this.hold(tokens);
        return tokens;
      } catch (error) {
        if (error instanceof ApiError && [400, 401, 403].includes(error.status)) return null;
        throw error;
      }
    }).finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private hold(tokens: Tokens): void {
    const now = Date.now();
    const life = tokens.expiresIn * 1000;
    this.held = {
      access: tokens.accessToken,
      until: now + life - Math.min(10_000, life / 10),
      renewAt: now + life * RENEW_AT,
    };
    this.plan(life * RENEW_AT);
    const user = userOf(tokens.accessToken);
    const same =
      this.state.name === "in" && JSON.stringify(this.state.user) === JSON.stringify(user);
    if (!same) this.become({ name: "in", user });
  }

  private plan(delay: number): void {
    clearTimeout(this.timer);
    // Timers take no more than 31 bits.
    this.timer = setTimeout(() => void this.renewEarly(), Math.min(delay, 2 ** 31 - 1));
  }

  private async renewEarly(): Promise<void> {
    if (this.state.name !== "in") return;
    try {
      if ((await this.refresh()) === null)
        this.end("Your session has ended. Please sign in again.");
    } catch {
      this.plan(15_000);
    }
  }

  // Timers stand still while a machine sleeps.
  private readonly onVisible = (): void => {
    if (
      document.visibilityState === "visible" &&
      this.held !== null &&
      Date.now() > this.held.renewAt
    )
      void this.renewEarly();
  };

  // Another tab signed out, or somebody else in.
  private readonly onStorage = (event: StorageEvent): void => {
    if (event.key !== STORED) return;
    if (event.newValue === null && this.state.name === "in")
      this.end("You signed out in another window.");
    else if (event.oldValue === null && event.newValue !== null && this.state.name === "out")
      void this.renewed();
  };

  private async renewed(): Promise<void> {
    try {
      await this.refresh();
    } catch {
      // Then this tab stays at its sign-in page.
    }
  }

  private become(state: SessionState): void {
    this.state = state;
    for (const watcher of this.watchers) watcher();
  }
}

export const session = new Session();

// ---- Signing in ---------------------------------------------------------------------------------

export type Challenge = "NEW_PASSWORD_REQUIRED" | "SOFTWARE_TOKEN_MFA";

export type LoginStep =
  { name: "done"; tokens: Tokens } | { name: "challenge"; challenge: Challenge; session: string };

type LoginAnswer = Partial<Tokens> & { challenge?: Challenge; session?: string };

export function stepOf(answer: LoginAnswer): LoginStep {
  if (answer.challenge !== undefined && answer.session !== undefined)
    return { name: "challenge", challenge: answer.challenge, session: answer.session };
  if (answer.accessToken === undefined || answer.refreshToken === undefined)
    throw new ApiError(kindOf(500), "The server's answer to the sign-in cannot be read.", 500);
  return {
    name: "done",
    tokens: {
      accessToken: answer.accessToken,
      refreshToken: answer.refreshToken,
      expiresIn: answer.expiresIn ?? 3600,
    },
  };
}

export async function login(userId: string, password: string): Promise<LoginStep> {
  const body = { userId, password };
  return stepOf(await call<LoginAnswer>("POST", "auth/login", { open: true, body }));
}

export async function answerChallenge(
  step: { session: string },
  answer: { newPassword: string } | { mfaCode: string },
): Promise<LoginStep> {
  const body = { session: step.session, ...answer };
  return stepOf(await call<LoginAnswer>("POST", "auth/challenge", { open: true, body }));
}
