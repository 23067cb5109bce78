import type { Json } from '@agentview/agent'
import { Value } from 'typebox/value'
import { Order } from './items.ts'

/** The tools, and what they work on. A real agent would ask a database or another service here. */

const MENU = new Map([
  ['soup', 650],
  ['bread', 250],
  ['tea', 320],
])

export function readMenu(): { dish: string; price: number }[] {
  return [...MENU].map(([dish, price]) => ({ dish, price }))
}

/** Null when there is no such dish. */
export function addToOrder(order: Order, dish: string, count: number): Order | null {
  const price = MENU.get(dish)
  if (price === undefined || count < 1) return null
  const before = order.find((line) => line.dish === dish)?.count ?? 0
  return [...order.filter((line) => line.dish !== dish), { dish, count: before + count, price }]
}

export function totalOf(order: Order): number {
  return order.reduce((sum, { count, price }) => sum + count * price, 0)
}

/** The order in a session's state; nothing is ordered at first. */
export function orderOf(state: Json): Order {
  return Value.Check(Order, state) ? state : []
}
