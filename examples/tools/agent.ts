import { type AgentRequest, type Frame, defineAgent } from '@agentview/agent'
import type { Item, Order } from './items.ts'
import { addToOrder, orderOf, readMenu, totalOf } from './kitchen.ts'

/**
 * A waiter: reads the menu and takes orders with two tools, keeps the order in the session's state, and pauses for an
 * approval before it goes to the kitchen. It understands four phrases where a real one would ask a model.
 *
 *   "menu" ─▶ read_menu        "2 tea" ─▶ add_to_order, state
 *   "bill" ─▶ an item that grows        "order" ─▶ pause ─▶ (approved) state, metadata
 */
export const waiter = defineAgent(
  async function* ({ input, session, run, toolResults }) {
    const order = orderOf(session.state)
    // It was asked before in this run: the answers have come.
    if (run.leg > 0) return yield* afterAsking(order, toolResults)
    const said = typeof input.content === 'string' ? input.content.trim().toLowerCase() : ''
    const [, count, dish] = /^(\d{1,3}) ([a-z]+)$/.exec(said) ?? []
    if (dish !== undefined) yield* takeOrder(order, dish, Number(count))
    else if (said === 'menu') yield* showMenu()
    else if (said === 'bill') yield* showBill(order)
    else if (said === 'order') yield* askBeforeOrdering(order)
    else yield 'Say "menu", "2 soup", "bill" or "order".'
  },
  { version: '1.0.0' },
)

/** Only items that the config knows: the compiler sees to it. */
function item(item: Item): Frame {
  return { event: 'item', item }
}

function* showMenu() {
  yield item({ type: 'tool_call', callId: 'menu', name: 'read_menu', arguments: {} })
  const menu = readMenu()
  yield item({ type: 'tool_result', callId: 'menu', result: menu })
  yield 'We have '
  for (const [index, { dish, price }] of menu.entries()) yield `${index > 0 ? ', ' : ''}${dish} for ${euros(price)}`
  yield '.'
}

function* takeOrder(order: Order, dish: string, count: number): Generator<Frame | string> {
  yield item({ type: 'tool_call', callId: 'add', name: 'add_to_order', arguments: { dish, count } })
  const more = addToOrder(order, dish, count)
  if (!more) {
    yield item({ type: 'tool_result', callId: 'add', isError: true, result: `There is no ${dish}.` })
    return yield `I am sorry, we have no ${dish}.`
  }
  yield item({ type: 'tool_result', callId: 'add', result: 'added' })
  // The next turn gets it as session.state.
  yield { event: 'state', state: more }
  yield `${count} ${dish}, with pleasure. That makes ${euros(totalOf(more))}.`
}

/** The bill grows line by line on the page. */
function* showBill(order: Order): Generator<Frame | string> {
  yield { event: 'item.start', id: 'bill', item: { type: 'bill', lines: [], total: 0 } satisfies Item }
  for (const line of order)
    yield { event: 'item.delta', id: 'bill', patch: [{ op: 'append', path: '/lines', value: [line] }] }
  const total = totalOf(order)
  yield { event: 'item.delta', id: 'bill', patch: [{ op: 'replace', path: '/total', value: total }] }
  yield { event: 'item.done', id: 'bill' }
  yield order.length > 0 ? `That is ${euros(total)}.` : 'You have not ordered anything yet.'
}

function* askBeforeOrdering(order: Order): Generator<Frame | string> {
  if (order.length === 0) return yield 'You have not ordered anything yet.'
  yield 'Shall I bring it?'
  yield { event: 'pause', toolCalls: [{ callId: 'order', name: 'send_order', arguments: { total: totalOf(order) } }] }
}

function* afterAsking(order: Order, toolResults: AgentRequest['toolResults']): Generator<Frame | string> {
  const approved = toolResults.some((result) => result.callId === 'order' && result.approved === true)
  if (!approved) return yield 'Then I wait.'
  yield { event: 'state', state: [] }
  yield { event: 'metadata', metadata: { lastTotal: totalOf(order) } }
  yield 'It is on its way.'
}

function euros(cents: number): string {
  return `${(cents / 100).toFixed(2)} €`
}
