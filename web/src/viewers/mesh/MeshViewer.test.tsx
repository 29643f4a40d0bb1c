import { fireEvent, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Mesh, MeshStandardMaterial } from "three";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { renderApp, serve } from "../../test/app";
import { drawn, resetGraphics } from "../../test/graphics";
import MeshViewer from "./MeshViewer";

vi.mock("three", async (load) => ({
  ...(await load<object>()),
  ...(await import("../../test/graphics")).replaced,
}));

const STL =
  "solid a\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 4 0 0\nvertex 0 1.5 0\nendloop\nendfacet\nendsolid a";
const OBJ =
  "o roof\nv 0 0 0\nv 1 0 0\nv 0 1 0\nusemtl red\nf 1 2 3\no wall\nv 0 0 1\nv 1 0 1\nv 0 1 1\nusemtl red\nf 4 5 6\n";
const file = { of: { databaseId: "plant", assetId: "pump" }, path: "/pump.stl", size: 10 };
const house = { ...file, path: "/house.obj" };

const tool = (name: string) => screen.getByRole("button", { name });
const press = (name: string) => userEvent.click(tool(name));
const panel = (name: string) => screen.getByRole("complementary", { name });
const view = () => screen.getByRole("img", { name: /^3D view of/ });
const meshes = () => {
  const found: Mesh[] = [];
  drawn.scene?.traverse((one) => one instanceof Mesh && found.push(one));
  return found;
};
const seen = () =>
  meshes().filter((mesh) => {
    let visible = mesh.visible;
    mesh.traverseAncestors((above) => (visible &&= above.visible));
    return visible;
  });
const cameraAt = () =>
  drawn.camera?.position
    .toArray()
    .map((part) => part.toFixed(4))
    .join(" ");

beforeEach(resetGraphics);

async function shown(what = file, content = STL) {
  serve(() => new Response(content));
  const page = renderApp(<MeshViewer files={[what]} />);
  await screen.findByText(/^Bounding box/);
  await vi.waitFor(() => expect(meshes().length).toBeGreaterThan(0));
  return page;
}

describe("a model", () => {
  test("is shown with its facts, and everything is given back at the end", async () => {
    const { unmount } = await shown();
    screen.getByText("1 triangle");
    screen.getByText("Bounding box 4 × 1.5 × 0");
    expect(drawn.live).toBe(1);
    unmount();
    expect(drawn.live).toBe(0);
  });

  test("is turned, moved, zoomed and fitted with keys", async () => {
    await shown();
    const first = cameraAt();
    for (const key of ["ArrowLeft", "+"]) {
      const before = cameraAt();
      fireEvent.keyDown(view(), { key });
      await vi.waitFor(() => expect(cameraAt()).not.toBe(before));
    }
    fireEvent.keyDown(view(), { key: "ArrowUp", shiftKey: true });
    const before = cameraAt();
    fireEvent.keyDown(view(), { key: "f", ctrlKey: true });
    expect(cameraAt()).toBe(before);
    await press("View from");
    await userEvent.click(screen.getByRole("menuitem", { name: "From a corner" }));
    await vi.waitFor(() => expect(cameraAt()).toBe(first));
  });

  test("does not turn by itself for those who want little motion", async () => {
    const before = globalThis.matchMedia;
    vi.stubGlobal("matchMedia", (query: string) => ({ ...before(query), matches: true }));
    await shown();
    expect(screen.queryByRole("button", { name: "Turntable" })).toBeNull();
    vi.stubGlobal("matchMedia", before);
  });

  test("that is damaged says so, and is tried again", async () => {
    let answer = "short";
    serve(() => new Response(answer));
    renderApp(<MeshViewer files={[file]} />);
    await screen.findByText(/pump.stl is damaged, or is not what its name says/);
    answer = STL;
    await press("Try again");
    await screen.findByText("1 triangle");
  });

  test("without WebGL says what to do", async () => {
    drawn.refused = true;
    serve(() => new Response(STL));
    renderApp(<MeshViewer files={[file]} />);
    await screen.findByText(/This browser draws no 3D graphics. Turn on WebGL/);
  });
});

test("a view whose graphics are lost says so until they are back", async () => {
  await shown();
  fireEvent(view(), new Event("webglcontextlost"));
  await screen.findByText(/has stopped its 3D graphics/);
  const canvas = document.querySelector("canvas");
  if (canvas !== null) fireEvent(canvas, new Event("webglcontextrestored"));
  expect(screen.queryByText(/has stopped its 3D graphics/)).toBeNull();
});

describe("tools", () => {
  test("parts are hidden, shown alone and shown again with keys", async () => {
    await shown(house, OBJ);
    await press("Parts");
    const tree = within(panel("Parts")).getByRole("tree", { name: "Parts" });
    expect(within(tree).getAllByRole("treeitem")).toHaveLength(3);
    tree.focus();
    fireEvent.keyDown(tree, { key: "ArrowDown" });
    fireEvent.keyDown(tree, { key: " " });
    expect(seen().map((mesh) => mesh.name)).toEqual(["wall"]);
    within(tree).getByRole("treeitem", { name: /^roof.*hidden/ });
    fireEvent.keyDown(tree, { key: " " });
    fireEvent.keyDown(tree, { key: "i" });
    expect(seen().map((mesh) => mesh.name)).toEqual(["roof"]);
    await press("Show all parts");
    expect(seen()).toHaveLength(2);
    fireEvent.keyDown(tree, { key: "Home" });
    fireEvent.keyDown(tree, { key: "ArrowLeft" });
    expect(within(tree).getAllByRole("treeitem")).toHaveLength(1);
  });

  test("a material gets another colour, and its own again", async () => {
    await shown(house, OBJ);
    await press("Materials");
    const colour = within(panel("Materials")).getByLabelText("Colour");
    fireEvent.change(colour, { target: { value: "#00ff00" } });
    const hex = () => (meshes()[0]?.material as MeshStandardMaterial).color.getHexString();
    expect(hex()).toBe("00ff00");
    await press("As in the file");
    expect(hex()).not.toBe("00ff00");
  });

  test("a section is put across an axis, turned round and taken away", async () => {
    await shown();
    await press("Section");
    await vi.waitFor(() => expect(drawn.planes).toHaveLength(1));
    expect(drawn.planes[0]?.normal.x).toBe(-1);
    expect(drawn.planes[0]?.constant).toBeCloseTo(2);
    screen.getByText("Position: 2");
    await userEvent.click(within(panel("Section")).getByRole("button", { name: "Y" }));
    await press("Other side");
    await vi.waitFor(() => expect(drawn.planes[0]?.normal.y).toBe(1));
    expect(drawn.planes[0]?.constant).toBeCloseTo(-0.75);
    await press("Section");
    await vi.waitFor(() => expect(drawn.planes).toHaveLength(0));
    expect(screen.queryByRole("complementary")).toBeNull();
  });

  test("wireframe, and z upwards", async () => {
    await shown();
    await press("Wireframe");
    expect((meshes()[0]?.material as MeshStandardMaterial).wireframe).toBe(true);
    await press("Details and display");
    await userEvent.click(within(panel("Details and display")).getByLabelText("Z is up"));
    expect(meshes()[0]?.parent?.rotation.x).toBeCloseTo(-Math.PI / 2);
    // The model's own axes keep their sizes.
    screen.getByText("Bounding box 4 × 1.5 × 0");
  });

  test("sizes stand at the bounding box, in the unit that was said", async () => {
    const { container } = await shown();
    await press("Bounding box");
    const words = () =>
      [...container.querySelectorAll(".vams-pin-text")].map((pin) => pin.textContent);
    expect(words()).toEqual(["X 4", "Y 1.5"]);
    await press("Measure");
    await userEvent.click(within(panel("Measure")).getByRole("button", { name: /Not known/ }));
    await userEvent.click(screen.getByRole("option", { name: "Millimetres (mm)" }));
    expect(words()).toContain("X 4 mm");
    screen.getByText("Bounding box 4 × 1.5 × 0 mm");
  });

  test("Escape closes the panel and goes back to the view", async () => {
    await shown();
    await press("Details and display");
    fireEvent.keyDown(panel("Details and display"), { key: "Escape" });
    expect(screen.queryByRole("complementary")).toBeNull();
    expect(document.activeElement).toBe(view());
  });

  test("the view is offered as preview to those who may change the asset", async () => {
    const { unmount } = await shown();
    tool("Use as preview");
    unmount();
    serve(() => new Response(STL));
    renderApp(<MeshViewer files={[{ ...file, assetVersionId: "1" }]} />);
    await screen.findByText("1 triangle");
    expect(screen.queryByRole("button", { name: "Use as preview" })).toBeNull();
  });
});
