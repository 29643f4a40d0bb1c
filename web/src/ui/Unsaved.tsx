// Asks before a page with unsaved changes is left. Any part of a page may have some; one guard, which
// stands around all pages, asks for all of them: the router knows one at a time only.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useEffect, useId } from "react";
import { useBlocker } from "react-router-dom";

/** What would be lost, by the part of the page that has it. */
const unsaved = new Map<string, string>();

/** Says of a part of the page that something in it is not saved. */
export function Unsaved({ pending, what }: { pending: boolean; what: string }) {
  const id = useId();
  useEffect(() => {
    if (!pending) return;
    unsaved.set(id, what);
    return () => {
      unsaved.delete(id);
    };
  }, [id, pending, what]);
  return null;
}

export function UnsavedGuard() {
  const blocker = useBlocker(
    ({ currentLocation: from, nextLocation: to }) =>
      unsaved.size > 0 && (from.pathname !== to.pathname || from.search !== to.search),
  );
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => {
      if (unsaved.size > 0) event.preventDefault();
    };
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, []);
  if (blocker.state !== "blocked") return null;
  return (
    <Modal
      visible
      header="Leave without saving?"
      closeAriaLabel="Close"
      onDismiss={() => blocker.reset()}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={() => blocker.reset()}>
              Stay
            </Button>
            <Button variant="primary" onClick={() => blocker.proceed()}>
              Leave
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="xs">
        {[...unsaved.values()].map((what) => (
          <div key={what}>{what}</div>
        ))}
      </SpaceBetween>
    </Modal>
  );
}
