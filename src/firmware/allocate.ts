import type { DeviceModel } from "./model.ts";

/** One device of a fleet before it is made. */
export interface Allotment {
  /** `<model>-<n>`, n from 1 within the model. */
  readonly id: string;
  readonly model: DeviceModel;
  readonly link: string;
}

/**
 * Spreads a mix over a number of devices, and the devices over the links.
 *
 * The device at a place gets the model that is furthest behind its share, so the ids, models and links of the first n
 * devices are the same however many follow: a larger fleet of the same seed contains the smaller one.
 */
export function allocate(
  mix: readonly { readonly model: DeviceModel; readonly weight: number }[],
  devices: number,
  links: readonly string[],
): readonly Allotment[] {
  const total = mix.reduce((sum, { weight }) => sum + weight, 0);
  const made = mix.map(() => 0);
  return Array.from({ length: devices }, (_, index) => {
    let furthest = 0;
    let furthestBehind = Number.NEGATIVE_INFINITY;
    mix.forEach(({ weight }, place) => {
      const behind = (weight / total) * (index + 1) - (made[place] ?? 0);
      if (behind > furthestBehind) {
        furthest = place;
        furthestBehind = behind;
      }
    });
    const count = (made[furthest] ?? 0) + 1;
    made[furthest] = count;
    const { model } = mix[furthest] as (typeof mix)[number];
    // Neighbours are often of different models; dividing keeps every link a mix of all of them.
    const link = links[Math.floor(index / mix.length) % links.length] as string;
    return { id: `${model.name}-${count}`, model, link };
  });
}
