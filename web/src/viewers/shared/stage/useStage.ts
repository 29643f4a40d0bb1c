// The stage of a viewer lives as long as its canvas.
import { useEffect, useRef, useState } from "react";
import { CannotShow } from "../file";
import { Stage } from "./Stage";

const exhausted = () =>
  new CannotShow(
    "The browser has stopped its 3D graphics, mostly because their memory is full.",
    "Close other pages with 3D graphics and load this page again.",
  );

export function useStage() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [stage, setStage] = useState<Stage | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  useEffect(() => {
    if (canvas.current === null) return;
    let made: Stage;
    try {
      made = new Stage(canvas.current);
    } catch (error) {
      setProblem(error);
      return;
    }
    setStage(made);
    const stop = new AbortController();
    const { signal } = stop;
    made.canvas.addEventListener("webglcontextlost", () => setProblem(exhausted()), { signal });
    // What it held is there again.
    const restored = () => {
      setProblem(null);
      made.draw();
    };
    made.canvas.addEventListener("webglcontextrestored", restored, { signal });
    return () => {
      stop.abort();
      setStage(null);
      made.dispose();
    };
  }, []);
  return { canvas, stage, problem };
}
