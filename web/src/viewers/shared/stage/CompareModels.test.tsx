import { fireEvent, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { BoxGeometry, Mesh, MeshStandardMaterial } from "three";
import { beforeEach, expect, test, vi } from "vitest";
import { renderApp } from "../../../test/app";
import { drawn, resetGraphics } from "../../../test/graphics";
import { CannotShow } from "../file";
import { CompareModels } from "./CompareModels";
import { factsOf, type LoadModel } from "./model";
import { Stage } from "./Stage";

vi.mock("three", async (load) => ({
  ...(await load<object>()),
  ...(await import("../../../test/graphics")).replaced,
}));

const OF = { databaseId: "plant", assetId: "pump" };
const before = { of: OF, path: "/pump.glb", size: 1, assetVersionId: "1" };
const after = { ...before, assetVersionId: "2" };
const names = { before: "v1", after: "v2" };

const load: LoadModel = (file) => {
  const object = new Mesh(
    new BoxGeometry(file.assetVersionId === "1" ? 1 : 3, 1, 1),
    new MeshStandardMaterial(),
  );
  const facts = factsOf(object);
  if (facts === null) throw new Error("nothing");
  return Promise.resolve({ object, facts, zUp: false, unit: "m", dispose: () => undefined });
};

beforeEach(resetGraphics);

test("both models are seen in one way, with what is different", async () => {
  const follow = vi.spyOn(Stage.prototype, "follow");
  const { unmount } = renderApp(
    <CompareModels before={before} after={after} names={names} load={load} />,
  );
  const table = await screen.findByRole("table", { name: "Sizes and counts of both models" });
  const row = await within(table).findByRole("row", { name: /Size X/ });
  expect(row.textContent).toBe("Size X1 m3 m (changed)");
  expect(within(table).getByRole("row", { name: /Triangles/ }).textContent).toBe("Triangles1212");
  const count = follow.mock.calls.length;
  fireEvent.keyDown(screen.getByRole("img", { name: "3D view of pump.glb, v1" }), {
    key: "ArrowLeft",
  });
  expect(follow.mock.calls.length).toBeGreaterThan(count);
  const [left, right] = follow.mock.contexts
    .slice(-1)
    .concat(follow.mock.lastCall ?? []) as Stage[];
  expect(left?.camera.position.toArray()).toEqual(right?.camera.position.toArray());
  await userEvent.click(screen.getByRole("button", { name: "Turn both together" }));
  const apart = follow.mock.calls.length;
  fireEvent.keyDown(screen.getByRole("img", { name: "3D view of pump.glb, v2" }), { key: "-" });
  expect(follow.mock.calls.length).toBe(apart);
  unmount();
  expect(drawn.live).toBe(0);
});

test("one section goes through both at the same place", async () => {
  const cut = vi.spyOn(Stage.prototype, "cut");
  renderApp(<CompareModels before={before} after={after} names={names} load={load} />);
  await screen.findByRole("row", { name: /Size X/ });
  await userEvent.click(screen.getByRole("button", { name: "Section" }));
  const constants = cut.mock.calls.slice(-2).map(([planes]) => planes[0]?.constant);
  expect(constants).toEqual([0, 0]);
  screen.getByText("Position: 0 m");
});

test("a side that cannot be shown says why, the other is shown", async () => {
  const half: LoadModel = (file, options) =>
    file.assetVersionId === "1"
      ? Promise.reject(new CannotShow("It is damaged."))
      : load(file, options);
  renderApp(<CompareModels before={before} after={after} names={names} load={half} />);
  await screen.findByText(/It is damaged/);
  expect((await screen.findByRole("row", { name: /Size X/ })).textContent).toBe(
    "Size X–3 m (changed)",
  );
});
