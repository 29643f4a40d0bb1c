// Small scenes as text.

const CUBE = `
  int[] faceVertexCounts = [4, 4, 4, 4, 4, 4]
  int[] faceVertexIndices = [0, 1, 3, 2, 4, 6, 7, 5, 0, 4, 5, 1, 2, 3, 7, 6, 0, 2, 6, 4, 1, 5, 7, 3]
  point3f[] points = [(-1, -1, -1), (-1, -1, 1), (-1, 1, -1), (-1, 1, 1), (1, -1, -1), (1, -1, 1), (1, 1, -1), (1, 1, 1)]`;

const cube = (name, colour, at) => `
def Mesh "${name}"
{${CUBE}
  color3f[] primvars:displayColor = [${colour}]
  double3 xformOp:translate = (${at})
  uniform token[] xformOpOrder = ["xformOp:translate"]
}`;

const head = '#usda 1.0\n(\n  defaultPrim = "Stage"\n  metersPerUnit = 1\n  upAxis = "Y"\n)\n';

/** Two cubes; the second comes from the file `other`, if that is given. */
export function usdaFile(other) {
  const second =
    other === undefined
      ? cube("Right", "(0.1, 0.3, 0.9)", "1.6, 0, 0")
      : `\ndef Xform "Right" (\n  prepend references = @./${other}@\n)\n{\n}`;
  return `${head}def Xform "Stage"\n{${cube("Left", "(0.9, 0.2, 0.1)", "-1.6, 0, 0")}${second}\n}\n`;
}

export function usdaPart() {
  return `${head.replace("Stage", "Part")}def Xform "Part"\n{${cube("Cube", "(0.1, 0.3, 0.9)", "1.6, 0, 0")}\n}\n`;
}

export const OFF = `OFF
# A pyramid, each side of its own colour.
5 5 0
-1 0 -1
1 0 -1
1 0 1
-1 0 1
0 1.6 0
3 0 4 1 220 60 40
3 1 4 2 40 160 80
3 2 4 3 50 90 210
3 3 4 0 230 190 60
4 0 1 2 3 120 120 130
`;

export const WRL = `#VRML V2.0 utf8
Transform { translation -1.2 0 0 children [
  Shape { appearance Appearance { material Material { diffuseColor 0.8 0.2 0.1 } } geometry Box { size 1.6 1.6 1.6 } }
] }
Transform { translation 1.2 0 0 children [
  Shape { appearance Appearance { material Material { diffuseColor 0.1 0.3 0.8 } } geometry Sphere { radius 0.9 } }
] }
`;

export const BIM = JSON.stringify({
  schema_version: "1.0.0",
  meshes: [
    {
      mesh_id: 0,
      coordinates: [0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0, 0.5, 0.5, 1],
      indices: [0, 1, 4, 1, 2, 4, 2, 3, 4, 3, 0, 4, 0, 2, 1, 0, 3, 2],
    },
  ],
  elements: [
    [0, 0, 0, 200, 60, 40],
    [1.4, 0, 0, 40, 90, 200],
  ].map(([x, y, z, r, g, b]) => ({
    mesh_id: 0,
    vector: { x, y, z },
    rotation: { qx: 0, qy: 0, qz: 0, qw: 1 },
    color: { r, g, b, a: 255 },
    type: "Roof",
    info: { Name: `Roof ${x}` },
    guid: "",
  })),
  info: {},
});

export const AMF = `<?xml version="1.0" encoding="UTF-8"?>
<amf unit="millimeter">
  <material id="1"><color><r>0.8</r><g>0.3</g><b>0.1</b></color></material>
  <object id="0"><mesh>
    <vertices>
      ${[
        [0, 0, 0],
        [10, 0, 0],
        [5, 9, 0],
        [5, 3, 8],
      ]
        .map(
          ([x, y, z]) =>
            `<vertex><coordinates><x>${x}</x><y>${y}</y><z>${z}</z></coordinates></vertex>`,
        )
        .join("")}
    </vertices>
    <volume materialid="1">
      ${[
        [0, 2, 1],
        [0, 1, 3],
        [1, 2, 3],
        [2, 0, 3],
      ]
        .map(([a, b, c]) => `<triangle><v1>${a}</v1><v2>${b}</v2><v3>${c}</v3></triangle>`)
        .join("")}
    </volume>
  </mesh></object>
</amf>
`;
