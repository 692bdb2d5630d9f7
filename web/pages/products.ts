// Products by their names.

/** Products by their names, each with all that its serial numbers begin with. */
export function byName<T extends {name: string; prefix: string}>(products: T[]): Map<string, T[]> {
  const named = new Map<string, T[]>();
  for (const product of products) {
    named.set(product.name, [...(named.get(product.name) ?? []), product]);
  }
  return named;
}
