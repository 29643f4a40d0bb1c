// A STEP file of a lamp: two boxes, each a part of its own colour, in an assembly that places them.

class Entities {
  lines = [];

  add(text) {
    this.lines.push(`#${this.lines.length + 1}=${text};`);
    return `#${this.lines.length}`;
  }
}

const numbers = (values) => values.map((value) => (Number.isInteger(value) ? `${value}.` : value));

function place(to, at = [0, 0, 0], up = [0, 0, 1], side = [1, 0, 0]) {
  const point = to.add(`CARTESIAN_POINT('',(${numbers(at)}))`);
  const [z, x] = [up, side].map((one) => to.add(`DIRECTION('',(${numbers(one)}))`));
  return to.add(`AXIS2_PLACEMENT_3D('',${point},${z},${x})`);
}

/** Corner numbers have one bit for each axis. */
function box(to, size) {
  const cornerAt = (number) => size.map((length, axis) => ((number >> axis) & 1 ? length : 0));
  const corners = Array.from({ length: 8 }, (_, number) => {
    const point = to.add(`CARTESIAN_POINT('',(${numbers(cornerAt(number))}))`);
    return { point, vertex: to.add(`VERTEX_POINT('',${point})`) };
  });
  const edges = new Map();
  const edgeOf = (from, until) => {
    const known = edges.get(`${until} ${from}`);
    if (known !== undefined) return to.add(`ORIENTED_EDGE('',*,*,${known},.F.)`);
    const [a, b] = [cornerAt(from), cornerAt(until)];
    const way = b.map((value, axis) => Math.sign(value - a[axis]));
    const direction = to.add(`DIRECTION('',(${numbers(way)}))`);
    const vector = to.add(`VECTOR('',${direction},1.)`);
    const line = to.add(`LINE('',${corners[from].point},${vector})`);
    const edge = to.add(
      `EDGE_CURVE('',${corners[from].vertex},${corners[until].vertex},${line},.T.)`,
    );
    edges.set(`${from} ${until}`, edge);
    return to.add(`ORIENTED_EDGE('',*,*,${edge},.T.)`);
  };
  const faces = [0, 1, 2].flatMap((axis) =>
    [0, 1].map((far) => {
      const [next, last] = [1 << ((axis + 1) % 3), 1 << ((axis + 2) % 3)];
      const first = far << axis;
      const around = [first, first + next, first + next + last, first + last];
      if (far === 0) around.reverse();
      const sides = around.map((corner, index) => edgeOf(corner, around[(index + 1) % 4]));
      const loop = to.add(`EDGE_LOOP('',(${sides}))`);
      const bound = to.add(`FACE_OUTER_BOUND('',${loop},.T.)`);
      const out = [0, 1, 2].map((one) => (one === axis ? far * 2 - 1 : 0));
      const side = [0, 1, 2].map((one) => (one === (axis + 1) % 3 ? 1 : 0));
      const plane = to.add(`PLANE('',${place(to, cornerAt(first), out, side)})`);
      return to.add(`ADVANCED_FACE('',(${bound}),${plane},.T.)`);
    }),
  );
  return to.add(`MANIFOLD_SOLID_BREP('',${to.add(`CLOSED_SHELL('',(${faces}))`)})`);
}

function styled(to, solid, colour) {
  const rgb = to.add(`COLOUR_RGB('',${numbers(colour)})`);
  const fill = to.add(`FILL_AREA_STYLE('',(${to.add(`FILL_AREA_STYLE_COLOUR('',${rgb})`)}))`);
  const side = to.add(`SURFACE_SIDE_STYLE('',(${to.add(`SURFACE_STYLE_FILL_AREA(${fill})`)}))`);
  const style = to.add(
    `PRESENTATION_STYLE_ASSIGNMENT((${to.add(`SURFACE_STYLE_USAGE(.BOTH.,${side})`)}))`,
  );
  return to.add(`STYLED_ITEM('',(${style}),${solid})`);
}

function product(to, contexts, name, shape) {
  const made = to.add(`PRODUCT('${name}','${name}','',(${contexts.product}))`);
  to.add(`PRODUCT_RELATED_PRODUCT_CATEGORY('part','',(${made}))`);
  const formation = to.add(`PRODUCT_DEFINITION_FORMATION('','',${made})`);
  const definition = to.add(`PRODUCT_DEFINITION('design','',${formation},${contexts.definition})`);
  const has = to.add(`PRODUCT_DEFINITION_SHAPE('','',${definition})`);
  to.add(`SHAPE_DEFINITION_REPRESENTATION(${has},${shape})`);
  return definition;
}

function contextsOf(to) {
  const application = to.add("APPLICATION_CONTEXT('automotive design')");
  to.add(
    `APPLICATION_PROTOCOL_DEFINITION('international standard','automotive_design',2000,${application})`,
  );
  const length = to.add("(LENGTH_UNIT()NAMED_UNIT(*)SI_UNIT(.MILLI.,.METRE.))");
  const angle = to.add("(NAMED_UNIT(*)PLANE_ANGLE_UNIT()SI_UNIT($,.RADIAN.))");
  const solid = to.add("(NAMED_UNIT(*)SI_UNIT($,.STERADIAN.)SOLID_ANGLE_UNIT())");
  const exact = to.add(
    `UNCERTAINTY_MEASURE_WITH_UNIT(LENGTH_MEASURE(1.E-05),${length},'distance_accuracy_value','')`,
  );
  return {
    product: to.add(`PRODUCT_CONTEXT('',${application},'mechanical')`),
    definition: to.add(`PRODUCT_DEFINITION_CONTEXT('part definition',${application},'design')`),
    shape: to.add(
      `(GEOMETRIC_REPRESENTATION_CONTEXT(3)GLOBAL_UNCERTAINTY_ASSIGNED_CONTEXT((${exact}))` +
        `GLOBAL_UNIT_ASSIGNED_CONTEXT((${length},${angle},${solid}))REPRESENTATION_CONTEXT('',''))`,
    ),
  };
}

export function stepFile() {
  const to = new Entities();
  const contexts = contextsOf(to);
  const parts = [
    { name: "Base plate", size: [60, 40, 8], at: [0, 0, 0], colour: [0.1, 0.25, 0.8] },
    { name: "Post", size: [10, 10, 50], at: [25, 15, 8], colour: [0.85, 0.15, 0.1] },
  ].map((part) => {
    const axis = place(to);
    const solid = box(to, part.size);
    const shape = to.add(
      `ADVANCED_BREP_SHAPE_REPRESENTATION('',(${axis},${solid}),${contexts.shape})`,
    );
    const definition = product(to, contexts, part.name, shape);
    return { ...part, axis, shape, definition, look: styled(to, solid, part.colour) };
  });
  const places = parts.map((part) => place(to, part.at));
  const whole = to.add(`SHAPE_REPRESENTATION('',(${[place(to), ...places]}),${contexts.shape})`);
  const assembly = product(to, contexts, "Lamp", whole);
  for (const [index, part] of parts.entries()) {
    const use = to.add(
      `NEXT_ASSEMBLY_USAGE_OCCURRENCE('${index + 1}','${part.name}','',${assembly},${part.definition},$)`,
    );
    const has = to.add(`PRODUCT_DEFINITION_SHAPE('Placement','',${use})`);
    const move = to.add(`ITEM_DEFINED_TRANSFORMATION('','',${part.axis},${places[index]})`);
    const relation = to.add(
      `(REPRESENTATION_RELATIONSHIP('','',${part.shape},${whole})` +
        `REPRESENTATION_RELATIONSHIP_WITH_TRANSFORMATION(${move})SHAPE_REPRESENTATION_RELATIONSHIP())`,
    );
    to.add(`CONTEXT_DEPENDENT_SHAPE_REPRESENTATION(${relation},${has})`);
  }
  const looks = parts.map((part) => part.look);
  to.add(
    `MECHANICAL_DESIGN_GEOMETRIC_PRESENTATION_REPRESENTATION('',(${looks}),${contexts.shape})`,
  );
  return [
    "ISO-10303-21;",
    "HEADER;",
    "FILE_DESCRIPTION((''),'2;1');",
    "FILE_NAME('lamp','2024-01-01T00:00:00',(''),(''),'','','');",
    "FILE_SCHEMA(('AUTOMOTIVE_DESIGN { 1 0 10303 214 1 1 1 1 }'));",
    "ENDSEC;",
    "DATA;",
    ...to.lines,
    "ENDSEC;",
    "END-ISO-10303-21;",
    "",
  ].join("\n");
}
