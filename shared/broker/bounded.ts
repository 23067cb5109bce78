/** What the work resolves to; rejects with `message` after `ms`. The work itself goes on. */
export async function within<Result>(work: Promise<Result>, ms: number, message: string): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Waits until the work has ended, well or badly, but not longer than `ms`. Never rejects. */
export async function settledWithin(work: Promise<unknown>, ms: number): Promise<void> {
  await within(work, ms, 'too late').catch(() => undefined)
}
