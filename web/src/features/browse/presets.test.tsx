import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { renderApp } from "../../test/app";
import { nameProblem, parsePresets } from "./presets";
import { PresetMenu } from "./PresetMenu";

const KEY = "vams-searches ann";

test("only lists of this application are gone to", () => {
  const kept = [
    { name: "a", address: "/assets?q=x" },
    { name: "a", address: "/assets?q=y" },
    { name: "b", address: "//example.org/assets" },
    { name: "c", address: "/databases/plant/assets?view=table" },
    { name: "d" },
    null,
  ];
  expect(parsePresets(JSON.stringify(kept)).map(({ name }) => name)).toEqual(["a", "c"]);
  expect(parsePresets("{")).toEqual([]);
  expect(parsePresets("3")).toEqual([]);
});

test("names are unique, whatever their capitals", () => {
  const presets = [{ name: "Cranes", address: "/assets" }];

  expect(nameProblem("cranes ", presets)).toContain("of this name");
  expect(nameProblem("cranes", presets, "Cranes")).toBe("");
  expect(nameProblem("x".repeat(81), presets)).toContain("80");
});

test("a search is saved, renamed and deleted", async () => {
  const person = userEvent.setup();
  renderApp(<PresetMenu address="/assets?q=crane" />);

  await person.click(screen.getByRole("button", { name: "Searches" }));
  await person.click(await screen.findByRole("menuitem", { name: "Save this search" }));
  await person.type(await screen.findByLabelText("Name"), "Cranes");
  await person.click(screen.getByRole("button", { name: "Save" }));
  await expect
    .poll(() => localStorage.getItem(KEY))
    .toBe('[{"name":"Cranes","address":"/assets?q=crane"}]');

  await person.click(screen.getByRole("button", { name: "Searches" }));
  expect(await screen.findByRole("menuitem", { name: /Cranes/ })).toBeTruthy();
  await person.click(screen.getByRole("menuitem", { name: "Rename or delete" }));
  const list = await screen.findByRole("list", { name: "Saved searches" });
  const field = within(list).getByLabelText("Name of Cranes");
  await person.clear(field);
  await person.type(field, "Tall cranes");
  await person.click(within(list).getByRole("button", { name: "Rename Cranes" }));
  await expect.poll(() => localStorage.getItem(KEY)).toContain("Tall cranes");
  await person.click(await screen.findByRole("button", { name: "Delete Tall cranes" }));
  await expect.poll(() => localStorage.getItem(KEY)).toBe("[]");
});
