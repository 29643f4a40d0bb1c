// Meshes of formats that give nothing but corners, faces and colours.
import {
  BufferAttribute,
  BufferGeometry,
  Color,
  DoubleSide,
  Mesh,
  MeshStandardMaterial,
  SRGBColorSpace,
} from "three";

const UNCOLOURED = 0xb4bcc8;

/** Of a colour as screens show it, 0 to 1. */
export function materialOf(colour: readonly number[] | null): MeshStandardMaterial {
  const material = new MeshStandardMaterial({ roughness: 0.65, metalness: 0.1, side: DoubleSide });
  if (colour === null) material.color.set(UNCOLOURED);
  else material.color.setRGB(colour[0] ?? 0, colour[1] ?? 0, colour[2] ?? 0, SRGBColorSpace);
  const opacity = colour?.[3] ?? 1;
  if (opacity < 1) {
    material.transparent = true;
    material.opacity = opacity;
    material.depthWrite = false;
  }
  return material;
}

/** Every corner of every triangle by itself, so that edges are sharp and faces may have colours. */
export function flatMesh(
  corners: ArrayLike<number>,
  triangles: ArrayLike<number>,
  colourOf: ((corner: number, triangle: number) => readonly number[]) | null,
): Mesh<BufferGeometry, MeshStandardMaterial> {
  const positions = new Float32Array(triangles.length * 3);
  const colours = colourOf === null ? null : new Float32Array(triangles.length * 3);
  const light = new Color();
  for (let i = 0; i < triangles.length; ++i) {
    const corner = triangles[i] ?? 0;
    if (corner < 0 || corner * 3 + 2 >= corners.length)
      throw new RangeError(`a face names the corner ${corner}, which does not exist`);
    for (let axis = 0; axis < 3; ++axis) positions[i * 3 + axis] = corners[corner * 3 + axis] ?? 0;
    if (colours === null || colourOf === null) continue;
    const [red = 0, green = 0, blue = 0] = colourOf(corner, Math.floor(i / 3));
    light.setRGB(red, green, blue, SRGBColorSpace).toArray(colours, i * 3);
  }
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(positions, 3));
  if (colours !== null) geometry.setAttribute("color", new BufferAttribute(colours, 3));
  geometry.computeVertexNormals();
  const material = materialOf(colours === null ? null : [1, 1, 1]);
  material.vertexColors = colours !== null;
  return new Mesh(geometry, material);
}
