// Asks before something is done to one thing or to many, does it a few at a time, and says of each
// that failed why it did.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { onEnter } from "./enter";
import { formatCount } from "./format";
import { runAll, type Outcome } from "./runAll";

const SHOWN = 6;

function Names({ names }: { names: string[] }) {
  return (
    <ul className="vams-names">
      {names.slice(0, SHOWN).map((name, index) => (
        <li key={`${index} ${name}`}>{name}</li>
      ))}
      {names.length > SHOWN && <li>{`and ${formatCount(names.length - SHOWN)} more`}</li>}
    </ul>
  );
}

function Failures<T>(props: { failed: Outcome<T>[]; nameOf: (item: T) => string }) {
  return (
    <Alert type="error" header={`${formatCount(props.failed.length)} could not be done`}>
      <ul className="vams-names">
        {props.failed.map((outcome, index) => (
          <li key={index}>
            <strong>{props.nameOf(outcome.item)}</strong>: {outcome.error}
          </li>
        ))}
      </ul>
    </Alert>
  );
}

export interface ActionDialogProps<T> {
  title: string;
  text: ReactNode;
  items: T[];
  nameOf: (item: T) => string;
  submitText: string;
  /** Has to be typed first, where there is no way back. */
  word?: string;
  work: (item: T) => Promise<unknown>;
  /** With those that were done; also when others failed. */
  onDone: (done: T[]) => void;
  onClose: () => void;
  incomplete?: boolean;
  /** Items at the same time. 1: strictly one after the other. */
  atOnce?: number;
  /** Further fields. */
  children?: ReactNode;
}

export function ActionDialog<T>(props: ActionDialogProps<T>) {
  const [typed, setTyped] = useState("");
  const [done, setDone] = useState<number | null>(null);
  const [failed, setFailed] = useState<Outcome<T>[] | null>(null);
  const stop = useRef(new AbortController());
  useEffect(() => () => stop.current.abort(), []);
  const { items, word } = props;
  const running = done !== null && failed === null;
  const ready = (word === undefined || typed.trim() === word) && props.incomplete !== true;

  const run = async () => {
    if (running || !ready) return;
    setDone(0);
    setFailed(null);
    const outcomes = await runAll(items, props.work, {
      atOnce: props.atOnce ?? 4,
      onProgress: setDone,
      signal: stop.current.signal,
    });
    props.onDone(outcomes.filter((outcome) => outcome.error === null).map(({ item }) => item));
    const bad = outcomes.filter((outcome) => outcome.error !== null);
    if (bad.length === 0) props.onClose();
    else setFailed(bad);
  };
  return (
    <Modal
      visible
      header={props.title}
      closeAriaLabel="Close"
      onDismiss={props.onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={props.onClose}>
              {failed !== null ? "Close" : running ? "Stop" : "Cancel"}
            </Button>
            {failed === null && (
              <Button
                variant="primary"
                loading={running}
                onClick={() => void run()}
                disabled={!ready}
              >
                {props.submitText}
              </Button>
            )}
          </SpaceBetween>
        </Box>
      }
    >
      <div onKeyDown={onEnter(() => void run())}>
        <SpaceBetween size="m">
          {failed === null && (
            <div>
              <Box variant="p">{props.text}</Box>
              <Names names={items.map(props.nameOf)} />
            </div>
          )}
          {failed === null && props.children}
          {failed === null && word !== undefined && (
            <FormField label={`Type “${word}” to confirm`}>
              <Input
                value={typed}
                onChange={({ detail }) => setTyped(detail.value)}
                disabled={running}
                autoComplete={false}
                spellcheck={false}
              />
            </FormField>
          )}
          {running && items.length > 1 && (
            <ProgressBar
              value={(100 * done) / items.length}
              label="Progress"
              additionalInfo={`${formatCount(done)} of ${formatCount(items.length)}`}
            />
          )}
          {failed !== null && <Failures failed={failed} nameOf={props.nameOf} />}
        </SpaceBetween>
      </div>
    </Modal>
  );
}
