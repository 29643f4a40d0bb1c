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

export interface SecureConfig {
  features: Set<string>;
  /** Empty: none is configured. */
  mapStyle: string;
}

export async function fetchSecureConfig(): Promise<SecureConfig> {
  const answer = await call<Record<string, unknown>>("GET", "secure-config");
  const names = answer["featuresEnabled"];
  const features = Array.isArray(names) ? names.map(String) : text(names).split(",");
  return {
    features: new Set(features.filter((name) => name !== "")),
    mapStyle: text(answer["locationServiceApiUrl"]),
  };
}
