// Keeps a search under a name; renames and deletes those that are kept.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { succeed } from "../../app/flash";
import { Dialog } from "../../ui/Dialog";
import { Empty } from "../../ui/Empty";
import { onEnter } from "../../ui/enter";
import { MOST_PRESETS, nameProblem, type Preset, type Presets } from "./presets";

export function SaveDialog(props: { presets: Presets; address: string; onClose: () => void }) {
  const { presets } = props;
  const [name, setName] = useState("");
  const bare = name.trim();
  const problem = nameProblem(name, presets.all);
  const full = presets.all.length >= MOST_PRESETS;
  return (
    <Dialog
      title="Save this search"
      submitText="Save"
      incomplete={bare === "" || problem !== "" || full}
      onSubmit={() => {
        presets.save({ name: bare, address: props.address });
        succeed(`“${bare}” is saved.`);
        return Promise.resolve();
      }}
      onClose={props.onClose}
    >
      {full && (
        <Alert type="warning">
          {`${MOST_PRESETS} searches are saved, which is the most. Delete one first.`}
        </Alert>
      )}
      <FormField
        label="Name"
        description="Text, filters, order and view are kept, for you in this browser. To give the search to others, send them the address of the page."
        errorText={problem}
      >
        <Input
          value={name}
          onChange={({ detail }) => setName(detail.value)}
          placeholder="Cranes of the harbour"
          autoFocus
        />
      </FormField>
    </Dialog>
  );
}

function Row({ preset, presets }: { preset: Preset; presets: Presets }) {
  const [name, setName] = useState(preset.name);
  const bare = name.trim();
  const problem = nameProblem(name, presets.all, preset.name);
  const changed = bare !== "" && bare !== preset.name && problem === "";
  const rename = () => changed && presets.rename(preset.name, bare);
  return (
    <li className="vams-preset">
      <div className="vams-preset-name" onKeyDown={onEnter(rename)}>
        <FormField errorText={problem} stretch>
          <Input
            value={name}
            ariaLabel={`Name of ${preset.name}`}
            onChange={({ detail }) => setName(detail.value)}
          />
        </FormField>
      </div>
      <Button disabled={!changed} onClick={rename} ariaLabel={`Rename ${preset.name}`}>
        Rename
      </Button>
      <Button
        iconName="remove"
        variant="icon"
        ariaLabel={`Delete ${preset.name}`}
        onClick={() => {
          presets.remove(preset.name);
          succeed(`“${preset.name}” is deleted.`, () => {
            presets.save(preset);
            return Promise.resolve();
          });
        }}
      />
    </li>
  );
}

export function ManageDialog(props: { presets: Presets; onClose: () => void }) {
  const { presets } = props;
  return (
    <Modal
      visible
      header="Saved searches"
      closeAriaLabel="Close"
      onDismiss={props.onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="primary" onClick={props.onClose}>
              Done
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      {presets.all.length === 0 ? (
        <Empty title="No searches" text="Search for something, then save it from this menu." />
      ) : (
        <ul className="vams-presets" aria-label="Saved searches">
          {presets.all.map((preset) => (
            <Row key={preset.name} preset={preset} presets={presets} />
          ))}
        </ul>
      )}
    </Modal>
  );
}
