// Two versions of a CAD file.
import type { ComparisonProps } from "../registry";
import { CompareModels } from "../shared/stage/CompareModels";
import { loadCad } from "./load";

export default function CadComparison(props: ComparisonProps) {
  return <CompareModels {...props} load={loadCad} />;
}
