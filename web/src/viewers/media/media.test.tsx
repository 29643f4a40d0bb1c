import { fireEvent, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { renderApp, serve } from "../../test/app";
import AudioViewer from "./AudioViewer";
import { clockText, FrameClock, stepped } from "./frames";
import VideoViewer from "./VideoViewer";

const surfer = vi.hoisted(() => {
  const heard: Record<string, () => void> = {};
  return {
    heard,
    create: () => ({
      on: (name: string, work: () => void) => (heard[name] = work),
      getDecodedData: () => ({ numberOfChannels: 1, sampleRate: 8000 }),
      setOptions: () => undefined,
      destroy: () => undefined,
    }),
  };
});
vi.mock("wavesurfer.js", () => ({ default: surfer }));

const file = (path: string) => ({ of: { databaseId: "plant", assetId: "pump" }, path, size: 10 });

beforeEach(() => {
  serve(({ body }) => ({
    downloadUrl: `${location.origin}/objects/x${(body as { key: string }).key}`,
  }));
});

describe("frames", () => {
  test("their length is found out of what was shown, whatever was left out", () => {
    const clock = new FrameClock();
    expect(clock.known).toBe(false);
    for (const time of [0, 0.1, 0.2, 0.4, 0.5, 0.6]) clock.add(time);
    clock.jump();
    clock.add(40);
    expect(clock.length).toBeCloseTo(0.1);
    expect(clock.known).toBe(true);
  });
  test("a step meets the middle of the next frame, and stays in the film", () => {
    expect(stepped(0, 1, 0.1, 10)).toBeCloseTo(0.15);
    expect(stepped(0.15, -1, 0.1, 10)).toBeCloseTo(0.05);
    expect(stepped(0, -1, 0.1, 10)).toBe(0);
    expect(stepped(9.99, 5, 0.1, 10)).toBe(10);
  });
  test("times for people", () => {
    expect(clockText(62.35)).toBe("1:02.3");
    expect(clockText(3661)).toBe("1:01:01.0");
    expect(clockText(Infinity)).toBe("–");
  });
});

test("a film that this browser does not play says so", async () => {
  renderApp(<VideoViewer files={[file("/film.mp4")]} />);
  const video = await screen.findByLabelText("film.mp4");
  expect(video.getAttribute("src")).toContain("/objects/x/film.mp4");
  fireEvent.error(video);
  await screen.findByText(/film.mp4 is damaged, or is of a kind that this browser does not play/);
});

test("a film goes on by frames with buttons and keys, and at another speed", async () => {
  renderApp(<VideoViewer files={[file("/film.webm")]} />);
  const video = await screen.findByLabelText<HTMLVideoElement>("film.webm");
  video.pause = () => undefined;
  Object.defineProperty(video, "duration", { value: 10 });
  fireEvent.loadedMetadata(video);
  await screen.findByText("0:00.0 of 0:10.0");
  await userEvent.click(screen.getByRole("button", { name: "Next frame" }));
  expect(video.currentTime).toBeCloseTo(0.06);
  fireEvent.keyDown(video, { key: "." });
  expect(video.currentTime).toBeCloseTo(0.1);
  fireEvent.keyDown(video, { key: "," });
  expect(video.currentTime).toBeCloseTo(0.06);
  await userEvent.click(screen.getByRole("button", { name: /Speed/ }));
  await userEvent.click(await screen.findByText("0.5 ×"));
  expect(video.playbackRate).toBe(0.5);
});

test("a sound has the browser's controls, and its waveform once it is read", async () => {
  renderApp(<AudioViewer files={[file("/noise.wav")]} />);
  expect((await screen.findByLabelText("noise.wav")).hasAttribute("controls")).toBe(true);
  surfer.heard["decode"]?.();
  await screen.findByText("Mono");
});

test("a sound whose waveform cannot be drawn can still be heard", async () => {
  const { container } = renderApp(<AudioViewer files={[file("/noise.wav")]} />);
  await screen.findByLabelText("noise.wav");
  surfer.heard["error"]?.();
  await vi.waitFor(() =>
    expect(container.querySelector(".vams-waveform")?.hasAttribute("hidden")).toBe(true),
  );
  expect(screen.getByLabelText("noise.wav")).toBeTruthy();
});
