// Two versions of a text, what differs marked, and what is the same folded away.
import ToggleButton from "@cloudscape-design/components/toggle-button";
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorView } from "@codemirror/view";
import { useEffect, useRef, useState } from "react";
import { extensionOf, nameOf } from "../../ui/format";
import type { ComparisonProps } from "../registry";
import { decodeText } from "../shared/decode";
import { Failure } from "../shared/Failure";
import { useContent } from "../shared/file";
import { Frame, Waiting } from "../shared/Frame";
import { colours, reading } from "./editor";
import "./code.css";
import "./comparison.css";

const LIMIT = 5_000_000;
/** Narrower windows have no place for two texts beside each other. */
const NARROW = 800;
const FOLDED = { margin: 3, minSize: 6 };
/** So that two texts that have nothing in common do not stop the page. */
const DIFF = { scanLimit: 2000, timeout: 2000 };

async function show(
  place: HTMLElement,
  texts: [string, string],
  props: { before: string; after: string; beside: boolean; extension: string },
  gone: () => boolean,
): Promise<{ destroy: () => void } | null> {
  const language = await colours(props.extension);
  if (gone()) return null;
  const { before, after } = props;
  const side = (label: string) => [reading(label, true), language];
  if (!props.beside)
    return new EditorView({
      doc: texts[1],
      parent: place,
      extensions: [
        ...side(`From ${before} to ${after}`),
        unifiedMergeView({
          original: texts[0],
          mergeControls: false,
          collapseUnchanged: FOLDED,
          diffConfig: DIFF,
        }),
      ],
    });
  return new MergeView({
    a: { doc: texts[0], extensions: side(before) },
    b: { doc: texts[1], extensions: side(after) },
    parent: place,
    collapseUnchanged: FOLDED,
    diffConfig: DIFF,
  });
}

export default function TextComparison(props: ComparisonProps) {
  const { before: old, after: now, names } = props;
  const left = useContent("text", old, LIMIT, decodeText);
  const right = useContent("text", now, LIMIT, decodeText);
  const [beside, setBeside] = useState(() => innerWidth >= NARROW);
  const place = useRef<HTMLDivElement>(null);
  const extension = extensionOf(now.path);
  const { before, after } = names;
  const a = left.data;
  const b = right.data;
  useEffect(() => {
    if (place.current === null || a === undefined || b === undefined) return;
    let gone = false;
    const how = { before, after, beside, extension };
    const made = show(place.current, [a, b], how, () => gone);
    return () => {
      gone = true;
      void made.then((view) => view?.destroy());
    };
  }, [a, b, before, after, beside, extension]);
  const failed = left.error ?? right.error;
  return (
    <Frame
      label={`Differences of ${nameOf(now.path)}`}
      tools={
        <>
          <ToggleButton pressed={beside} onChange={({ detail }) => setBeside(detail.pressed)}>
            Beside each other
          </ToggleButton>
          <span className="vams-compare-key">
            <i data-side="before" aria-hidden="true" /> {before}
            <i data-side="after" aria-hidden="true" /> {after}
          </span>
        </>
      }
    >
      {failed !== null ? (
        <div className="vams-viewer-note">
          <Failure
            error={failed}
            onRetry={() => {
              void left.refetch();
              void right.refetch();
            }}
          />
        </div>
      ) : (
        <div
          ref={place}
          className="vams-code vams-text-compare"
          data-beside={beside}
          hidden={a === undefined || b === undefined}
        />
      )}
      {failed === null && (left.isPending || right.isPending) && <Waiting />}
    </Frame>
  );
}
