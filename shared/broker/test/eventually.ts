import { setTimeout as sleep } from 'node:timers/promises'

/** Waits until the condition holds. Throws when it doesn't within `ms`. */
export async function eventually(condition: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> {
  for (const deadline = performance.now() + ms; !(await condition()); await sleep(20)) {
    if (performance.now() > deadline) throw new Error(`waited ${ms} ms in vain for: ${condition.toString()}`)
  }
}
