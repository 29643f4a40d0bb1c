// Where a file is shown: by the viewer that fits best, the others one click away, or else its picture.
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import { lazy, Suspense, useMemo, useState, type ReactNode } from "react";
import { extensionOf } from "../../ui/format";
import { Guard } from "../../viewers/shared/Guard";
import "../../viewers/slot.css";
import { headTells, viewersFor, type Viewer, type ViewerFile } from "../../viewers/registry";
import { useHead } from "../../viewers/shared/head";

const loaded = new Map<string, ReturnType<typeof lazyViewer>>();

function lazyViewer(viewer: Viewer) {
  return lazy(viewer.load);
}

function componentOf(viewer: Viewer) {
  const known = loaded.get(viewer.id) ?? lazyViewer(viewer);
  loaded.set(viewer.id, known);
  return known;
}

// The choice for a kind of file stays with this browser.
function remembered(kind: string): string | null {
  try {
    return localStorage.getItem(`vams-viewer${kind}`);
  } catch {
    return null;
  }
}

function remember(kind: string, id: string): void {
  try {
    localStorage.setItem(`vams-viewer${kind}`, id);
  } catch {
    // It then lasts as long as the page.
  }
}

export function ViewerSlot(props: { files: ViewerFile[]; picture: ReactNode }) {
  const first = props.files[0]?.path ?? "";
  const head = useHead(props.files[0], headTells(first));
  const viewers = useMemo(() => viewersFor(first, head.bytes), [first, head.bytes]);
  // Files of one extension may be of several kinds; what was chosen for one is not for the others.
  const kind = extensionOf(first) + (head.bytes === undefined ? "" : `:${viewers[0]?.id ?? ""}`);
  const [wanted, setWanted] = useState<Record<string, string>>({});
  const choice = wanted[kind] ?? remembered(kind);
  const chosen = viewers.find((viewer) => viewer.id === choice) ?? viewers[0];
  if (chosen === undefined) return <>{props.picture}</>;
  if (head.waiting) return <div className="vams-loading" role="status" aria-label="Loading" />;
  const Shown = componentOf(chosen);
  return (
    <div className="vams-viewer-slot">
      {viewers.length > 1 && (
        <SegmentedControl
          label="Viewer"
          selectedId={chosen.id}
          options={viewers.map((viewer) => ({ id: viewer.id, text: viewer.name }))}
          onChange={({ detail }) => {
            remember(kind, detail.selectedId);
            setWanted({ ...wanted, [kind]: detail.selectedId });
          }}
        />
      )}
      <Guard key={`${chosen.id} ${JSON.stringify(props.files)}`}>
        <Suspense fallback={<div className="vams-loading" role="status" aria-label="Loading" />}>
          <Shown files={props.files} />
        </Suspense>
      </Guard>
    </div>
  );
}
