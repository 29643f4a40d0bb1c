// An IFC file of two walls of their own colours, in a storey of a hall.

const identifier = (number) => `0${String(number).padStart(21, "0")}`;

export function ifcFile() {
  const lines = [];
  const add = (text) => {
    lines.push(`#${lines.length + 1}=${text};`);
    return `#${lines.length}`;
  };
  const rooted = (type, rest) => add(`${type}('${identifier(lines.length + 1)}',$,${rest})`);
  const origin = add("IFCCARTESIANPOINT((0.,0.,0.))");
  const up = add("IFCDIRECTION((0.,0.,1.))");
  const side = add("IFCDIRECTION((1.,0.,0.))");
  const place = add(`IFCAXIS2PLACEMENT3D(${origin},${up},${side})`);
  const context = add(`IFCGEOMETRICREPRESENTATIONCONTEXT($,'Model',3,1.E-05,${place},$)`);
  const units = add(`IFCUNITASSIGNMENT((${add("IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.)")}))`);
  const project = rooted("IFCPROJECT", `'Works',$,$,$,$,(${context}),${units}`);
  const local = add(`IFCLOCALPLACEMENT($,${place})`);
  const hall = rooted("IFCBUILDING", `'Hall',$,$,${local},$,$,.ELEMENT.,$,$,$`);
  const storey = rooted("IFCBUILDINGSTOREY", `'Ground floor',$,$,${local},$,$,.ELEMENT.,0.`);
  rooted("IFCRELAGGREGATES", `$,$,${project},(${hall})`);
  rooted("IFCRELAGGREGATES", `$,$,${hall},(${storey})`);
  const walls = [
    { name: "North wall", at: [0, 3], size: [6, 0.4], colour: [0.8, 0.2, 0.15] },
    { name: "West wall", at: [-2.8, 0], size: [0.4, 5.6], colour: [0.15, 0.3, 0.8] },
  ].map(({ name, at, size, colour }) => {
    const middle = add(`IFCCARTESIANPOINT((${at.map((one) => one.toFixed(2))}))`);
    const flat = add(`IFCAXIS2PLACEMENT2D(${middle},$)`);
    const outline = add(
      `IFCRECTANGLEPROFILEDEF(.AREA.,$,${flat},${size.map((one) => one.toFixed(2))})`,
    );
    const solid = add(`IFCEXTRUDEDAREASOLID(${outline},${place},${up},3.)`);
    const rgb = add(`IFCCOLOURRGB($,${colour})`);
    const look = add(`IFCSURFACESTYLERENDERING(${rgb},0.,$,$,$,$,$,$,.FLAT.)`);
    add(`IFCSTYLEDITEM(${solid},(${add(`IFCSURFACESTYLE($,.BOTH.,(${look}))`)}),$)`);
    const body = add(`IFCSHAPEREPRESENTATION(${context},'Body','SweptSolid',(${solid}))`);
    const shape = add(`IFCPRODUCTDEFINITIONSHAPE($,$,(${body}))`);
    return rooted("IFCWALL", `'${name}',$,$,${local},${shape},$,$`);
  });
  rooted("IFCRELCONTAINEDINSPATIALSTRUCTURE", `$,$,(${walls}),${storey}`);
  return [
    "ISO-10303-21;",
    "HEADER;",
    "FILE_DESCRIPTION((''),'2;1');",
    "FILE_NAME('hall','2024-01-01T00:00:00',(''),(''),'','','');",
    "FILE_SCHEMA(('IFC4'));",
    "ENDSEC;",
    "DATA;",
    ...lines,
    "ENDSEC;",
    "END-ISO-10303-21;",
    "",
  ].join("\n");
}
