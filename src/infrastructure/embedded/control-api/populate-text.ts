import type { FaultProxy, PopulateResult } from "../fault-proxy/fault-proxy.ts";
import { Refusal } from "../fault-proxy/refusal.ts";
import { readBody, readProxyTemplates } from "./control-bodies.ts";

/** Populates from the JSON array that `POST /populate` and a configuration file share. */
export async function populateFromText(faultProxy: FaultProxy, text: string): Promise<PopulateResult> {
  try {
    return await faultProxy.populate(readBody(text, readProxyTemplates));
  } catch (error) {
    if (error instanceof Refusal) return { proxies: [], refusal: error };
    throw error;
  }
}
