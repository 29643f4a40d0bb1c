// The materials of models: listed, and changed for as long as the viewer is open.
import { Color, Mesh, Points, Texture, type Material, type Object3D } from "three";
import { isDecoration, materialsIn } from "./model";

/** What of a material may be changed here; null for what its kind does not have. */
export interface Look {
  /** As HTML writes it. */
  color: string | null;
  roughness: number | null;
  metalness: number | null;
  opacity: number;
}

export interface Surface {
  id: string;
  name: string;
  material: Material;
  /** As it was read. */
  look: Look;
  transparent: boolean;
  /** Parts that have it. */
  uses: number;
  pictures: number;
}

function numberIn(material: Material, name: "roughness" | "metalness"): number | null {
  const value: unknown = Reflect.get(material, name);
  return typeof value === "number" ? value : null;
}

function lookOf(material: Material): Look {
  const color: unknown = Reflect.get(material, "color");
  return {
    color: color instanceof Color ? `#${color.getHexString()}` : null,
    roughness: numberIn(material, "roughness"),
    metalness: numberIn(material, "metalness"),
    opacity: material.opacity,
  };
}

function applyLook({ material, transparent: always }: Surface, look: Look): void {
  const color: unknown = Reflect.get(material, "color");
  if (color instanceof Color && look.color !== null) color.set(look.color);
  for (const name of ["roughness", "metalness"] as const)
    if (look[name] !== null && numberIn(material, name) !== null)
      Reflect.set(material, name, look[name]);
  material.opacity = look.opacity;
  const transparent = always || look.opacity < 1;
  if (transparent !== material.transparent) {
    material.transparent = transparent;
    material.needsUpdate = true;
  }
}

/** Gives every material the look it should have now. */
export function applyLooks(surfaces: readonly Surface[], looks: ReadonlyMap<string, Look>): void {
  for (const surface of surfaces) applyLook(surface, looks.get(surface.id) ?? surface.look);
}

export function surfacesOf(objects: readonly Object3D[]): Surface[] {
  const found = new Map<string, Surface>();
  for (const object of objects)
    object.traverse((one) => {
      if (!(one instanceof Mesh || one instanceof Points) || isDecoration(one)) return;
      for (const material of materialsIn(one)) {
        const known = found.get(material.uuid);
        if (known !== undefined) ++known.uses;
        else
          found.set(material.uuid, {
            id: material.uuid,
            name: material.name || `Material ${found.size + 1}`,
            material,
            look: lookOf(material),
            transparent: material.transparent,
            uses: 1,
            pictures: Object.values(material).filter((value) => value instanceof Texture).length,
          });
      }
    });
  return [...found.values()];
}

export function setWireframe(objects: readonly Object3D[], on: boolean): void {
  for (const object of objects)
    object.traverse((one) => {
      for (const material of materialsIn(one))
        if ("wireframe" in material) Reflect.set(material, "wireframe", on);
    });
}
