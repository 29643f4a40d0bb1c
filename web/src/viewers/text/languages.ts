// Languages by the extension of a file; the grammar of each is fetched when a file asks for it.
import { LanguageSupport, StreamLanguage, type StreamParser } from "@codemirror/language";

type Load = () => Promise<LanguageSupport>;

async function streamed(parser: Promise<StreamParser<unknown>>): Promise<LanguageSupport> {
  return new LanguageSupport(StreamLanguage.define(await parser));
}

const clike = () => import("@codemirror/legacy-modes/mode/clike");

const json: Load = async () => (await import("@codemirror/lang-json")).json();
const xml: Load = async () => (await import("@codemirror/lang-xml")).xml();
const html: Load = async () => (await import("@codemirror/lang-html")).html();
const css: Load = async () => (await import("@codemirror/lang-css")).css();
const python: Load = async () => (await import("@codemirror/lang-python")).python();
const markdown: Load = async () => (await import("@codemirror/lang-markdown")).markdown();
const sql: Load = async () => (await import("@codemirror/lang-sql")).sql();
const yaml: Load = async () => (await import("@codemirror/lang-yaml")).yaml();
const javascript: Load = async () =>
  (await import("@codemirror/lang-javascript")).javascript({ typescript: true, jsx: true });
const shell: Load = () =>
  streamed(import("@codemirror/legacy-modes/mode/shell").then((mode) => mode.shell));
const powershell: Load = () =>
  streamed(import("@codemirror/legacy-modes/mode/powershell").then((mode) => mode.powerShell));
const toml: Load = () =>
  streamed(import("@codemirror/legacy-modes/mode/toml").then((mode) => mode.toml));
const properties: Load = () =>
  streamed(import("@codemirror/legacy-modes/mode/properties").then((mode) => mode.properties));
const cpp: Load = () => streamed(clike().then((mode) => mode.cpp));
const java: Load = () => streamed(clike().then((mode) => mode.java));
const csharp: Load = () => streamed(clike().then((mode) => mode.csharp));
const shader: Load = () => streamed(clike().then((mode) => mode.shader));
const go: Load = () => streamed(import("@codemirror/legacy-modes/mode/go").then((mode) => mode.go));
const rust: Load = () =>
  streamed(import("@codemirror/legacy-modes/mode/rust").then((mode) => mode.rust));
const lua: Load = () =>
  streamed(import("@codemirror/legacy-modes/mode/lua").then((mode) => mode.lua));
const ruby: Load = () =>
  streamed(import("@codemirror/legacy-modes/mode/ruby").then((mode) => mode.ruby));
const r: Load = () => streamed(import("@codemirror/legacy-modes/mode/r").then((mode) => mode.r));

const LANGUAGES: [string, Load][] = [
  [".json .geojson .gltf .ipynb", json],
  [".xml .svg .dae", xml],
  [".html .htm", html],
  [".css", css],
  [".py", python],
  [".md", markdown],
  [".sql", sql],
  [".yaml .yml", yaml],
  [".js .jsx .mjs .ts .tsx", javascript],
  [".sh", shell],
  [".ps1", powershell],
  [".toml", toml],
  [".ini .inf .cfg", properties],
  [".c .h .cc .cpp .hpp", cpp],
  [".java", java],
  [".cs", csharp],
  [".glsl .hlsl .vert .frag", shader],
  [".go", go],
  [".rs", rust],
  [".lua", lua],
  [".rb", ruby],
  [".r", r],
];

/** Null: written without colours. */
export function languageOf(extension: string): Promise<LanguageSupport | null> {
  const found = LANGUAGES.find(([extensions]) => extensions.split(" ").includes(extension));
  return found === undefined ? Promise.resolve(null) : found[1]();
}

/** By the name that notebooks use. */
export function languageNamed(name: string): Promise<LanguageSupport | null> {
  const known: Record<string, string> = {
    python: ".py",
    python3: ".py",
    javascript: ".js",
    typescript: ".ts",
    r: ".r",
    "c++": ".cpp",
    rust: ".rs",
    go: ".go",
    ruby: ".rb",
    lua: ".lua",
    sql: ".sql",
    bash: ".sh",
    java: ".java",
    "c#": ".cs",
  };
  return languageOf(known[name.toLowerCase()] ?? "");
}
