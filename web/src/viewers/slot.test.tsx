import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { ViewerSlot } from "../features/asset/ViewerSlot";
import { renderApp, serve } from "../test/app";

const file = (path: string) => ({ of: { databaseId: "plant", assetId: "pump" }, path, size: 8 });

test("the best viewer opens, another is one click away, in the same version, and is remembered", async () => {
  const calls = serve(() => new Response("a,b\n1,2\n"));
  const versioned = { ...file("/data.csv"), assetVersionId: "2" };
  const { unmount } = renderApp(<ViewerSlot files={[versioned]} picture="no picture" />);
  await screen.findByText("1 row");
  await userEvent.click(screen.getByRole("button", { name: "Text" }));
  await screen.findByText(/a,b/);
  expect(calls).toHaveLength(2);
  for (const call of calls) expect(call.path).toContain("assetVersionId=2");
  unmount();
  renderApp(<ViewerSlot files={[file("/other.csv")]} picture="no picture" />);
  await screen.findByText(/a,b/);
});

test("without a viewer there is the picture", () => {
  renderApp(<ViewerSlot files={[file("/thing.xyzw")]} picture="a picture" />);
  expect(screen.getByText("a picture")).toBeTruthy();
});

test("the beginning of a file tells which viewer is meant", async () => {
  const header =
    "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty float z\n";
  const calls = serve(() => new Response(`${header}end_header\n`));
  const versioned = { ...file("/scan.ply"), versionId: "v7" };
  renderApp(<ViewerSlot files={[versioned]} picture="no picture" />);
  const points = await screen.findByRole("button", { name: "Points" });
  expect(points.getAttribute("aria-pressed")).toBe("true");
  expect(calls[0]?.path).toContain("versionId=v7");
});
