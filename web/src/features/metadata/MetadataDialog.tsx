// The editor of metadata in a dialog: for what has no page of its own.
import Modal from "@cloudscape-design/components/modal";
import type { MetadataTarget } from "../../api/vams";
import { MetadataEditor } from "./MetadataEditor";

export function MetadataDialog(props: {
  title: string;
  target: MetadataTarget;
  onClose: () => void;
}) {
  return (
    <Modal
      visible
      size="max"
      header={props.title}
      closeAriaLabel="Close"
      onDismiss={({ detail }) => {
        // A click beside the dialog is too easily made to lose what was typed.
        if (detail.reason !== "overlay") props.onClose();
      }}
    >
      <MetadataEditor title="Metadata" target={props.target} variant="embedded" />
    </Modal>
  );
}
