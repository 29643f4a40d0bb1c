// glTF with what it may be compressed with. The decoders are of this application; each is fetched when a
// file needs it, and its workers end with the reading.
import { LoadingManager, type Object3D, type WebGLRenderer } from "three";
import type { GLTFLoader } from "three/examples/jsm/loaders/GLTFLoader.js";
import { CannotShow } from "../shared/file";
import type { Dependencies } from "./dependencies";
import { BASE, gltfDocument, gltfExtensions } from "./references";

async function addDraco(loader: GLTFLoader): Promise<() => void> {
  const { DRACOLoader } = await import("three/examples/jsm/loaders/DRACOLoader.js");
  const draco = new DRACOLoader();
  loader.setDRACOLoader(draco);
  return () => draco.dispose();
}

async function addMeshopt(loader: GLTFLoader): Promise<() => void> {
  const { MeshoptDecoder } = await import("three/examples/jsm/libs/meshopt_decoder.module.js");
  loader.setMeshoptDecoder(MeshoptDecoder);
  return () => undefined;
}

async function addKtx2(
  loader: GLTFLoader,
  others: Dependencies,
  renderer: WebGLRenderer,
): Promise<() => void> {
  const { KTX2Loader } = await import("three/examples/jsm/loaders/KTX2Loader.js");
  const { transcoderScript } = await import("./transcoder");
  const script = await transcoderScript();
  // The transcoder comes from the server, pictures from the asset.
  const own = new LoadingManager();
  own.setURLModifier((url) => (/basis_transcoder[^/]*\.js$/.test(url) ? script : url));
  const ktx2 = new KTX2Loader(own).detectSupport(renderer);
  try {
    await ktx2.init();
  } finally {
    URL.revokeObjectURL(script);
  }
  ktx2.manager = others.manager;
  loader.setKTX2Loader(ktx2);
  return () => ktx2.dispose();
}

export async function parseGltf(
  bytes: Uint8Array<ArrayBuffer>,
  others: Dependencies,
  renderer?: WebGLRenderer,
): Promise<Object3D> {
  const document = gltfDocument(bytes);
  await others.fetchForGltf(document);
  const { GLTFLoader } = await import("three/examples/jsm/loaders/GLTFLoader.js");
  const loader = new GLTFLoader(others.manager);
  const extensions = gltfExtensions(document);
  const ends: (() => void)[] = [];
  try {
    if (extensions.has("KHR_draco_mesh_compression")) ends.push(await addDraco(loader));
    if (extensions.has("EXT_meshopt_compression") || extensions.has("KHR_meshopt_compression"))
      ends.push(await addMeshopt(loader));
    if (extensions.has("KHR_texture_basisu")) {
      if (renderer === undefined)
        throw new CannotShow("Its textures are unpacked only where 3D graphics are drawn.");
      ends.push(await addKtx2(loader, others, renderer));
    }
    const { scene, animations } = await loader.parseAsync(bytes.buffer, BASE);
    scene.animations = animations;
    return scene;
  } finally {
    for (const end of ends) end();
  }
}
