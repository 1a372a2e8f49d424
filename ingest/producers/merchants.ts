/** The invented shops of the simulator, with their category and the middle of what people spend there. */

export interface Merchant {
  readonly name: string;
  readonly category: string;
  /** Median amount, in units of the currency. */
  readonly medianAmount: number;
}

const NAMES_BY_CATEGORY: Readonly<Record<string, readonly [number, ...string[]]>> = {
  groceries: [32, 'Corner Pantry', 'Green Basket', 'Harvest Lane', 'Daily Larder', 'Root & Stem'],
  restaurants: [24, 'Blue Kettle', 'Olive Yard', 'Noodle Dock', 'The Long Table', 'Ember Grill'],
  coffee: [4.8, 'Second Crack', 'Tin Cup', 'Morning Bell', 'Slow Drip'],
  fuel: [48, 'Ridge Fuel', 'Northway Petrol', 'Junction 9'],
  transport: [6.5, 'Metro Pass', 'City Wheels', 'Harbour Ferry', 'Tram & Co'],
  electronics: [145, 'Volt House', 'Pixel Barn', 'Circuit Row', 'Lumen Works'],
  fashion: [62, 'Thread & Tide', 'Plain Weave', 'Second Coat', 'Heron Shoes'],
  travel: [230, 'Lantern Hotels', 'Skyline Air', 'Quay Rentals'],
  pharmacy: [15, 'Well Street', 'Apothecary 21', 'Clear Spring'],
  entertainment: [19, 'Aurora Cinema', 'Night Market', 'Page & Spine', 'Vinyl Cellar', 'Arcadia'],
};

/** Forty merchants in ten categories. */
export const MERCHANTS: readonly Merchant[] = Object.entries(NAMES_BY_CATEGORY).flatMap(
  ([category, [medianAmount, ...names]]) => names.map((name) => ({ name, category, medianAmount })),
);
