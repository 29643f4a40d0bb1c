import { expect, test } from "vitest";
import { parseBanner } from "../ui/banner";
import { match } from "./matching";
import { navigationFor } from "./navigation";
import { KeySequence } from "./shortcuts";

test("the navigation has only pages that are open to the user", () => {
  const sections = navigationFor((path) => path === "/assets");
  expect(sections.flatMap((section) => section.links.map((link) => link.path))).toEqual([
    "/assets",
  ]);
  expect(navigationFor(() => false)).toEqual([]);
});

test("key sequences: complete, too slow, and single keys in between", () => {
  const keys = new KeySequence(["g d", "t"]);
  expect(keys.press("g", 1000)).toBeNull();
  expect(keys.press("d", 1500)).toBe("g d");
  expect(keys.press("g", 2000)).toBeNull();
  expect(keys.press("d", 9000)).toBeNull();
  expect(keys.press("g", 10_000)).toBeNull();
  expect(keys.press("t", 10_100)).toBe("t");
});

test("names that begin with the letters come before names that hold them", () => {
  expect(match("cra", "Crane")).toBeGreaterThan(match("cra", "Gantry crane"));
  expect(match("cra", "Gantry crane")).toBeGreaterThan(match("cra", "Scrap"));
  expect(match("xyz", "Crane")).toBe(0);
});

test("of the banner's HTML only harmless tags are left", () => {
  const parts = parseBanner('a <b>bold</b><script>alert(1)</script> <i onclick="x">c</i>');
  expect(parts).toEqual(["a ", { tag: "b", parts: ["bold"] }, " ", "c"]);
});
