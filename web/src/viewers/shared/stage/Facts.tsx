// A line about models, below their view.
import { formatCount, plural } from "../../../ui/format";
import { missingOf, totalOf } from "./DetailsPanel";
import { formatLength, type LengthUnit, type Model } from "./model";

export function Facts(props: {
  models: Model[];
  size: [number, number, number];
  unit: LengthUnit;
}) {
  const { models, unit } = props;
  const triangles = totalOf(models, (facts) => facts.triangles);
  const points = totalOf(models, (facts) => facts.points);
  const missing = missingOf(models);
  const notes = models.flatMap((model) => model.notes?.() ?? []);
  const size = props.size.map((length) => formatLength(length)).join(" × ");
  return (
    <>
      {triangles > 0 && <span>{plural(triangles, "triangle")}</span>}
      {points > 0 && <span>{plural(points, "point")}</span>}
      <span>
        {plural(
          totalOf(models, (facts) => facts.parts),
          "part",
        )}
      </span>
      <span>
        Bounding box {size}
        {unit !== "" && ` ${unit}`}
      </span>
      {notes.map((note) => (
        <span key={note}>{note}</span>
      ))}
      {missing.length > 0 && (
        <span>
          Not in this asset: {missing.slice(0, 5).join(", ")}
          {missing.length > 5 && ` and ${formatCount(missing.length - 5)} more`}
        </span>
      )}
    </>
  );
}
