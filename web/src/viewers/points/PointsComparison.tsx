// Two versions of a cloud of points.
import type { ComparisonProps } from "../registry";
import { CompareModels } from "../shared/stage/CompareModels";
import { loadCloud } from "./load";

export default function PointsComparison(props: ComparisonProps) {
  return <CompareModels {...props} load={loadCloud} />;
}
