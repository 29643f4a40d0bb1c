import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { embindWithoutEval } from "./src/viewers/cad/embind";

// The server to develop against; `VAMS_SERVER=http://127.0.0.1:8080 npm run dev`.
const server = process.env["VAMS_SERVER"] ?? "http://127.0.0.1:8080";

// First segments of the server's own paths. Everything else belongs to the application.
const serverPaths = [
  "api",
  "asset-links",
  "assets",
  "auth",
  "buckets",
  "check-subscription",
  "comments",
  "database",
  "healthz",
  "metadataschema",
  "objects",
  "openapi.json",
  "readyz",
  "roles",
  "search",
  "secure-config",
  "subscriptions",
  "tag-types",
  "tags",
  "unsubscribe",
  "uploads",
  "user",
  "user-roles",
];

// The host is passed on, because signed addresses in answers carry it.
const proxy = {
  [`^/(${serverPaths.join("|")})(/|\\?|$)`]: { target: server, changeOrigin: false },
};

// What the server sends with the application, so that development meets the same limits. The
// development server itself needs inline scripts and a socket, so there it is left out.
const headers = {
  "Content-Security-Policy":
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; " +
    "img-src 'self' data: blob: https:; font-src 'self' data:; media-src 'self' blob:; " +
    "connect-src 'self' blob: data:; worker-src 'self' blob:; object-src 'none'; " +
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "credentialless",
};

// Compiled C++ whose glue the policy above would not let run as it comes.
const glue = embindWithoutEval(/occt-import-js\.js$/);

export default defineConfig({
  // Relative, so that the application also works below a path prefix of a reverse proxy.
  base: "./",
  plugins: [react(), glue],
  server: { port: 3001, strictPort: true, proxy },
  preview: { port: 3001, strictPort: true, proxy, headers },
  build: {
    target: "es2022",
    // Not "assets": that is a path of the server's interface.
    assetsDir: "static",
    assetsInlineLimit: 0,
    sourcemap: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1500,
  },
  // Workers fetch their decoders when they are asked for.
  worker: { format: "es", plugins: () => [glue] },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/test/setup.ts"],
    css: false,
    restoreMocks: true,
    testTimeout: 60_000,
    server: { deps: { inline: [/@cloudscape-design/] } },
  },
});
