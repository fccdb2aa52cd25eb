import type { Duplex } from "node:stream";

/**
 * Makes `stream.read()` return everything that is buffered, on every runtime, and returns the same stream.
 *
 * Aedes reads once per `readable` event. Up to Node 24 one read returns the whole buffer; on Node 26, Bun and Deno it
 * returns one chunk, and Aedes waits forever for the rest of a packet that is already there.
 */
export function readWholeBuffer<Stream extends Duplex>(stream: Stream): Stream {
  const readOnce = stream.read.bind(stream);
  stream.read = (size?: number): unknown => {
    // The stream machinery itself calls read(0) and read(n); only Aedes's read(null) is widened.
    if (typeof size === "number") return readOnce(size);
    const chunks: Buffer[] = [];
    for (let chunk = readOnce(); chunk !== null; chunk = readOnce()) chunks.push(chunk);
    if (chunks.length === 0) return null;
    return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
  };
  return stream;
}
