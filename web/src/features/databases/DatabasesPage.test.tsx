import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { clearFlashes } from "../../app/flash";
import { refusal, renderApp, serve } from "../../test/app";
import { DatabasesPage } from "./DatabasesPage";

const database = (databaseId: string) => ({
  databaseId,
  description: "Quay wall scans",
  dateCreated: "March 04 2026 - 09:15:31",
  assetCount: 2,
  defaultBucketId: "b1",
  bucketName: "vault",
  baseAssetsPrefix: "/",
  restrictMetadataOutsideSchemas: false,
  restrictFileUploadsToExtensions: ".glb",
});

const buckets = { Items: [{ bucketId: "b1", bucketName: "vault", baseAssetsPrefix: "/" }] };

afterEach(() => {
  clearFlashes();
  vi.unstubAllGlobals();
});

test("a database is made with the only bucket there is", async () => {
  const calls = serve(({ method, path }) => {
    if (path === "buckets") return buckets;
    return method === "POST" ? { databaseId: "yard" } : { Items: [] };
  });
  const person = userEvent.setup();
  renderApp(<DatabasesPage />);

  await person.click((await screen.findAllByRole("button", { name: "Create database" }))[0]!);
  const dialog = await screen.findByRole("dialog");
  await person.type(await within(dialog).findByLabelText("Identifier"), "yard");
  await person.type(within(dialog).getByLabelText("Description"), "Parts of cranes");
  await person.type(within(dialog).getByLabelText(/Extensions/), "glb e57");
  await within(dialog).findByText("vault");
  await person.click(within(dialog).getByRole("button", { name: "Create database" }));

  await vi.waitFor(() =>
    expect(calls.find((call) => call.method === "POST")?.body).toEqual({
      databaseId: "yard",
      description: "Parts of cranes",
      defaultBucketId: "b1",
      restrictMetadataOutsideSchemas: false,
      restrictFileUploadsToExtensions: ".glb, .e57",
    }),
  );
});

test("deleting needs the word, and says why it failed", async () => {
  const calls = serve(({ method }) =>
    method === "DELETE"
      ? refusal(400, "Database contains active assets")
      : { Items: [database("harbour")] },
  );
  const person = userEvent.setup();
  renderApp(<DatabasesPage />);

  await person.click(await screen.findByRole("checkbox", { name: "Choose harbour" }));
  await person.click(screen.getByRole("button", { name: "Delete" }));
  const dialog = await screen.findByRole("dialog");
  const button = within(dialog).getByRole("button", { name: "Delete" });
  await person.click(button);
  expect(calls.some((call) => call.method === "DELETE")).toBe(false);
  await person.type(within(dialog).getByLabelText(/to confirm/), "delete");
  await person.click(button);

  expect(await within(dialog).findByText(/Database contains active assets/)).toBeTruthy();
});

test("whoever may only read sees no buttons that change something", async () => {
  serve(() => ({ Items: [database("harbour")] }));
  renderApp(<DatabasesPage />, { readOnly: true });

  expect(await screen.findByText("harbour")).toBeTruthy();
  for (const name of ["Create database", "Edit", "Delete"])
    expect(screen.queryByRole("button", { name })).toBeNull();
});
