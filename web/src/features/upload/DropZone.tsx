// Takes files and folders that are dropped onto a part of the page, and the buttons that do the same
// with the keyboard.
import Button from "@cloudscape-design/components/button";
import ButtonDropdown, {
  type ButtonDropdownProps,
} from "@cloudscape-design/components/button-dropdown";
import { useRef, useState, type DragEvent, type ReactNode } from "react";
import { fail } from "../../app/flash";
import { canPick, collectChosen, collectDropped, pick, type Collected } from "./collect";
import "./upload.css";

export function holdsFiles(data: DataTransfer | null): boolean {
  return data !== null && [...data.types].includes("Files");
}

export interface FileDrop {
  over: boolean;
  handlers: {
    onDragEnter: (event: DragEvent) => void;
    onDragOver: (event: DragEvent) => void;
    onDragLeave: (event: DragEvent) => void;
    onDrop: (event: DragEvent) => void;
  };
}

export function useFileDrop(onFiles: ((files: Collected) => void) | null): FileDrop {
  // Entering a child comes before leaving its parent.
  const depth = useRef(0);
  const [over, setOver] = useState(false);
  const step = (event: DragEvent, by: number) => {
    if (onFiles === null || !holdsFiles(event.dataTransfer)) return;
    event.preventDefault();
    // Of places within each other, the inner one takes them.
    event.stopPropagation();
    depth.current = Math.max(0, depth.current + by);
    setOver(depth.current > 0);
  };
  return {
    over,
    handlers: {
      onDragEnter: (event) => step(event, 1),
      onDragLeave: (event) => step(event, -1),
      onDragOver: (event) => {
        if (onFiles === null || !holdsFiles(event.dataTransfer)) return;
        event.preventDefault();
        event.stopPropagation();
        event.dataTransfer.dropEffect = "copy";
      },
      onDrop: (event) => {
        depth.current = 0;
        setOver(false);
        if (onFiles === null || !holdsFiles(event.dataTransfer)) return;
        event.preventDefault();
        event.stopPropagation();
        collectDropped(event.dataTransfer).then(
          (files) => files.candidates.length > 0 && onFiles(files),
          (error: unknown) => fail("The files cannot be read", error),
        );
      },
    },
  };
}

export function DropZone(props: {
  /** Null: nothing can be dropped here. */
  onFiles: ((files: Collected) => void) | null;
  /** What a drop does. */
  text: string;
  children: ReactNode;
}) {
  const drop = useFileDrop(props.onFiles);
  return (
    <div className="vams-drop" {...drop.handlers}>
      {props.children}
      {drop.over && <div className="vams-drop-over">{props.text}</div>}
    </div>
  );
}

export interface Chooser {
  choose: (kind: "files" | "folder") => void;
  /** Has to be on the page: two inputs that nobody sees. */
  inputs: ReactNode;
}

/** Choosing with the browser's dialogs. */
export function useChooser(onFiles: (files: Collected) => void): Chooser {
  const files = useRef<HTMLInputElement | null>(null);
  const folder = useRef<HTMLInputElement | null>(null);
  const choose = (kind: "files" | "folder") => {
    if (!canPick(kind)) return (kind === "files" ? files : folder).current?.click();
    pick(kind).then(
      (collected) => collected !== null && collected.candidates.length > 0 && onFiles(collected),
      // Where the browser lets pages have no such dialog, it still has the older one.
      () => (kind === "files" ? files : folder).current?.click(),
    );
  };
  const input = (kind: "files" | "folder") => (
    <input
      ref={(element) => {
        (kind === "files" ? files : folder).current = element;
        if (kind === "folder") element?.setAttribute("webkitdirectory", "");
      }}
      type="file"
      multiple
      hidden
      data-picks={kind}
      onChange={(event) => {
        const collected = collectChosen(event.target.files);
        event.target.value = "";
        if (collected.candidates.length > 0) onFiles(collected);
      }}
    />
  );
  return {
    choose,
    inputs: (
      <>
        {input("files")}
        {input("folder")}
      </>
    ),
  };
}

export function UploadButton(props: {
  onFiles: (files: Collected) => void;
  variant?: ButtonDropdownProps.Variant;
  text?: string;
  disabled?: boolean;
}) {
  const chooser = useChooser(props.onFiles);
  return (
    <>
      <ButtonDropdown
        variant={props.variant ?? "normal"}
        disabled={props.disabled === true}
        items={[
          { id: "files", text: "Files", iconName: "file" },
          { id: "folder", text: "A folder", iconName: "folder" },
        ]}
        onItemClick={({ detail }) => chooser.choose(detail.id as "files" | "folder")}
      >
        {props.text ?? "Upload"}
      </ButtonDropdown>
      {chooser.inputs}
    </>
  );
}

/** A large place to drop into, with buttons in it. */
export function DropBox(props: { onFiles: (files: Collected) => void; text: string }) {
  const drop = useFileDrop(props.onFiles);
  const chooser = useChooser(props.onFiles);
  return (
    <div className="vams-drop-box" data-over={drop.over} {...drop.handlers}>
      <p>{props.text}</p>
      <div className="vams-drop-buttons">
        <Button iconName="file" onClick={() => chooser.choose("files")}>
          Choose files
        </Button>
        <Button iconName="folder" onClick={() => chooser.choose("folder")}>
          Choose a folder
        </Button>
      </div>
      {chooser.inputs}
    </div>
  );
}
