// Signing in at an identity provider: authorization code with PKCE. The way back is this page with
// `code` and `state` in its address.
import { ApiError } from "../api/errors";
import type { PublicConfig } from "../api/config";
import type { Tokens } from "./session";

type Provider = NonNullable<PublicConfig["provider"]>;

const PENDING = "vams-provider-login";

interface Pending {
  state: string;
  verifier: string;
  hash: string;
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
}

function randomText(): string {
  return base64Url(crypto.getRandomValues(new Uint8Array(32)));
}

function absolute(provider: Provider, endpoint: string): string {
  return new URL(endpoint, provider.url.endsWith("/") ? provider.url : `${provider.url}/`).href;
}

function here(): string {
  return location.origin + location.pathname;
}

/** Leaves for the provider's page. */
export async function startProviderLogin(provider: Provider, withMfa: boolean): Promise<void> {
  const pending: Pending = { state: randomText(), verifier: randomText(), hash: location.hash };
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(pending.verifier));
  sessionStorage.setItem(PENDING, JSON.stringify(pending));
  const scope = withMfa ? `${provider.scope} ${provider.scopeMfa}` : provider.scope;
  const url = new URL(absolute(provider, provider.authorizationEndpoint));
  const parameters = {
    response_type: "code",
    client_id: provider.clientId,
    redirect_uri: here(),
    scope,
    state: pending.state,
    code_challenge: base64Url(new Uint8Array(digest)),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  location.assign(url.href);
}

async function tokensFrom(
  provider: Provider,
  parameters: Record<string, string>,
  kept: string | null,
): Promise<Tokens> {
  let response: Response;
  try {
    response = await fetch(absolute(provider, provider.tokenEndpoint), {
      method: "POST",
      body: new URLSearchParams({ client_id: provider.clientId, ...parameters }),
    });
  } catch {
    throw new ApiError("offline", "The identity provider cannot be reached.");
  }
  const body = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  if (!response.ok || typeof body["access_token"] !== "string")
    throw new ApiError(
      "invalid",
      `The identity provider refused the sign-in: ${String(body["error_description"] ?? body["error"] ?? response.status)}`,
      response.ok ? 400 : response.status,
    );
  return {
    accessToken: body["access_token"],
    refreshToken: typeof body["refresh_token"] === "string" ? body["refresh_token"] : (kept ?? ""),
    expiresIn: typeof body["expires_in"] === "number" ? body["expires_in"] : 300,
  };
}

export function refreshAtProvider(provider: Provider): (refreshToken: string) => Promise<Tokens> {
  return (refreshToken) => {
    if (refreshToken === "")
      return Promise.reject(new ApiError("signedOut", "The session has ended.", 401));
    return tokensFrom(
      provider,
      { grant_type: "refresh_token", refresh_token: refreshToken },
      refreshToken,
    );
  };
}

/** The tokens of a sign-in that has just come back; null when the page was opened otherwise. */
export async function finishProviderLogin(provider: Provider): Promise<Tokens | null> {
  const answer = new URLSearchParams(location.search);
  const state = answer.get("state");
  const stored = sessionStorage.getItem(PENDING);
  if (state === null || stored === null) return null;
  sessionStorage.removeItem(PENDING);
  const pending = JSON.parse(stored) as Pending;
  history.replaceState(null, "", location.pathname + pending.hash);
  const refusal = answer.get("error");
  if (refusal !== null)
    throw new ApiError("denied", answer.get("error_description") ?? refusal, 403);
  if (state !== pending.state)
    throw new ApiError("invalid", "This sign-in was not begun in this window. Try again.", 400);
  return tokensFrom(
    provider,
    {
      grant_type: "authorization_code",
      code: answer.get("code") ?? "",
      redirect_uri: here(),
      code_verifier: pending.verifier,
    },
    null,
  );
}
