// Two versions of a model of an exchange format.
import type { ComparisonProps } from "../registry";
import { CompareModels } from "../shared/stage/CompareModels";
import { loadExchange } from "./load";

export default function ExchangeComparison(props: ComparisonProps) {
  return <CompareModels {...props} load={loadExchange} />;
}
