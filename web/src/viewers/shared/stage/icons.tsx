// The pictures of tools that the component library has not. Drawn with strokes, which it colours.
import type { ReactNode } from "react";

function icon(content: ReactNode) {
  return (
    <svg viewBox="0 0 16 16" focusable="false" aria-hidden="true">
      <g fill="none" strokeLinejoin="round" strokeLinecap="round">
        {content}
      </g>
    </svg>
  );
}

export const ICONS = {
  views: icon(<path d="M8 1.5 14 4.5v7L8 14.5 2 11.5v-7L8 1.5ZM2 4.5l6 3 6-3M8 7.5v7" />),
  parts: icon(<path d="M2 2.5h5M4 2.5v10h4M4 7.5h4M8 6h6v3H8zM8 11h6v3H8z" />),
  materials: icon(
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M8 2c3 2.5 3 9.5 0 12M2.6 6c3 1.6 7.8 1.6 10.8 0" />
    </>,
  ),
  measure: icon(<path d="M1.5 11 11 1.5 14.5 5 5 14.5ZM4.5 8l1.5 1.5M7 5.5 9 7.5M9.5 3 11 4.5" />),
  section: icon(<path d="M2 6v7.5h5.5M2 6l2.5-3.5H10M7.5 13.5V6H2M7.5 6 10 2.5M12.5 1v14" />),
  box: icon(<path d="M5.5 2h8.5v8.5H5.5zM2 2v8.5M1 2h2M1 10.5h2M5.5 14H14M5.5 13v2M14 13v2" />),
  wireframe: icon(<path d="M8 2 14.5 13.5h-13zM8 2v11.5M4.5 8h7" />),
  turntable: icon(
    <path d="M13.5 9.5c-.8 1.6-3 2.5-5.5 2.5-3.3 0-6-1.6-6-3.5S4.7 5 8 5c2 0 3.9.6 5 1.5M13.5 3v3.5H10" />,
  ),
  preview: icon(<path d="M1.5 2.5h13v11h-13zM2 11.5l3.5-4 3 3 2-2 3.5 3.5M11 5.5h.1" />),
  screenshot: icon(
    <>
      <path d="M1.5 4.5H5l1-2h4l1 2h3.5v9h-13z" />
      <circle cx="8" cy="8.7" r="2.5" />
    </>,
  ),
  details: icon(
    <>
      <circle cx="8" cy="8" r="6.5" />
      <path d="M8 7.5v4M8 4.7v.1" />
    </>,
  ),
  together: icon(
    <path d="M1.5 3.5H6v9H1.5zM10 3.5h4.5v9H10zM6 8h4M7.2 6.8 6 8l1.2 1.2M8.8 6.8 10 8 8.8 9.2" />,
  ),
};
