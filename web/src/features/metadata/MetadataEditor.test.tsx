import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { item } from "../../test/items";
import { refusal, renderApp, serve } from "../../test/app";
import { MetadataEditor } from "./MetadataEditor";

const target = { kind: "database", databaseId: "plant" } as const;

afterEach(() => vi.unstubAllGlobals());

function answer(items: unknown[], restricted = false) {
  return { metadata: items, restrictMetadataOutsideSchemas: restricted };
}

test("a value is edited and sent, alone", async () => {
  const calls = serve(({ method }) =>
    method === "GET"
      ? answer([item("Maker", "Northbank"), item("Mass", "5", "number")])
      : { failureCount: 0, failedItems: [] },
  );
  const person = userEvent.setup();
  renderApp(<MetadataEditor title="Metadata" target={target} />);

  await person.click(await screen.findByRole("button", { name: "Edit Maker" }));
  const field = screen.getByRole("textbox", { name: "Maker" });
  await person.clear(field);
  await person.type(field, "Southbank");
  await person.click(screen.getByRole("button", { name: "Save 1 change" }));

  await vi.waitFor(() =>
    expect(calls.find((call) => call.method === "PUT")?.body).toEqual({
      metadata: [{ metadataKey: "Maker", metadataValue: "Southbank", metadataValueType: "string" }],
      updateType: "update",
    }),
  );
});

test("what the server would refuse is not sent", async () => {
  serve(() => answer([item("Mass", "5", "number")]));
  const person = userEvent.setup();
  renderApp(<MetadataEditor title="Metadata" target={target} />);

  await person.click(await screen.findByRole("button", { name: "Edit Mass" }));
  await person.type(screen.getByRole("textbox", { name: "Mass" }), " kg");

  expect(await screen.findByText("This is no number.")).toBeTruthy();
  const save = screen.getByRole("button", { name: "Save 1 change" });
  expect(save.hasAttribute("disabled") || save.getAttribute("aria-disabled")).toBeTruthy();
});

test("a refusal is shown, and the changes stay", async () => {
  serve(({ method }) =>
    method === "GET"
      ? answer([item("Maker", "Northbank")])
      : refusal(400, "VAMS General Error: Schema validation failed: no"),
  );
  const person = userEvent.setup();
  renderApp(<MetadataEditor title="Metadata" target={target} />);

  await person.click(await screen.findByRole("button", { name: "Edit Maker" }));
  await person.type(screen.getByRole("textbox", { name: "Maker" }), "s");
  await person.click(screen.getByRole("button", { name: "Save 1 change" }));

  expect(await screen.findByText("Schema validation failed: no")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Save 1 change" })).toBeTruthy();
});

test("fields of schemas cannot be removed, and none added where only schemas count", async () => {
  serve(() =>
    answer(
      [item("Unit", "kg", "string", { metadataSchemaField: true, metadataSchemaName: "Basics" })],
      true,
    ),
  );
  renderApp(<MetadataEditor title="Metadata" target={target} />);

  const table = await screen.findByRole("table", { name: "Metadata" });
  expect(await within(table).findByText("Basics")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Remove Unit" })).toBeNull();
  expect(screen.queryByRole("button", { name: "Add a field" })).toBeNull();
});

test("whoever may only read sees no way to change anything", async () => {
  serve(() => answer([item("Maker", "Northbank")]));
  renderApp(<MetadataEditor title="Metadata" target={target} />, { readOnly: true });

  expect(await screen.findByText("Northbank")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Edit Maker" })).toBeNull();
});
