// The map that the server's configuration names, behind what is drawn here. It is moved from outside
// and takes no part in anything else.
import { Map as TileMap } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import { useEffect, useLayoutEffect, useRef } from "react";
import { fromWorld, type MapView, type Size } from "./mercator";

export function Backdrop(props: {
  /** Address of its style. */
  style: string;
  view: MapView;
  size: Size;
  onState: (state: "shown" | "failed") => void;
}) {
  const { view, size, onState } = props;
  const box = useRef<HTMLDivElement>(null);
  const map = useRef<TileMap | null>(null);
  const camera = () => {
    const { lat, long } = fromWorld(view);
    // Tiles of 512 pixels: the world at its zoom 0 is as wide as at 1 here.
    return { center: [long, lat] as [number, number], zoom: view.zoom - 1 };
  };
  const begin = useRef(camera);
  begin.current = camera;

  useEffect(() => {
    if (box.current === null) return;
    let made: TileMap;
    try {
      made = new TileMap({
        container: box.current,
        style: new URL(props.style, document.baseURI).href,
        interactive: false,
        attributionControl: { compact: false },
        fadeDuration: 0,
        minZoom: -2,
        ...begin.current(),
      });
    } catch {
      // Without WebGL.
      onState("failed");
      return;
    }
    map.current = made;
    let loaded = false;
    made.on("load", () => {
      loaded = true;
      onState("shown");
    });
    made.on("error", () => {
      // A tile that is missing leaves the others alone.
      if (!loaded) onState("failed");
    });
    return () => {
      map.current = null;
      made.remove();
    };
  }, [props.style, onState]);

  useLayoutEffect(() => {
    map.current?.resize();
  }, [size]);
  useLayoutEffect(() => {
    map.current?.jumpTo(begin.current());
  }, [view.x, view.y, view.zoom]);

  // The library's own class would take the inner one out of its place.
  return (
    <div className="vams-backdrop">
      <div ref={box} />
    </div>
  );
}
