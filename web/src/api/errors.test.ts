import { expect, test } from "vitest";
import { kindOf, readableMessage } from "./errors";

test("the prefix of refusals is not shown", () => {
  expect(readableMessage("VAMS General Error: VAMS General Error: No such asset.")).toBe(
    "No such asset.",
  );
});

test("a validation report becomes one sentence for each field", () => {
  const report =
    "2 validation errors for Request\nassetName\n  field required (type=value_error.missing)\n__root__\n  Tags are missing (type=value_error)";
  expect(readableMessage(report)).toBe("assetName: field required; Tags are missing");
});

test.each([
  [401, "signedOut"],
  [403, "denied"],
  [404, "missing"],
  [400, "invalid"],
  [429, "busy"],
  [503, "busy"],
  [500, "broken"],
])("status %i is of kind %s", (status, kind) => {
  expect(kindOf(status)).toBe(kind);
});
