// A place chosen on the map. With the keyboard, the numbers beside it say the same.
import { useState } from "react";
import { MapFrame } from "../map/MapFrame";
import { toWorld, WORLD, type MapView } from "../map/mercator";

/** As exact as the window shows it, and no more. */
export function digitsAt(view: MapView): number {
  return Math.max(1, Math.min(6, Math.round(view.zoom * 0.3)));
}

export function PlacePicker(props: {
  lat: string;
  long: string;
  onPick: (lat: string, long: string) => void;
}) {
  const lat = Number(props.lat);
  const long = Number(props.long);
  const known =
    props.lat !== "" && props.long !== "" && Math.abs(lat) <= 90 && Math.abs(long) <= 180;
  const [view, setView] = useState<MapView>(() =>
    known ? { ...toWorld({ lat, long }), zoom: 5 } : WORLD,
  );
  return (
    <div className="vams-place">
      <MapFrame
        label={
          known
            ? `The place is at ${props.lat}, ${props.long}. Arrows move the map, Enter chooses its middle.`
            : "Arrows move the map, Enter chooses its middle."
        }
        view={view}
        onView={setView}
        onPlace={(place) => {
          const digits = digitsAt(view);
          props.onPick(place.lat.toFixed(digits), place.long.toFixed(digits));
        }}
      >
        {({ project }) => {
          const [at] = known ? project([{ lat, long }]) : [];
          return at !== undefined && <circle cx={at.x} cy={at.y} r={8} className="vams-pin" />;
        }}
      </MapFrame>
    </div>
  );
}
