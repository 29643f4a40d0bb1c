// Stages that look at their models in the same way.
import type { Stage } from "./Stage";

/** What moves one moves the other. */
export function linkCameras(one: Stage, other: Stage): () => void {
  let following = false;
  const follow = (leader: Stage, follower: Stage) => () => {
    if (following) return;
    following = true;
    follower.follow(leader);
    following = false;
  };
  const [toOther, toOne] = [follow(one, other), follow(other, one)];
  one.controls.addEventListener("change", toOther);
  other.controls.addEventListener("change", toOne);
  toOther();
  return () => {
    one.controls.removeEventListener("change", toOther);
    other.controls.removeEventListener("change", toOne);
  };
}
