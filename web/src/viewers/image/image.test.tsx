import { fireEvent, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { refusal, renderApp, serve } from "../../test/app";
import { CannotShow } from "../shared/file";
import ImageViewer from "./ImageViewer";
import { FORWARD, looked, mayBePanorama, narrowed, saysPanorama, turned } from "./panorama";
import { actualSize, FITTED, pixelAt, pressed, zoomed } from "./view";

const decoded = vi.hoisted(() => vi.fn());
vi.mock("./decode", () => ({ decodeInWorker: decoded }));
// Without graphics there is still the way into a panorama and out of it.
vi.mock("./Panorama", () => ({ default: () => <p>looking around</p> }));

const file = (path = "/photo.png") => ({
  of: { databaseId: "plant", assetId: "pump" },
  path,
  size: 10,
  versionId: "v2",
});

beforeEach(() => {
  HTMLCanvasElement.prototype.getContext = () => null;
});

describe("zoom", () => {
  test("the point below the pointer stays", () => {
    const view = zoomed({ scale: 2, x: 30, y: -10 }, 1.5, 100, 50);
    const pointOf = (x: number, at: number, scale: number) => (x - at) / scale;
    expect(pointOf(100, view.x, view.scale)).toBeCloseTo(pointOf(100, 30, 2));
    expect(pointOf(50, view.y, view.scale)).toBeCloseTo(pointOf(50, -10, 2));
  });
  test("neither without end nor to nothing", () => {
    expect(zoomed(FITTED, 1e9).scale).toBe(64);
    expect(zoomed(FITTED, 1e-9).scale).toBe(0.2);
  });
  test("keys", () => {
    expect(pressed(FITTED, "+")?.scale).toBeCloseTo(1.25);
    expect(pressed({ scale: 3, x: 1, y: 1 }, "0")).toEqual(FITTED);
    expect(pressed(FITTED, "x")).toBeNull();
  });
  test("one pixel as one of the screen", () => {
    const frame = { width: 800, height: 400 };
    const picture = { width: 1600, height: 400 };
    expect(actualSize(FITTED, frame, picture, 1).scale).toBe(2);
    expect(actualSize(FITTED, frame, picture, 2).scale).toBe(1);
  });
  test("the pixel below the pointer, at any zoom", () => {
    const frame = { width: 800, height: 400 };
    const picture = { width: 80, height: 40 };
    expect(pixelAt(FITTED, frame, picture, -399, -199)).toEqual([0, 0]);
    expect(pixelAt(FITTED, frame, picture, 1, 1)).toEqual([40, 20]);
    expect(pixelAt({ scale: 2, x: 20, y: 0 }, frame, picture, 21, 0)).toEqual([40, 20]);
    expect(pixelAt(FITTED, { width: 800, height: 800 }, picture, 0, -300)).toBeNull();
  });
});

describe("panoramas", () => {
  test("are twice as wide as high", () => {
    expect(mayBePanorama({ width: 4000, height: 2000 })).toBe(true);
    expect(mayBePanorama({ width: 4000, height: 3000 })).toBe(false);
    expect(mayBePanorama({ width: 64, height: 32 })).toBe(false);
  });
  test("files say so in two ways of writing", () => {
    const says = (text: string) => saysPanorama(new TextEncoder().encode(text));
    expect(says('<x GPano:ProjectionType="equirectangular">')).toBe(true);
    expect(says("<GPano:ProjectionType>equirectangular</GPano:ProjectionType>")).toBe(true);
    expect(says("<GPano:ProjectionType>cylindrical</GPano:ProjectionType>")).toBe(false);
  });
  test("one looks all around, but not over one's back", () => {
    expect(turned(FORWARD, -30, 200)).toMatchObject({ around: 330, up: 89 });
    expect(narrowed(FORWARD, 100).angle).toBe(110);
    expect(looked(FORWARD, "ArrowRight")?.around).toBeGreaterThan(0);
    expect(looked({ around: 9, up: 9, angle: 20 }, "0")).toEqual(FORWARD);
    expect(looked(FORWARD, "q")).toBeNull();
  });
});

describe("pictures of the browser", () => {
  const loadAs = (image: HTMLElement, width: number, height: number) => {
    Object.defineProperty(image, "naturalWidth", { value: width });
    Object.defineProperty(image, "naturalHeight", { value: height });
    fireEvent.load(image);
  };

  test("the version that was asked for, and its size", async () => {
    const calls = serve(() => ({ downloadUrl: `${location.origin}/objects/x/photo.png` }));
    renderApp(<ImageViewer files={[file()]} />);
    const image = await screen.findByRole("img", { name: "photo.png" });
    expect(calls[0]?.body).toEqual({
      downloadType: "assetFile",
      key: "/photo.png",
      versionId: "v2",
    });
    loadAs(image, 4000, 3000);
    await screen.findByText("4,000 × 3,000 pixels");
    expect(screen.queryByRole("button", { name: "Panorama" })).toBeNull();
    fireEvent.keyDown(screen.getByRole("group", { name: "Picture photo.png" }), { key: "+" });
    expect(image.style.transform).toContain("scale(1.25)");
  });

  test("a damaged picture says so", async () => {
    serve(() => ({ downloadUrl: `${location.origin}/objects/x/photo.png` }));
    renderApp(<ImageViewer files={[file()]} />);
    fireEvent.error(await screen.findByRole("img", { name: "photo.png" }));
    await screen.findByText(/photo.png is damaged/);
  });

  test("a role without download addresses gets the file through the page", async () => {
    const given: Blob[] = [];
    URL.createObjectURL = (blob: Blob) => `blob:test/${given.push(blob)}`;
    URL.revokeObjectURL = () => undefined;
    serve(({ method }) =>
      method === "POST" ? refusal(403, "Not Authorized") : new Response("picture"),
    );
    renderApp(<ImageViewer files={[file()]} />);
    const image = await screen.findByRole("img", { name: "photo.png" });
    expect(image.getAttribute("src")).toBe("blob:test/1");
    expect(given[0]?.size).toBe(7);
  });

  test("a picture that calls itself a panorama opens as one, and can be seen flat", async () => {
    const address = `${location.origin}/objects/x/photo.png`;
    const calls = serve(({ method }) =>
      method === "POST"
        ? { downloadUrl: address }
        : new Response('GPano:ProjectionType="equirectangular"'),
    );
    renderApp(<ImageViewer files={[file()]} />);
    loadAs(await screen.findByRole("img", { name: "photo.png" }), 4000, 2000);
    await screen.findByText("looking around");
    expect(calls[1]?.path).toBe(address);
    await userEvent.click(screen.getByRole("button", { name: "Panorama" }));
    expect(screen.queryByText("looking around")).toBeNull();
  });

  test("a picture of that form that says nothing is flat until it is asked for", async () => {
    serve(({ method }) =>
      method === "POST"
        ? { downloadUrl: `${location.origin}/objects/x/photo.png` }
        : new Response("nothing"),
    );
    renderApp(<ImageViewer files={[file()]} />);
    loadAs(await screen.findByRole("img", { name: "photo.png" }), 4000, 2000);
    expect(screen.queryByText("looking around")).toBeNull();
    await userEvent.click(await screen.findByRole("button", { name: "Panorama" }));
    await screen.findByText("looking around");
  });
});

describe("pictures with a decoder", () => {
  test("light can be made brighter, and other tones are offered", async () => {
    serve(() => new Response("light"));
    decoded.mockResolvedValue({
      width: 2,
      height: 1,
      data: new Float32Array(8),
      range: null,
      facts: ["OpenEXR, ZIP"],
    });
    renderApp(<ImageViewer files={[file("/light.exr")]} />);
    await screen.findByText("OpenEXR, ZIP");
    expect(decoded).toHaveBeenCalledWith(
      "light.exr",
      expect.objectContaining({ extension: ".exr" }),
      expect.anything(),
    );
    fireEvent.change(screen.getByRole("slider", { name: "Exposure" }), { target: { value: "2" } });
    await screen.findByText("+2.0");
    await userEvent.click(screen.getByRole("button", { name: /Tone/ }));
    await screen.findByText("Plain");
    expect(screen.queryByText("Lowest to highest")).toBeNull();
  });

  test("bytes have no exposure", async () => {
    serve(() => new Response("photo"));
    decoded.mockResolvedValue({
      width: 2,
      height: 1,
      data: new Uint8ClampedArray(8),
      range: null,
      facts: ["TIFF, 3 × 8 bits"],
    });
    renderApp(<ImageViewer files={[file("/scan.tif")]} />);
    await screen.findByText("TIFF, 3 × 8 bits");
    expect(screen.queryByRole("slider")).toBeNull();
  });

  test("what cannot be decoded says why", async () => {
    serve(() => new Response("x"));
    decoded.mockRejectedValue(new CannotShow("light.exr is damaged (too short)."));
    renderApp(<ImageViewer files={[file("/light.exr")]} />);
    await screen.findByText(/light.exr is damaged \(too short\)/);
  });
});
