// From the empty page to the sign-in or the application.
import { lazy, Suspense, useEffect, useState, useSyncExternalStore } from "react";
import { fetchPublicConfig, type PublicConfig } from "./api/config";
import { messageOf } from "./api/errors";
import { useTokens } from "./api/http";
import { finishProviderLogin, refreshAtProvider } from "./auth/provider";
import { session } from "./auth/session";
import { SignIn } from "./auth/SignIn";

const App = lazy(() => import("./app/App").then((module) => ({ default: module.App })));

type Boot =
  | { name: "starting" }
  | { name: "failed"; message: string }
  | { name: "ready"; config: PublicConfig };

async function start(): Promise<PublicConfig> {
  useTokens(session);
  const config = await fetchPublicConfig();
  if (config.provider !== null) {
    session.useRefresh(refreshAtProvider(config.provider));
    try {
      const tokens = await finishProviderLogin(config.provider);
      if (tokens !== null) {
        session.begin(tokens);
        return config;
      }
    } catch (error) {
      session.end(messageOf(error));
      return config;
    }
  }
  await session.restore();
  return config;
}

function Waiting() {
  return (
    <div className="vams-waiting" role="status">
      <span className="vams-sr">Loading</span>
    </div>
  );
}

function Failed(props: { message: string; onRetry: () => void }) {
  return (
    <main className="si-page">
      <section className="si-card">
        <h1>VAMS cannot start</h1>
        <p className="si-lead" role="alert">
          {props.message}
        </p>
        <button type="button" className="si-primary" onClick={props.onRetry}>
          Try again
        </button>
      </section>
    </main>
  );
}

export function Boot() {
  const [boot, setBoot] = useState<Boot>({ name: "starting" });
  const [attempt, setAttempt] = useState(0);
  const state = useSyncExternalStore(session.subscribe, session.get);

  useEffect(() => {
    let current = true;
    start().then(
      (config) => current && setBoot({ name: "ready", config }),
      (error: unknown) => current && setBoot({ name: "failed", message: messageOf(error) }),
    );
    return () => {
      current = false;
    };
  }, [attempt]);

  if (boot.name === "failed")
    return (
      <Failed
        message={boot.message}
        onRetry={() => {
          setBoot({ name: "starting" });
          setAttempt(attempt + 1);
        }}
      />
    );
  if (boot.name === "starting" || state.name === "restoring") return <Waiting />;
  if (state.name === "out") return <SignIn config={boot.config} reason={state.reason} />;
  return (
    <Suspense fallback={<Waiting />}>
      <App key={state.user.id} config={boot.config} user={state.user} />
    </Suspense>
  );
}
