import type { Faker } from "@faker-js/faker";
// The root import loads every locale and takes thirty times as long; this one carries the class in its instance.
import { faker as english } from "@faker-js/faker/locale/en";
import type { Random } from "../time/random.ts";

const FakerClass = english.constructor as typeof Faker;

let source: Random | undefined;

const shared = new FakerClass({
  locale: english.rawDefinitions,
  randomizer: {
    next() {
      if (!source) throw new Error("The shared Faker was used before a source was lent to it.");
      return source.next();
    },
    // Faker would seed a randomizer that it had made itself; ours comes seeded.
    seed: () => {},
  },
});

// `faker.date` counts from the wall clock unless it is told a day; payloads must not depend on when a run happens.
shared.setDefaultRefDate("2026-01-01T00:00:00.000Z");

/**
 * Lends out one Faker that draws from the given random source.
 *
 * A Faker instance is heavy, a fleet has thousands of streams, and each needs its own sequence: so there is one instance
 * and its source is switched. Use it at once and do not keep it.
 */
export function fakerFor(random: Random): Faker {
  source = random;
  return shared;
}
