// The transcoder of Basis Universal pictures, in a form that the server's policy for scripts allows. It
// is no module that the build could change, but a text that a worker is made of.
import address from "three/examples/jsm/libs/basis/basis_transcoder.js?url";
import { withoutEval } from "../cad/embind";

/** An address of it, which whoever asked gives back. */
export async function transcoderScript(): Promise<string> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error("the transcoder of textures cannot be fetched");
  const script = withoutEval(await answer.text());
  return URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
}
