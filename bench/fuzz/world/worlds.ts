import { RowLedger } from '../judge/rows.ts'
import type { Site } from '../run/site.ts'
import { type World, makeWorld } from './world.ts'

/** Made together: what was deleted in them vanishes with the reconciler's next look, which is waited for once. */
const TOGETHER = 12

/** New worlds, one for each time that a sequence is played. */
export class Worlds {
  readonly #site: Site
  readonly #foreign: World
  readonly #budgetMs: number
  #ready: World[] = []

  constructor(site: Site, foreign: World, budgetMs: number) {
    this.#site = site
    this.#foreign = foreign
    this.#budgetMs = budgetMs
  }

  async take(): Promise<World> {
    const world = this.#ready.pop()
    if (world) return world
    this.#ready = await Promise.all(Array.from({ length: TOGETHER }, () => makeWorld(this.#site, this.#foreign)))
    const faults = await new RowLedger(this.#site.db, this.#budgetMs).settled()
    if (faults.length > 0) throw new Error(faults.join('\n'))
    return this.take()
  }
}
