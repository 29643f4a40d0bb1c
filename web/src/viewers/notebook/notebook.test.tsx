import { screen } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { renderApp, serve } from "../../test/app";
import NotebookViewer from "./NotebookViewer";
import { purify } from "./purify";
import { readNotebook } from "./read";

const notebook = (cells: unknown[]) => JSON.stringify({ nbformat: 4, cells, metadata: {} });
const code = (...outputs: unknown[]) => ({
  cell_type: "code",
  execution_count: 7,
  source: ["a = 1\n", "a"],
  outputs,
});

describe("reading", () => {
  test("sources line by line, results as rich as they are", () => {
    const { cells } = readNotebook(
      notebook([
        code(
          { output_type: "stream", name: "stderr", text: ["be ", "careful"] },
          {
            output_type: "display_data",
            data: { "image/png": "iVBO\nRw0=", "text/plain": "<fig>" },
          },
          { output_type: "execute_result", data: { "text/html": "<b>1</b>", "text/plain": "1" } },
          { output_type: "error", ename: "E", evalue: "v", traceback: ["\u001b[31mE\u001b[0m: v"] },
        ),
      ]),
    );
    expect(cells).toEqual([
      {
        kind: "code",
        text: "a = 1\na",
        count: 7,
        outputs: [
          { kind: "text", text: "be careful", failed: true },
          { kind: "image", address: "data:image/png;base64,iVBORw0=" },
          { kind: "html", html: "<b>1</b>" },
          { kind: "text", text: "E: v", failed: true },
        ],
      },
    ]);
  });
  test("the format before", () => {
    const cell = {
      cell_type: "code",
      prompt_number: 2,
      input: ["b"],
      outputs: [{ output_type: "pyout", text: ["2"] }],
    };
    const former = {
      worksheets: [{ cells: [{ cell_type: "heading", level: 2, source: "T" }, cell] }],
    };
    expect(readNotebook(JSON.stringify(former)).cells).toEqual([
      { kind: "markdown", text: "## T" },
      { kind: "code", text: "b", count: 2, outputs: [{ kind: "text", text: "2", failed: false }] },
    ]);
  });
  test.each(["no JSON", "{}", "[]", '{"cells":3}', '{"cells":[]}', "null"])("%s is none", (text) =>
    expect(() => readNotebook(text)).toThrow(/notebook/),
  );
  test("cells of any shape do not stop the others", () => {
    const { cells } = readNotebook(
      notebook([null, 3, { cell_type: "code", outputs: [null, { output_type: "stream" }, {}] }]),
    );
    expect(cells).toHaveLength(3);
  });
  test("a picture that is none is left out", () => {
    const { cells } = readNotebook(
      notebook([code({ data: { "image/png": '"><script>', "text/plain": "fig" } })]),
    );
    expect(cells[0]).toMatchObject({ outputs: [{ kind: "text", text: "fig" }] });
  });
});

describe("HTML of results", () => {
  test("tables stay; what runs, fetches or covers the page goes", () => {
    const pure = purify(
      '<style>body{display:none}</style><table style="position:fixed" onclick="x()"><tr><td colspan="2">1</td></tr></table>' +
        '<img src="https://a.example/p.png"><img src="data:image/png;base64,AA=="><script>x()</script>' +
        '<a href="javascript:x()">a</a><iframe src="https://a.example"></iframe><form><input></form>',
    );
    expect(pure).toContain('<td colspan="2">1</td>');
    expect(pure).not.toMatch(/style|script|onclick|a\.example|iframe|form|input/);
    expect(pure).toContain('alt="Result"');
  });
});

test("the cells are shown, and nothing of them runs", async () => {
  serve(
    () =>
      new Response(
        notebook([
          { cell_type: "markdown", source: "# Title\n\n<img src=x onerror=go()>" },
          code({
            data: { "text/html": "<table><tr><td>4</td></tr></table><script>go()</script>" },
          }),
        ]),
      ),
  );
  const { container } = renderApp(
    <NotebookViewer
      files={[{ of: { databaseId: "plant", assetId: "pump" }, path: "/a.ipynb", size: 9 }]}
    />,
  );
  await screen.findByRole("heading", { name: "Title" });
  await screen.findByText("[7]");
  expect(screen.getByRole("cell", { name: "4" })).toBeTruthy();
  expect(screen.getByRole("group", { name: "Code of cell 2" }).textContent).toBe("a = 1\na");
  expect(container.querySelector("script, img")).toBeNull();
});
