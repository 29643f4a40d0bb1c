// The signed-in application: what the user may do, the pages, and what stands around them.
import I18nProvider from "@cloudscape-design/components/i18n";
import messages from "@cloudscape-design/components/i18n/messages/all.en";
import "@cloudscape-design/global-styles/index.css";
import { QueryCache, QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { RouterProvider } from "react-router-dom";
import { fetchSecureConfig, type PublicConfig, type SecureConfig } from "../api/config";
import { ApiError } from "../api/errors";
import { forgetRefusals } from "../api/pictures";
import { allowedRoutes, updateLoginProfile } from "../api/vams";
import type { User } from "../auth/session";
import { Problem } from "../ui/Problem";
import { noteFailure, whenBack } from "./connection";
import { AppContext, type AppFacts } from "./context";
import { clearFlashes } from "./flash";
import { ROUTES } from "./navigation";
import { router } from "./routes";
import "./app.css";

function makeClient(): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({ onError: noteFailure }),
    defaultOptions: {
      queries: {
        networkMode: "always",
        staleTime: 20_000,
        retry: (failures, error) =>
          error instanceof ApiError && ["offline", "broken"].includes(error.kind) && failures < 1,
        retryDelay: 800,
      },
      mutations: { networkMode: "always", onError: noteFailure },
    },
  });
}

async function fetchStart(user: User): Promise<SecureConfig & { routes: Set<string> }> {
  // The profile is what mail about subscriptions goes by; it is brought up to date at each start.
  const profile = updateLoginProfile(user.id).catch(() => undefined);
  const [config, routes] = await Promise.all([fetchSecureConfig(), allowedRoutes(ROUTES), profile]);
  return { ...config, routes };
}

function Started({ config, user }: { config: PublicConfig; user: User }) {
  const start = useQuery({
    queryKey: ["start", user.id, user.roles.join(",")],
    queryFn: () => fetchStart(user),
    staleTime: 5 * 60_000,
  });
  const data = start.data;
  const facts = useMemo<AppFacts | null>(
    () =>
      data === undefined
        ? null
        : {
            config,
            user,
            features: data.features,
            mapStyle: data.mapStyle,
            may: (pattern) => pattern === "/" || data.routes.has(pattern),
          },
    [config, user, data],
  );
  if (facts === null) {
    if (start.error === null) return <div className="vams-waiting" role="status" />;
    return (
      <main className="vams-alone">
        <h1 className="vams-sr">VAMS cannot start</h1>
        <Problem error={start.error} onRetry={() => void start.refetch()} />
      </main>
    );
  }
  return (
    <AppContext.Provider value={facts}>
      <RouterProvider router={router} />
    </AppContext.Provider>
  );
}

export function App(props: { config: PublicConfig; user: User }) {
  const client = useMemo(() => {
    const made = makeClient();
    whenBack(() => void made.invalidateQueries());
    return made;
  }, []);
  // Messages of one user are not for the next.
  useEffect(
    () => () => {
      clearFlashes();
      forgetRefusals();
    },
    [],
  );
  return (
    <I18nProvider locale="en" messages={[messages]}>
      <QueryClientProvider client={client}>
        <Started {...props} />
      </QueryClientProvider>
    </I18nProvider>
  );
}
