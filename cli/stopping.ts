/** What a process has begun, to be stopped in reverse; a failed start stops what it had begun. */
export interface Stopping {
  /** `stop` is given `ms` at most; a process that ends must not hang on a service that is away. */
  add(name: string, ms: number, stop: () => unknown): void
  stopAll(): Promise<void>
}

export function createStopping(onTrouble: (line: string) => void): Stopping {
  const steps: { name: string; ms: number; stop: () => unknown }[] = []
  return {
    add(name, ms, stop) {
      steps.push({ name, ms, stop })
    },
    async stopAll() {
      for (let step = steps.pop(); step; step = steps.pop()) {
        const { name, ms, stop } = step
        let timer: NodeJS.Timeout | undefined
        const late = new Promise<'late'>((resolve) => {
          timer = setTimeout(() => resolve('late'), ms)
        })
        try {
          if ((await Promise.race([Promise.resolve(stop()), late])) === 'late')
            onTrouble(`${name} did not stop within ${ms} ms.`)
        } catch (error) {
          onTrouble(`${name} did not stop cleanly: ${error instanceof Error ? error.message : String(error)}`)
        }
        clearTimeout(timer)
      }
    },
  }
}
