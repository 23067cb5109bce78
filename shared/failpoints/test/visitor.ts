import { armed, failpoint } from '../failpoint.ts'

/** A process that comes to the point `here` with the context it is told, and says when it is past it. */
process.on('message', (context: Record<string, string | string[]>) => {
  void (async () => {
    const since = performance.now()
    if (armed) await failpoint('here', context)
    process.send?.({ armed, tookMs: performance.now() - since })
  })()
})
process.send?.('up')
