import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Vector3 } from "three";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { COUNT, lasFile } from "../../../e2e/samples/points.mjs";
import { renderApp, serve } from "../../test/app";
import { CloudPanel } from "./CloudPanel";
import { collect } from "./cloud";
import { loadCloud, type CloudModel } from "./load";
import { readRecords } from "./read";
import type { CloudTask } from "./worker";

const file = { of: { databaseId: "plant", assetId: "pump" }, path: "/hill.las", size: null };

// jsdom has no workers: what one would do is done at once.
const ended = vi.fn();
const budgets: number[] = [];
class Inline {
  onmessage: ((event: MessageEvent) => void) | null = null;
  async postMessage({ bytes, extension, budget }: CloudTask) {
    budgets.push(budget);
    const answer = (data: unknown) => this.onmessage?.(new MessageEvent("message", { data }));
    try {
      const result = collect(await readRecords(extension, bytes), budget);
      answer({ kind: "result", result });
    } catch (error) {
      answer({ kind: "failed", message: (error as Error).message, cannot: false });
    }
  }
  terminate = ended;
}

beforeEach(() => {
  vi.stubGlobal("Worker", Inline);
  ended.mockReset();
  budgets.length = 0;
});

async function load(bytes = lasFile()): Promise<CloudModel> {
  serve(() => new Response(bytes));
  return loadCloud(file, {});
}

describe("a cloud", () => {
  test("has the number of its points, its size and its place", async () => {
    const model = await load();
    expect(model.facts.points).toBe(COUNT);
    expect(model.facts.size.map(Math.round)).toEqual([60, 60, 12]);
    expect(model.object.position.x).toBeGreaterThan(402_000);
    const middle = model.bounds?.().getCenter(new Vector3()).add(model.object.position);
    expect(middle?.toArray().map(Math.round)).toEqual([402_130, 5_623_430, 86]);
    expect(model.notes?.()).toEqual([]);
    expect(ended).toHaveBeenCalledTimes(1);
    model.dispose();
  });

  test("is read again with fewer points, which is said", async () => {
    const model = await load();
    await model.setBudget(1000);
    expect(budgets).toEqual([2_000_000, 1000]);
    expect(model.cloud.shown).toBeLessThanOrEqual(1000);
    expect(model.notes?.()[0]).toMatch(/^[\d,]+ of 19,600 points are drawn \(at most 1,000\)$/);
  });

  test("that was cut says so, and its worker ends", async () => {
    await expect(load(lasFile(9))).rejects.toThrow(
      /hill.las is damaged, .* \(it ends after 9 of its 19,600 points\)/,
    );
    expect(ended).toHaveBeenCalled();
  });

  test("is coloured as is chosen, with a legend", async () => {
    const model = await load();
    const draw = vi.fn();
    renderApp(<CloudPanel stage={{ draw }} models={[model]} />);
    await userEvent.click(screen.getByRole("button", { name: /Colours show/ }));
    await userEvent.click(await screen.findByText("Class"));
    expect(model.mode).toBe("class");
    expect(draw).toHaveBeenCalled();
    expect(screen.getByText(/^Ground \([\d,]+\)$/)).toBeTruthy();
    expect(screen.getByText(/^Water \([\d,]+\)$/)).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: /Points at most/ }));
    await userEvent.click(await screen.findByText("500,000"));
    expect(await screen.findByRole("button", { name: /500,000/ })).toBeTruthy();
    expect(budgets.at(-1)).toBe(500_000);
  });
});
