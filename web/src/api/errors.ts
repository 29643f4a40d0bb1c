// Every failure of a call, as one kind of value that pages can explain.

export type FailureKind =
  | "offline" // no answer at all
  | "signedOut" // nobody is signed in any more
  | "denied"
  | "missing"
  | "invalid"
  | "busy"
  | "broken"; // the server failed

export class ApiError extends Error {
  constructor(
    readonly kind: FailureKind,
    message: string,
    readonly status = 0,
    /** Names the request in the server's log. */
    readonly requestId: string | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export function kindOf(status: number): FailureKind {
  if (status === 401) return "signedOut";
  if (status === 403) return "denied";
  if (status === 404) return "missing";
  if (status === 429 || status === 503) return "busy";
  return status >= 500 ? "broken" : "invalid";
}

/**
 * The server's text as people should read it: without the prefix that every refusal of a rule
 * carries, and with the lines of a validation report as one sentence each.
 */
export function readableMessage(message: string): string {
  const text = message.replace(/^(VAMS General Error: )+/, "").trim();
  const [head = "", ...lines] = text.split("\n");
  if (!/^\d+ validation errors? for /.test(head)) return text;
  const problems: string[] = [];
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const field = (lines[i] ?? "").trim();
    const reason = (lines[i + 1] ?? "").trim().replace(/ \(type=.*\)$/, "");
    problems.push(field === "__root__" ? reason : `${field}: ${reason}`);
  }
  return problems.length > 0 ? problems.join("; ") : text;
}

/** For places that take any thrown value. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return String(error);
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
