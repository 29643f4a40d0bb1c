import { createRoot } from "react-dom/client";
import { Boot } from "./Boot";
import "./base.css";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element #root");
createRoot(root).render(<Boot />);
