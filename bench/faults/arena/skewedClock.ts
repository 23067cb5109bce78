/**
 * Loaded before a program (`node --import`): its clock is `CLOCK_SKEW_MS` wrong. Time that only passes, such as timers
 * and performance.now(), is right, as on a machine whose clock was set wrongly.
 */
const skew = Number(process.env.CLOCK_SKEW_MS)

globalThis.Date = new Proxy(Date, {
  construct: (target, args: unknown[], newTarget) =>
    // Reflect.construct says nothing of what it makes; it is the Date that was asked for.
    Reflect.construct(target, args.length === 0 ? [target.now() + skew] : args, newTarget) as Date,
  get: (target, key, receiver) => (key === 'now' ? () => target.now() + skew : Reflect.get(target, key, receiver)),
})
