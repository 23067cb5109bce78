/** What the agent app of the compose test answers, piece by piece. */
export const WORDS = Array.from({ length: 20 }, (_, index) => `${index + 1} `)
