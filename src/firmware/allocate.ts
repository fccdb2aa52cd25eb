import type { DeviceModel } from "./model.ts";

/** One device of a fleet before it is made. */
export interface Allotment {
  /** `<model>-<n>`, n from 1 within the model. */
  readonly id: string;
  readonly model: DeviceModel;
  readonly link: string;
}

/** What sums of binary fractions may be off. */
const rounding = 1e-9;

/**
 * Spreads a mix over a number of devices, and the devices over the links.
 *
 * The ids, models and links of the first n devices are the same however many follow: a larger fleet of the same seed
 * contains the smaller one. In every such beginning each model is within one device of its share.
 *
 * Source: R. Tijdeman, "The chairman assignment problem", Discrete Mathematics 32 (1980). Giving each place to the model
 * that is furthest behind would be simpler and leave light models more than a device behind heavy ones.
 */
export function allocate(
  mix: readonly { readonly model: DeviceModel; readonly weight: number }[],
  devices: number,
  links: readonly string[],
): readonly Allotment[] {
  const total = mix.reduce((sum, { weight }) => sum + weight, 0);
  const made = mix.map(() => 0);
  const slack = mix.length > 1 ? 1 / (2 * mix.length - 2) : 0;
  return Array.from({ length: devices }, (_, index) => {
    let next = 0;
    let soonest = Number.POSITIVE_INFINITY;
    mix.forEach(({ weight }, place) => {
      const share = weight / total;
      const behind = share * (index + 1) - (made[place] ?? 0);
      // How many more places it can wait before it would be a device behind.
      const patience = (1 - slack - behind) / share;
      if (behind < slack - rounding || patience >= soonest) return;
      next = place;
      soonest = patience;
    });
    const count = (made[next] ?? 0) + 1;
    made[next] = count;
    const { model } = mix[next] as (typeof mix)[number];
    // Neighbours are often of different models; dividing keeps every link a mix of all of them.
    const link = links[Math.floor(index / mix.length) % links.length] as string;
    return { id: `${model.name}-${count}`, model, link };
  });
}
