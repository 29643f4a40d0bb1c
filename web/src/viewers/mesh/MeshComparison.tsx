// Two versions of a model of triangles.
import type { ComparisonProps } from "../registry";
import { CompareModels } from "../shared/stage/CompareModels";
import { loadModel } from "./load";

export default function MeshComparison(props: ComparisonProps) {
  return <CompareModels {...props} load={loadModel} />;
}
