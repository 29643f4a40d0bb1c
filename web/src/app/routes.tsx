// Addresses and their pages. Hash addresses, so that links of upstream's users stay good.
import { lazy, Suspense, type ComponentType } from "react";
import { createHashRouter, Navigate, Outlet, useParams, type RouteObject } from "react-router-dom";
import { useApp } from "./context";
import { navigationFor } from "./navigation";
import { DeniedPage, FailedPage, NotFoundPage } from "./ProblemPage";
import { Shell } from "./Shell";

type Module<K extends string> = Record<K, ComponentType>;

// A page as a file of its own, fetched when it is first opened.
function page<K extends string>(pattern: string, name: K, load: () => Promise<Module<K>>) {
  const Page = lazy(async () => ({ default: (await load())[name] as ComponentType }));
  function Guarded() {
    if (!useApp().may(pattern)) return <DeniedPage />;
    return (
      <Suspense fallback={<div className="vams-waiting" role="status" aria-label="Loading" />}>
        <Page />
      </Suspense>
    );
  }
  return <Guarded />;
}

// The start is the pictures; whoever may not see those begins at the first page they may.
function Start() {
  const { may } = useApp();
  const first = navigationFor(may)[0]?.links[0];
  if (may("/assets")) return <Navigate to="/assets" replace />;
  return first === undefined ? <DeniedPage /> : <Navigate to={first.path} replace />;
}

function ToDatabase() {
  const { databaseId = "" } = useParams();
  return <Navigate to={`/databases/${encodeURIComponent(databaseId)}/assets`} replace />;
}

const browse = (pattern: string) =>
  page(pattern, "BrowsePage", () => import("../features/browse/BrowsePage"));
const asset = (pattern: string) =>
  page(pattern, "AssetPage", () => import("../features/asset/AssetPage"));
const create = (pattern: string) =>
  page(pattern, "CreatePage", () => import("../features/asset/CreatePage"));
const databases = page(
  "/databases",
  "DatabasesPage",
  () => import("../features/databases/DatabasesPage"),
);

const ASSET = "/databases/:databaseId/assets/:assetId";

const pages: RouteObject[] = [
  { path: "/", element: <Start /> },
  { path: "/databases", element: databases },
  { path: "/databases/:databaseId", element: <ToDatabase /> },
  { path: "/databases/:databaseId/assets", element: browse("/databases/:databaseId/assets") },
  { path: "/assets", element: browse("/assets") },
  { path: "/search", element: browse("/search") },
  { path: "/search/:databaseId/assets", element: browse("/search/:databaseId/assets") },
  { path: "/upload", element: create("/upload") },
  { path: "/upload/:databaseId", element: create("/upload/:databaseId") },
  { path: ASSET, element: asset(ASSET) },
  { path: `${ASSET}/file/*`, element: asset(ASSET) },
  { path: "*", element: <NotFoundPage /> },
];

export const router = createHashRouter([
  {
    element: (
      <Shell>
        <Outlet />
      </Shell>
    ),
    errorElement: <FailedPage />,
    children: [{ errorElement: <FailedPage />, children: pages }],
  },
]);
