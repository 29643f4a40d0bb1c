import Modal from "@cloudscape-design/components/modal";
import { Fragment } from "react";
import { keysText, type Shortcut } from "./shortcuts";

const LIST_KEYS: [string, string][] = [
  ["Tab", "Move through pictures, rows and buttons"],
  ["Enter", "Open what has the focus"],
  ["Esc", "Close a dialog"],
];

export function ShortcutsHelp(props: { shortcuts: Shortcut[]; onClose: () => void }) {
  return (
    <Modal visible header="Keyboard shortcuts" onDismiss={props.onClose}>
      <dl className="vams-keys">
        {props.shortcuts.map((shortcut) => (
          <Fragment key={shortcut.keys}>
            <dt>
              {keysText(shortcut.keys).map((key, index) => (
                <Fragment key={key}>
                  {index > 0 && " then "}
                  <kbd>{key}</kbd>
                </Fragment>
              ))}
            </dt>
            <dd>{shortcut.text}</dd>
          </Fragment>
        ))}
        {LIST_KEYS.map(([keys, text]) => (
          <Fragment key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{text}</dd>
          </Fragment>
        ))}
      </dl>
    </Modal>
  );
}
