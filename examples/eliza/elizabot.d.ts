/** npm `elizabot` has no types of its own; this is what we use of it. */
declare module 'elizabot' {
  class ElizaBot {
    /** True after the last text said goodbye. */
    quit: boolean
    /** `true` takes each rule's answers in turn instead of at random. */
    constructor(noRandom?: boolean)
    /** The answer to one text; the instance remembers what was said. */
    transform(text: string): string
  }
  export = ElizaBot
}
