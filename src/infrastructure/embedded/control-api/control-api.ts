import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { messageOf, StormfleetError } from "../../../errors.ts";
import type { FaultProxy } from "../fault-proxy/fault-proxy.ts";
import { formatAddress } from "../fault-proxy/listen-address.ts";
import { Refusal } from "../fault-proxy/refusal.ts";
import { encodeError } from "./control-bodies.ts";
import { readControlPath } from "./control-path.ts";
import { type ControlAnswer, type ControlMethods, findControlMethods } from "./control-routes.ts";
import { readRequestBody } from "./request-body.ts";

export interface ControlApiOptions {
  /** Such as `127.0.0.1`. */
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Stops the API when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** The text of `GET /metrics`; without it that path is unknown. */
  readonly metrics?: (() => string) | undefined;
}

export interface ControlApi {
  /** Base URL without a slash at the end. */
  readonly url: string;
  /** Closes the API, not the fault proxy. Safe to call twice. */
  stop(): Promise<void>;
}

const plainText = "text/plain; charset=utf-8";

const methodNotAllowed: ControlAnswer = { status: 405 };
const notFound: ControlAnswer = { status: 404, contentType: plainText, text: "404 page not found\n" };
const browserRefused: ControlAnswer = {
  status: 403,
  contentType: plainText,
  text: "User agent not allowed\n",
};
const malformed: ControlAnswer = { status: 400, contentType: plainText, text: "400 Bad Request" };

/**
 * Serves a fault proxy under the HTTP API of Toxiproxy 2.12.
 *
 * Bodies above 1 MiB are answered with 413. Throws INFRA_1002, naming host and port, when it cannot listen.
 *
 * @example
 * const api = await serveControlApi(faultProxy, { host: "127.0.0.1", port: 8474 });
 */
export async function serveControlApi(
  faultProxy: FaultProxy,
  options: ControlApiOptions,
): Promise<ControlApi> {
  options.signal?.throwIfAborted();
  const answer = createAnswerer(faultProxy, options.metrics);
  const server = createServer({ requestTimeout: 15_000, keepAliveTimeout: 60_000 }, answer);
  await listen(server, options);
  const stop = createStop(server);
  options.signal?.addEventListener("abort", () => void stop(), { once: true });
  if (options.signal?.aborted) {
    await stop();
    options.signal.throwIfAborted();
  }
  const { address, port } = server.address() as AddressInfo;
  return { url: `http://${formatAddress({ host: address, port })}`, stop };
}

function listen(server: Server, { host, port }: ControlApiOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error) => {
      const message = `The control API of the fault proxy cannot listen on ${formatAddress({ host, port })}: ${messageOf(error)}.`;
      reject(new StormfleetError("INFRA_1002", message, { cause: error }));
    };
    server.once("error", onError);
    // As the reference: `localhost` is the IPv4 one.
    server.listen({ host: host === "localhost" ? "127.0.0.1" : host, port, exclusive: true }, () => {
      server.off("error", onError);
      resolve();
    });
  });
}

function createStop(server: Server): () => Promise<void> {
  let stopped: Promise<void> | undefined;
  return () => {
    stopped ??= new Promise((resolve) => {
      server.close(() => resolve());
      // A client that keeps its connection, or sends its body slowly, must not hold up the end.
      server.closeAllConnections();
    });
    return stopped;
  };
}

type Answerer = (request: IncomingMessage, response: ServerResponse) => void;

function createAnswerer(faultProxy: FaultProxy, metrics: (() => string) | undefined): Answerer {
  let requestCount = 0;
  return async (request, response) => {
    const path = readControlPath(request.url ?? "/");
    if (path.kind === "malformed") return write(response, malformed);
    if (path.kind === "redirect") {
      response.setHeader("Location", path.location);
      return write(response, { status: 301 });
    }
    const { segments } = path;
    const methods = findMethods(segments, metrics);
    const handler = methods?.["*"] ?? methods?.[request.method ?? ""];
    if (!handler) return write(response, methods ? methodNotAllowed : notFound);
    requestCount += 1;
    response.setHeader("X-Toxiproxy-Request-Id", requestCount.toString(32).padStart(20, "0"));
    if (request.headers["user-agent"]?.startsWith("Mozilla/")) return write(response, browserRefused);
    const body = () => readRequestBody(request);
    write(response, await settle(async () => handler({ faultProxy, segments, body })));
  };
}

function findMethods(
  segments: readonly string[],
  metrics: (() => string) | undefined,
): ControlMethods | undefined {
  if (!metrics || segments.length !== 1 || segments[0] !== "metrics") return findControlMethods(segments);
  const contentType = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";
  return { "*": () => ({ status: 200, contentType, text: metrics() }) };
}

/** Whatever goes wrong becomes an answer: a request must never end the process. */
async function settle(work: () => Promise<ControlAnswer>): Promise<ControlAnswer> {
  try {
    return await work();
  } catch (error) {
    const status = error instanceof Refusal ? error.status : 500;
    return { status, contentType: plainText, text: `${encodeError(messageOf(error), status)}\n` };
  }
}

function write(response: ServerResponse, { status, contentType, text = "" }: ControlAnswer): void {
  if (contentType !== undefined) response.setHeader("Content-Type", contentType);
  if (contentType === plainText) response.setHeader("X-Content-Type-Options", "nosniff");
  if (status !== 204) response.setHeader("Content-Length", Buffer.byteLength(text));
  // The rest of a body that is too large is not read, so the connection cannot be used again.
  if (status === 413) response.setHeader("Connection", "close");
  response.writeHead(status).end(text);
}
