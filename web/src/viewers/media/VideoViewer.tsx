// Films in the formats that browsers play, also slowly and frame by frame. The browser fetches by
// itself, part by part, so that long films begin at once.
import Button from "@cloudscape-design/components/button";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { fail } from "../../app/flash";
import { formatCount, nameOf } from "../../ui/format";
import { saveBlob } from "../../ui/saveText";
import type { ViewerFile, ViewerProps } from "../registry";
import { Failure } from "../shared/Failure";
import { CannotShow, useAddress } from "../shared/file";
import { Frame, Waiting } from "../shared/Frame";
import { clockText, FrameClock, stepped } from "./frames";
import { Speed } from "./Speed";
import "./media.css";

export default function VideoViewer({ files }: ViewerProps) {
  const [file] = files;
  return file === undefined ? null : <Shown key={file.path} file={file} />;
}

interface Facts {
  width: number;
  height: number;
  duration: number;
}

/** Tells the clock of every frame that the browser shows. */
function useFrameClock(video: HTMLVideoElement | null): FrameClock {
  const [clock] = useState(() => new FrameClock());
  useEffect(() => {
    if (video === null || !("requestVideoFrameCallback" in video)) return;
    let asked = 0;
    const seen = (_: number, frame: VideoFrameCallbackMetadata) => {
      if (video.paused) clock.jump();
      else clock.add(frame.mediaTime);
      asked = video.requestVideoFrameCallback(seen);
    };
    asked = video.requestVideoFrameCallback(seen);
    return () => video.cancelVideoFrameCallback(asked);
  }, [video, clock]);
  return clock;
}

function savePicture(video: HTMLVideoElement, name: string): void {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d")?.drawImage(video, 0, 0);
  canvas.toBlob((blob) => {
    if (blob === null) fail("The frame cannot be saved", new Error("The browser made no picture."));
    else saveBlob(`${name}.${video.currentTime.toFixed(2)}s.png`, blob);
  });
}

function Shown({ file }: { file: ViewerFile }) {
  const address = useAddress(file);
  const [broken, setBroken] = useState(false);
  const [video, setVideo] = useState<HTMLVideoElement | null>(null);
  const [facts, setFacts] = useState<Facts | null>(null);
  const [time, setTime] = useState(0);
  const [speed, setSpeed] = useState(1);
  const clock = useFrameClock(video);
  const body = useRef<HTMLDivElement>(null);
  const name = nameOf(file.path);
  useEffect(() => {
    if (video !== null) video.playbackRate = speed;
  }, [video, speed]);
  const step = (frames: number) => {
    if (video === null) return;
    video.pause();
    clock.jump();
    video.currentTime = stepped(video.currentTime, frames, clock.length, video.duration);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key !== "," && event.key !== ".") return;
    event.preventDefault();
    event.stopPropagation();
    step(event.key === "," ? -1 : 1);
  };
  const failure =
    address.error ??
    (broken
      ? new CannotShow(`${name} is damaged, or is of a kind that this browser does not play.`)
      : null);
  if (failure !== null) return <Failure error={failure} />;
  const idle = facts === null;
  return (
    <div ref={body} onKeyDown={onKeyDown}>
      <Frame
        label={`Film ${name}`}
        tools={
          <>
            <Button
              iconName="angle-left"
              ariaLabel="Frame before"
              disabled={idle}
              onClick={() => step(-1)}
            />
            <Button
              iconName="angle-right"
              ariaLabel="Next frame"
              disabled={idle}
              onClick={() => step(1)}
            />
            <Speed speed={speed} onChange={setSpeed} />
            <Button
              iconName="download"
              disabled={idle}
              onClick={() => video !== null && savePicture(video, name)}
            >
              Save frame
            </Button>
          </>
        }
        facts={
          facts !== null && (
            <>
              <span>
                {formatCount(facts.width)} × {formatCount(facts.height)} pixels
              </span>
              <span className="vams-clock">
                {clockText(time)} of {clockText(facts.duration)}
              </span>
              {clock.known && <span>{Math.round(1 / clock.length)} frames a second</span>}
            </>
          )
        }
      >
        {address.data !== undefined && (
          <video
            ref={setVideo}
            className="vams-film"
            playsInline
            controls
            preload="metadata"
            src={address.data}
            aria-label={name}
            onError={() => setBroken(true)}
            onLoadedMetadata={({ currentTarget: { videoWidth, videoHeight, duration } }) =>
              setFacts({ width: videoWidth, height: videoHeight, duration })
            }
            onDurationChange={({ currentTarget: { duration } }) =>
              setFacts((now) => now && { ...now, duration })
            }
            onTimeUpdate={({ currentTarget }) => setTime(currentTarget.currentTime)}
            onSeeked={({ currentTarget }) => setTime(currentTarget.currentTime)}
          />
        )}
        {idle && <Waiting />}
      </Frame>
    </div>
  );
}
