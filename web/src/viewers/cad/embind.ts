// The glue that Emscripten writes around C++ compiles functions from text, which the server's policy for
// scripts forbids. Here those functions become ordinary closures while the application is built.
import type { Plugin } from "vite";

/** Calls a function of C++: arguments one by one to their wire form, and the answer back. */
const INVOKER = `function craftInvokerFunction(humanName, argTypes, classType, invoker, fn) {
  const [result, self, ...wanted] = argTypes;
  const method = self !== null && classType !== null;
  const taken = method ? [self, ...wanted] : wanted;
  const later = argTypes.slice(1).some((type) => type !== null && type.destructorFunction === undefined);
  return createNamedFunction(humanName, function (...given) {
    const destructors = later ? [] : null;
    const values = method ? [this, ...given] : given;
    const wired = taken.map((type, index) => type.toWireType(destructors, values[index]));
    const answer = invoker(fn, ...wired);
    if (later) runDestructors(destructors);
    else
      taken.forEach((type, index) => {
        if (type.destructorFunction !== null) type.destructorFunction(wired[index]);
      });
    return result.name === "void" ? undefined : result.fromWireType(answer);
  });
}`;

/** Calls a function of JavaScript, or makes an object, with arguments that lie in the memory of C++. */
const CALLER = `__emval_get_method_caller = (argCount, argTypes, kind) => {
  const [result, ...wanted] = emval_lookupTypes(argCount, argTypes);
  return emval_addMethodCaller((obj, func, destructorsRef, args) => {
    let offset = 0;
    const values = wanted.map((type) => {
      const value = type.readValueFromPointer(args + offset);
      offset += type.argPackAdvance;
      return value;
    });
    const answer = kind === 1 ? new func(...values) : func.call(obj, ...values);
    return result.isVoid ? undefined : emval_returnValue(result, destructorsRef, answer);
  });
}`;

/** Of the function or expression that begins at `from`, up to the brace that closes it. */
function endOf(code: string, from: number): number {
  let depth = 0;
  let quote = "";
  for (let at = code.indexOf("{", from); at < code.length; ++at) {
    const letter = code[at] ?? "";
    if (quote !== "") {
      if (letter === "\\") ++at;
      else if (letter === quote) quote = "";
    } else if (/["'`]/.test(letter)) quote = letter;
    else if (letter === "{") ++depth;
    else if (letter === "}" && --depth === 0) return at + 1;
  }
  throw new Error("embind: a function of the glue does not end");
}

function replaced(code: string, beginning: string, by: string): string {
  const from = code.indexOf(beginning);
  return from < 0 ? code : code.slice(0, from) + by + code.slice(endOf(code, from));
}

/** Throws if the glue is of a kind that is not known here. */
export function withoutEval(code: string): string {
  let plain = replaced(code, "function craftInvokerFunction(", INVOKER);
  plain = replaced(plain, "__emval_get_method_caller=(", CALLER);
  if (plain === code || /new Function\(|(newFunc|new_)\(Function/.test(plain))
    throw new Error(
      "embind: the glue of the package compiles functions in a way that is not known",
    );
  return plain;
}

/** `files`: how the glue's own files end. */
export function embindWithoutEval(files: RegExp): Plugin {
  return {
    name: "embind-without-eval",
    enforce: "pre",
    apply: "build",
    transform: (code, id) => (files.test(id) ? { code: withoutEval(code), map: null } : null),
  };
}
