// What the server tells before and after the sign-in.
import { call, setApiBase } from "./http";

export interface PublicConfig {
  stackName: string;
  banner: string;
  /** Set when an identity provider has the accounts. */
  provider: {
    url: string;
    clientId: string;
    scope: string;
    scopeMfa: string;
    authorizationEndpoint: string;
    tokenEndpoint: string;
  } | null;
}

function text(value: unknown): string {
  return typeof value === "string" && value !== "undefined" ? value : "";
}

export async function fetchPublicConfig(): Promise<PublicConfig> {
  const raw = await call<Record<string, unknown>>("GET", "api/amplify-config", { open: true });
  const api = text(raw["api"]);
  if (api !== "") setApiBase(new URL(api, document.baseURI).pathname);
  const url = text(raw["externalOAuthIdpURL"]);
  return {
    stackName: text(raw["stackName"]),
    banner: text(raw["bannerHtmlMessage"]),
    provider:
      url === ""
        ? null
        : {
            url,
            clientId: text(raw["externalOAuthIdpClientId"]),
            scope: text(raw["externalOAuthIdpScope"]),
            scopeMfa: text(raw["externalOAuthIdpScopeMfa"]),
            authorizationEndpoint: text(raw["externalOAuthIdpAuthorizationEndpoint"]),
            tokenEndpoint: text(raw["externalOAuthIdpTokenEndpoint"]),
          },
  };
}

export async function fetchFeatures(): Promise<Set<string>> {
  const answer = await call<{ featuresEnabled: string | string[] }>("GET", "secure-config");
  const names = answer.featuresEnabled;
  return new Set(Array.isArray(names) ? names : names.split(",").filter((name) => name !== ""));
}
