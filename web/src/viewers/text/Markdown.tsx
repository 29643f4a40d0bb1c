// Draws what markdown.ts has found.
import { createElement, Fragment, type ReactNode } from "react";
import { blocksOf, type Block, type Piece } from "./markdown";

function drawPieces(pieces: Piece[]): ReactNode {
  return pieces.map((piece, at) => {
    switch (piece.kind) {
      case "text":
        return <Fragment key={at}>{piece.text}</Fragment>;
      case "code":
        return <code key={at}>{piece.text}</code>;
      case "link":
        return (
          <a key={at} href={piece.href} target="_blank" rel="noopener noreferrer">
            {drawPieces(piece.pieces)}
          </a>
        );
      default:
        return createElement(piece.kind, { key: at }, drawPieces(piece.pieces));
    }
  });
}

function drawBlock(block: Block, key: number): ReactNode {
  switch (block.kind) {
    case "heading":
      // The page itself has headings of the first two levels.
      return createElement(
        `h${Math.min(6, block.level + 2)}`,
        { key, "data-level": block.level },
        drawPieces(block.pieces),
      );
    case "paragraph":
      return <p key={key}>{drawPieces(block.pieces)}</p>;
    case "code":
      return (
        <pre key={key}>
          <code>{block.text}</code>
        </pre>
      );
    case "quote":
      return <blockquote key={key}>{block.blocks.map(drawBlock)}</blockquote>;
    case "list":
      return createElement(
        block.ordered ? "ol" : "ul",
        { key },
        block.items.map((item, at) => <li key={at}>{drawPieces(item)}</li>),
      );
    case "table":
      return (
        <table key={key}>
          <thead>
            <tr>
              {block.head.map((cell, at) => (
                <th key={at} scope="col">
                  {drawPieces(cell)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {block.rows.map((row, line) => (
              <tr key={line}>
                {row.map((cell, at) => (
                  <td key={at}>{drawPieces(cell)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      );
    case "rule":
      return <hr key={key} />;
  }
}

export function Markdown({ text }: { text: string }) {
  return <div className="vams-markdown">{blocksOf(text).map(drawBlock)}</div>;
}
