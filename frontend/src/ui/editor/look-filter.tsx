/** The picture through the look: an SVG filter on the picture's own canvas. No pixel is re-encoded. */
import { curveOf, isUnfiltered, type Channel } from "../../actions/look";
import { useSignal } from "../data";
import { useEditor } from "./context";

const ROWS: Record<Channel, string> = {
  all: "1 0 0 0 0  0 1 0 0 0  0 0 1 0 0  0 0 0 1 0",
  red: "1 0 0 0 0  1 0 0 0 0  1 0 0 0 0  0 0 0 1 0",
  green: "0 1 0 0 0  0 1 0 0 0  0 1 0 0 0  0 0 0 1 0",
  blue: "0 0 1 0 0  0 0 1 0 0  0 0 1 0 0  0 0 0 1 0",
};

export function LookFilter() {
  const look = useSignal(useEditor().state.look);
  if (isUnfiltered(look)) return null;
  const table = curveOf(look)
    .map((value) => value.toFixed(4))
    .join(" ");
  return (
    <svg className="look-filter" aria-hidden>
      <filter id="picture-look" colorInterpolationFilters="sRGB" x="0" y="0" width="1" height="1">
        <feColorMatrix type="matrix" values={ROWS[look.channel]} />
        <feComponentTransfer>
          <feFuncR type="table" tableValues={table} />
          <feFuncG type="table" tableValues={table} />
          <feFuncB type="table" tableValues={table} />
        </feComponentTransfer>
      </filter>
    </svg>
  );
}
