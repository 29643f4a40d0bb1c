import { expect, test } from "vitest";
import { parseRich, richFromText, textFromRich } from "./rich";

test("lines become harmless HTML", () => {
  expect(richFromText("a <b> **x y** _z_\nnext\n\n- one\n- two")).toBe(
    "<p>a &lt;b&gt; <strong>x y</strong> <em>z</em><br>next</p><ul><li>one</li><li>two</li></ul>",
  );
});

test("addresses become links, as they are", () => {
  expect(richFromText("see https://a.example/x_y_z?b=1&c=2.")).toBe(
    '<p>see <a href="https://a.example/x_y_z?b=1&amp;c=2">https://a.example/x_y_z?b=1&amp;c=2</a>.</p>',
  );
});

test("a text comes back as it was written", () => {
  const text = "One **two** _three_\nfour\n\n- five\n- six\n\nhttps://a.example/b";
  expect(textFromRich(richFromText(text))).toBe(text);
});

test.each([
  ["<script>alert(1)</script>x", ["x"]],
  ["<img src=x onerror=alert(1)>y", ["y"]],
  ['<a href="javascript:alert(1)">z</a>', ["z"]],
  ['<p onclick="a()">q</p>', [{ tag: "p", parts: ["q"] }]],
  ['<a href="https://a.example/">w</a>', [{ tag: "a", href: "https://a.example/", parts: ["w"] }]],
])("%s is taken apart", (html, parts) => {
  expect(parseRich(html)).toEqual(parts);
});
