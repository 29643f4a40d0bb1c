// Two versions of a building.
import type { ComparisonProps } from "../registry";
import { CompareModels } from "../shared/stage/CompareModels";
import { loadIfc } from "./load";

export default function IfcComparison(props: ComparisonProps) {
  return <CompareModels {...props} load={loadIfc} />;
}
