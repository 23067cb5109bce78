export interface Product {
  type: 'product'
  name: string
  colour: string
  /** In cents. */
  price: number
}

export const CATALOG: readonly Product[] = [
  { type: 'product', name: 'Rain jacket', colour: 'blue', price: 8900 },
  { type: 'product', name: 'Wool socks', colour: 'grey', price: 1450 },
  { type: 'product', name: 'Trail shoes', colour: 'green', price: 11900 },
]

export function euros(cents: number): string {
  return `${(cents / 100).toFixed(2)} €`
}
