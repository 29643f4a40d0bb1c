import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { Link } from "react-router-dom";
import { afterEach, expect, test, vi } from "vitest";
import { renderApp } from "../test/app";
import { Unsaved, UnsavedGuard } from "./Unsaved";

function Page() {
  const [first, setFirst] = useState(true);
  const [second, setSecond] = useState(true);
  return (
    <>
      <Unsaved pending={first} what="The first would be lost." />
      <Unsaved pending={second} what="The second would be lost." />
      <button onClick={() => setFirst(false)}>Save the first</button>
      <button onClick={() => setSecond(false)}>Save the second</button>
      <Link to="/elsewhere">Go</Link>
      <UnsavedGuard />
    </>
  );
}

afterEach(() => vi.unstubAllGlobals());

test("a page is not left while any part of it has something unsaved", async () => {
  const person = userEvent.setup();
  renderApp(<Page />);

  await person.click(screen.getByText("Save the second"));
  await person.click(screen.getByText("Go"));
  expect(await screen.findByText("The first would be lost.")).toBeTruthy();
  expect(screen.queryByText("The second would be lost.")).toBeNull();
  await person.click(screen.getByText("Stay"));

  await person.click(screen.getByText("Save the first"));
  await person.click(screen.getByText("Go"));
  expect(screen.queryByText("Leave without saving?")).toBeNull();
});
