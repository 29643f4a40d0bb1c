import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, test, vi } from "vitest";
import { refusal, renderApp, serve } from "../../test/app";
import { decodeText } from "../shared/decode";
import { tidyJson } from "./json";
import { languageOf } from "./languages";
import { blocksOf, piecesOf } from "./markdown";
import { Snippet } from "./Snippet";
import TextViewer from "./TextViewer";

const file = (path: string, size: number | null = null) => ({
  of: { databaseId: "plant", assetId: "pump" },
  path,
  size,
});

describe("JSON", () => {
  test("one value a line", () => {
    expect(tidyJson('{"a":[1,{"b":"x,{}:"}],"c":{},"d":[]}')).toBe(
      '{\n  "a": [\n    1,\n    {\n      "b": "x,{}:"\n    }\n  ],\n  "c": {},\n  "d": []\n}',
    );
  });
  test("long numbers keep their digits", () => {
    expect(tidyJson("[12345678901234567890,1.10]")).toBe("[\n  12345678901234567890,\n  1.10\n]");
  });
  test("no JSON stays as it is", () => expect(tidyJson("{a: 1")).toBe("{a: 1"));
});

describe("bytes", () => {
  test("UTF-8 with a mark", () =>
    expect(decodeText(new Uint8Array([0xef, 0xbb, 0xbf, 0xc3, 0xa4]))).toBe("ä"));
  test("UTF-16", () => expect(decodeText(new Uint8Array([0xff, 0xfe, 0xe4, 0]))).toBe("ä"));
  test("Windows", () => expect(decodeText(new Uint8Array([0x61, 0xe4]))).toBe("aä"));
  test("no text", () => expect(() => decodeText(new Uint8Array([1, 0, 2]))).toThrow(/no text/));
});

describe("Markdown", () => {
  test("blocks", () => {
    const text =
      "# One\n\ntwo\nthree\n\n- a\n- b\n  more\n\n1. c\n\n> q\n\n```\n<x>\n```\n---\n|a|b|\n|-|-|\n|1|2|";
    expect(blocksOf(text).map((block) => block.kind)).toEqual(
      "heading paragraph list list quote code rule table".split(" "),
    );
  });
  test("pieces", () => {
    expect(piecesOf("a **b _c_** `*d*`").map((piece) => piece.kind)).toEqual(
      "text strong text code".split(" "),
    );
  });
  test("a fence that is never closed, and marks that mean nothing, come to an end", () => {
    expect(blocksOf("```\nx").map((block) => block.kind)).toEqual(["code"]);
    expect(blocksOf("* \n#\n|").length).toBeGreaterThan(0);
  });
  test("addresses that run something are no links", () => {
    expect(piecesOf("[go](javascript:alert(1))").some((piece) => piece.kind === "link")).toBe(
      false,
    );
    expect(piecesOf("[go](https://example.org)")[0]?.kind).toBe("link");
  });
});

describe("colours", () => {
  test.each([
    [".py", "def f(): pass", "def"],
    [".json", '{"a": true}', "true"],
    [".sh", "if true; then echo; fi", "if"],
    [".cpp", "int main() { return 0; }", "return"],
  ])("%s", async (extension, text, word) => {
    const language = await languageOf(extension);
    renderApp(<Snippet text={text} language={language} label="code" />);
    const found = screen.getByText(word);
    expect(found.className).toMatch(/tok-(keyword|bool)/);
    expect(screen.getByRole("group", { name: "code" }).textContent).toBe(text);
  });
  test("none for what is no language", async () => {
    expect(await languageOf(".txt")).toBeNull();
  });
});

describe("the viewer", () => {
  test("HTML in a file stays text, and Markdown brings no element of its own", async () => {
    const harm = '<img src=x onerror="alert(1)"> <script>alert(2)</script>';
    serve(() => new Response(`# Title\n\n${harm}\n\n![pic](https://elsewhere.example/p.png)`));
    const { container } = renderApp(<TextViewer files={[file("/readme.md")]} />);
    await screen.findByRole("heading", { name: "Title" });
    expect(screen.getByText(harm)).toBeTruthy();
    expect(container.querySelector("img, script")).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: "Formatted" }));
    expect(screen.queryByRole("heading", { name: "Title" })).toBeNull();
  });

  test("a page is shown as its source", async () => {
    serve(() => new Response("<b>bold</b>"));
    const { container } = renderApp(<TextViewer files={[file("/page.html")]} />);
    await vi.waitFor(() =>
      expect(container.querySelector(".cm-content")?.textContent).toBe("<b>bold</b>"),
    );
    expect(container.querySelector("b")).toBeNull();
    const text = screen.getByRole("textbox", { name: "page.html" });
    expect(text.getAttribute("aria-readonly")).toBe("true");
    expect(text.getAttribute("contenteditable")).toBe("false");
  });

  test("a large file is not fetched, and says why", async () => {
    const calls = serve(() => new Response("x"));
    renderApp(<TextViewer files={[file("/big.log", 30_000_000)]} />);
    await screen.findByText(/big.log has 30.0 MB; up to 20.0 MB are shown here./);
    expect(calls).toEqual([]);
  });

  test("a refusal of the server is shown as such", async () => {
    serve(() => refusal(403, "Not Authorized"));
    renderApp(<TextViewer files={[file("/a.txt")]} />);
    await screen.findByText("You may not see this");
  });
});
