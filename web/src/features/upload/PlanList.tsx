// The files that were chosen and what will happen to each; thousands scroll like ten.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef } from "react";
import { formatBytes, formatCount, plural } from "../../ui/format";
import { isSent, type PlannedFile } from "./plan";

const ROW = 32;
const ORDER = { refused: 0, skipped: 1, version: 2, new: 3 };

export function planSummary(plan: PlannedFile[]): string[] {
  const count = (fate: PlannedFile["fate"]) => plan.filter((file) => file.fate === fate).length;
  const sent = plan.filter(isSent);
  const bytes = sent.reduce((sum, file) => sum + file.candidate.file.size, 0);
  const parts = [`${plural(sent.length, "file")} to send, ${formatBytes(bytes)}`];
  if (count("version") > 0) parts.push(`${plural(count("version"), "new version")}`);
  if (count("skipped") > 0) parts.push(`${formatCount(count("skipped"))} left out`);
  if (count("refused") > 0) parts.push(`${formatCount(count("refused"))} not taken`);
  return parts;
}

export function PlanList({ plan }: { plan: PlannedFile[] }) {
  const box = useRef<HTMLDivElement>(null);
  // What needs attention comes first.
  const files = useMemo(() => [...plan].sort((a, b) => ORDER[a.fate] - ORDER[b.fate]), [plan]);
  const rows = useVirtualizer({
    count: files.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 10,
    initialRect: { width: 600, height: 300 },
  });
  return (
    <div
      ref={box}
      className="vams-plan"
      role="region"
      aria-label="Chosen files"
      tabIndex={0}
      style={{ height: `min(${files.length * ROW + 2}px, 300px, 38vh)` }}
    >
      <div className="vams-plan-rows" role="list" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((row) => {
          const file = files[row.index];
          if (file === undefined) return null;
          return (
            <div
              key={row.key}
              role="listitem"
              aria-setsize={files.length}
              aria-posinset={row.index + 1}
              className="vams-plan-row"
              data-fate={file.fate}
              style={{ transform: `translateY(${row.start}px)` }}
            >
              <span title={file.path}>{file.path}</span>
              <span className="vams-plan-size">{formatBytes(file.candidate.file.size)}</span>
              <span className="vams-plan-why" title={file.reason}>
                {file.reason || "New"}
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
