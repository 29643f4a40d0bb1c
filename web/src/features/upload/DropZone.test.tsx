import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { renderApp } from "../../test/app";
import { DropZone } from "./DropZone";

const transfer = () => ({
  types: ["Files"],
  dropEffect: "none",
  items: [
    {
      kind: "file",
      webkitGetAsEntry: () => null,
      getAsFile: () => new File(["x"], "a.txt"),
    },
  ],
});

test("of places within each other the inner one takes what is dropped", async () => {
  const outer = vi.fn();
  const inner = vi.fn();
  renderApp(
    <DropZone text="onto the page" onFiles={outer}>
      <h1>Title</h1>
      <DropZone text="onto the list" onFiles={inner}>
        <p>List</p>
      </DropZone>
    </DropZone>,
  );
  const title = screen.getByText("Title");
  const list = screen.getByText("List");
  fireEvent.dragEnter(title, { dataTransfer: transfer() });
  expect(screen.getByText("onto the page")).toBeTruthy();
  fireEvent.dragEnter(list, { dataTransfer: transfer() });
  fireEvent.dragLeave(title, { dataTransfer: transfer() });
  expect(screen.queryByText("onto the page")).toBeNull();
  expect(screen.getByText("onto the list")).toBeTruthy();
  fireEvent.drop(list, { dataTransfer: transfer() });
  await waitFor(() => expect(inner).toHaveBeenCalledTimes(1));
  expect(screen.queryByText("onto the list")).toBeNull();
  fireEvent.drop(title, { dataTransfer: transfer() });
  await waitFor(() => expect(outer).toHaveBeenCalledTimes(1));
  expect(inner).toHaveBeenCalledTimes(1);
});

test("nothing is taken where nothing can be done with it, nor things that are no files", () => {
  const taken = vi.fn();
  renderApp(
    <DropZone text="onto the page" onFiles={taken}>
      <DropZone text="onto the list" onFiles={null}>
        <p>List</p>
      </DropZone>
    </DropZone>,
  );
  fireEvent.dragEnter(screen.getByText("List"), { dataTransfer: transfer() });
  expect(screen.getByText("onto the page")).toBeTruthy();
  expect(screen.queryByText("onto the list")).toBeNull();
  fireEvent.dragLeave(screen.getByText("List"), { dataTransfer: transfer() });
  fireEvent.dragEnter(screen.getByText("List"), { dataTransfer: { types: ["text/plain"] } });
  expect(screen.queryByText("onto the page")).toBeNull();
});
