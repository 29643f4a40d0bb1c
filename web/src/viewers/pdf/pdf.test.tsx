import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { renderApp, serve } from "../../test/app";
import { CannotShow } from "../shared/file";
import PdfViewer from "./PdfViewer";

const drawPage = vi.hoisted(() => vi.fn());
const openPdf = vi.hoisted(() => vi.fn());
vi.mock("./document", () => ({
  openPdf,
  drawPage,
  textOf: (_: unknown, number: number) => Promise.resolve(`text of page ${number}`),
}));

const file = { of: { databaseId: "plant", assetId: "pump" }, path: "/plan.pdf", size: 10 };

beforeEach(() => {
  serve(() => new Response("pdf"));
  drawPage.mockReturnValue({ done: Promise.resolve(), cancel: () => undefined });
  openPdf.mockResolvedValue({ numPages: 3, destroy: () => Promise.resolve() });
});

test("pages are turned within the document, and read aloud", async () => {
  renderApp(<PdfViewer files={[file]} />);
  await screen.findByText("text of page 1");
  const before = screen.getByRole("button", { name: "Page before" });
  expect(before.hasAttribute("disabled")).toBe(true);
  await userEvent.click(screen.getByRole("button", { name: "Next page" }));
  await userEvent.click(screen.getByRole("button", { name: "Next page" }));
  await screen.findByText("text of page 3");
  expect(screen.getByRole("button", { name: "Next page" }).hasAttribute("disabled")).toBe(true);
  await userEvent.click(screen.getByRole("button", { name: "Zoom in" }));
  await screen.findByText("125 %");
  expect(drawPage).toHaveBeenLastCalledWith(expect.anything(), 3, 1.25, expect.anything());
});

test("a damaged document says so", async () => {
  openPdf.mockRejectedValue(new CannotShow("This PDF file is damaged (no header)."));
  renderApp(<PdfViewer files={[file]} />);
  await screen.findByText(/This PDF file is damaged \(no header\)/);
});

test("a page that cannot be drawn says so", async () => {
  drawPage.mockImplementation(() => ({
    done: Promise.reject(new Error("x")),
    cancel: () => undefined,
  }));
  renderApp(<PdfViewer files={[file]} />);
  await screen.findByText(/Page 1 of this PDF file is damaged/);
});
