import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { renderApp, serve } from "../../test/app";
import { cellText, tableOf, type TablePart } from "./content";
import TableViewer from "./TableViewer";

const work = vi.hoisted(() => vi.fn());
vi.mock("../shared/worker", () => ({ inWorker: work }));

const file = (path: string) => ({
  of: { databaseId: "plant", assetId: "pump" },
  path,
  size: 4000,
});

const part = (from: number, total: number, sheets: string[] = []): TablePart => ({
  ...tableOf(["name"], []),
  from,
  total,
  atOnce: 2,
  sheets,
  facts: [],
});

beforeEach(() => {
  vi.stubGlobal("Worker", class {});
  serve(({ method }) =>
    method === "POST"
      ? { downloadUrl: `${location.origin}/objects/x/rows.parquet` }
      : new Response("PAR1"),
  );
});

test("a table of many rows is read part by part, from its address", async () => {
  work.mockImplementation((_, { task, onPart }) => {
    onPart([[`row ${task.from}`], [`row ${task.from + 1}`]]);
    return Promise.resolve(part(task.from, 5));
  });
  renderApp(<TableViewer files={[file("/rows.parquet")]} />);
  await screen.findByText("Rows 1 to 2 of 5");
  await screen.findByText("5 rows");
  expect(work.mock.calls[0]?.[1].task).toEqual({
    kind: "parquet",
    address: `${location.origin}/objects/x/rows.parquet`,
    size: 4000,
    from: 0,
  });
  expect(screen.getByRole("button", { name: "Rows before" }).hasAttribute("disabled")).toBe(true);
  await userEvent.click(screen.getByRole("button", { name: "Next rows" }));
  await screen.findByText("Rows 3 to 4 of 5");
  await userEvent.click(screen.getByRole("button", { name: "Rows before" }));
  await screen.findByText("Rows 1 to 2 of 5");
});

test("the sheets of a workbook can be chosen", async () => {
  work.mockImplementation((_, { onPart }) => {
    onPart([["x"]]);
    return Promise.resolve(part(0, 1, ["Loads", "Winches"]));
  });
  renderApp(<TableViewer files={[file("/book.xlsx")]} />);
  await userEvent.click(await screen.findByRole("button", { name: /Sheet/ }));
  await userEvent.click(await screen.findByText("Winches"));
  await vi.waitFor(() => expect(work.mock.calls.at(-1)?.[1].task.sheet).toBe("Winches"));
});

test("values of any kind become texts", () => {
  expect(cellText(null)).toBe("");
  expect(cellText(12n)).toBe("12");
  expect(cellText(false)).toBe("false");
  expect(cellText(new Date("2026-03-04T00:00:00Z"))).toBe("2026-03-04");
  expect(cellText(new Date("2026-03-04T05:06:07Z"))).toBe("2026-03-04T05:06:07Z");
  expect(cellText(new Date(NaN))).toBe("");
  expect(cellText({ a: [1n, new Uint8Array(3)] })).toBe('{"a":["1","3 bytes"]}');
  expect(cellText(new Uint8Array(2))).toBe("2 bytes");
});
