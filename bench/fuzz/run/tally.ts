/** What was sent and how it was answered, by route or socket message. */
export class Tally {
  readonly #counts = new Map<string, Map<string, number>>()

  constructor(names: readonly string[]) {
    for (const name of names) this.#counts.set(name, new Map())
  }

  add(name: string, answered: string): void {
    const counts = this.#counts.get(name) ?? new Map<string, number>()
    counts.set(answered, (counts.get(answered) ?? 0) + 1)
    this.#counts.set(name, counts)
  }

  get total(): number {
    return [...this.#counts.values()].flatMap((counts) => [...counts.values()]).reduce((sum, count) => sum + count, 0)
  }

  /** What was never accepted although it was sent `atLeast` so often: nothing was tried of what comes after the door. */
  neverAccepted(atLeast: number): string[] {
    return [...this.#counts].flatMap(([name, counts]) => {
      const all = [...counts.values()].reduce((sum, count) => sum + count, 0)
      const accepted = [...counts.keys()].some((answered) => /^2|^ok$|^taken$/.test(answered))
      return all >= atLeast && !accepted ? [`${name} was sent ${all} times and never accepted`] : []
    })
  }

  /** What was not sent at all, though there was time for it: for everything else `often` times on average. */
  untouched(often: number): string[] {
    if (this.total < often * this.#counts.size) return []
    return [...this.#counts].flatMap(([name, counts]) => (counts.size === 0 ? [name] : []))
  }

  lines(): string[] {
    return [...this.#counts].map(([name, counts]) => {
      const told = [...counts]
        .toSorted(([a], [b]) => a.localeCompare(b))
        .map(([answered, count]) => `${answered}: ${count}`)
      return `${name.padEnd(24)} ${told.join('  ')}`
    })
  }
}
