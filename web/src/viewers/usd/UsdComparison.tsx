// Two versions of a USD scene.
import type { ComparisonProps } from "../registry";
import { CompareModels } from "../shared/stage/CompareModels";
import { loadUsd } from "./load";

export default function UsdComparison(props: ComparisonProps) {
  return <CompareModels {...props} load={loadUsd} />;
}
