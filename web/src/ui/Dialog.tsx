// A form in a dialog: sends once at a time, shows why it failed, and closes when it is done.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal, { type ModalProps } from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState, type ReactNode } from "react";
import { onEnter } from "./enter";
import { Problem } from "./Problem";

export function Dialog(props: {
  title: string;
  submitText: string;
  /** The dialog closes when it is done, and stays with the reason when it fails. */
  onSubmit: () => Promise<void>;
  onClose: () => void;
  /** Nothing can be sent yet. */
  incomplete?: boolean;
  size?: ModalProps.Size;
  children: ReactNode;
}) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = async () => {
    if (busy || props.incomplete === true) return;
    setBusy(true);
    setError(null);
    try {
      await props.onSubmit();
      props.onClose();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <Modal
      visible
      size={props.size ?? "medium"}
      header={props.title}
      closeAriaLabel="Close"
      onDismiss={() => !busy && props.onClose()}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={props.onClose} disabled={busy}>
              Cancel
            </Button>
            <Button
              variant="primary"
              loading={busy}
              onClick={() => void submit()}
              disabled={props.incomplete === true}
            >
              {props.submitText}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <div onKeyDown={onEnter(() => void submit())}>
        <SpaceBetween size="m">
          {props.children}
          {error !== null && <Problem error={error} />}
        </SpaceBetween>
      </div>
    </Modal>
  );
}
