// Components with what every page has around it, and a server that answers from a table.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactElement } from "react";
import { createMemoryRouter, RouterProvider } from "react-router-dom";
import { vi } from "vitest";
import { useTokens } from "../api/http";
import { AppContext, type AppFacts } from "../app/context";

export interface Sent {
  method: string;
  path: string;
  body: unknown;
}

type Answers = (sent: Sent) => unknown;

/** Every call is answered by `answers`: a Response as it is, anything else as JSON. */
export function serve(answers: Answers): Sent[] {
  const calls: Sent[] = [];
  useTokens({ token: () => Promise.resolve("t"), renew: () => Promise.resolve(null) });
  vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
    const body: unknown = typeof init.body === "string" ? JSON.parse(init.body) : undefined;
    const sent = { method: init.method ?? "GET", path: url.replace(/^\//, ""), body };
    calls.push(sent);
    const answer = answers(sent);
    return Promise.resolve(
      answer instanceof Response ? answer : new Response(JSON.stringify(answer)),
    );
  });
  return calls;
}

export function refusal(status: number, message: string): Response {
  return new Response(JSON.stringify({ message }), { status });
}

export function renderApp(
  element: ReactElement,
  options: { readOnly?: boolean; features?: string[]; at?: string } = {},
) {
  const facts: AppFacts = {
    config: { stackName: "plant", banner: "", provider: null },
    user: { id: "ann", email: "", roles: [], mfa: false },
    features: new Set(options.features ?? ["NOOPENSEARCH"]),
    mapStyle: "",
    may: (pattern) => options.readOnly !== true || pattern !== "/upload",
  };
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const router = createMemoryRouter([{ path: "*", element }], {
    initialEntries: [options.at ?? "/"],
  });
  return render(
    <AppContext.Provider value={facts}>
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </AppContext.Provider>,
  );
}
