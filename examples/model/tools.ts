import { jsonSchema, tool } from 'ai'

const DAY_MS = 86_400_000
const date = { type: 'string', format: 'date', description: 'YYYY-MM-DD' } as const

/** What the model may call. Counting days is what models are bad at. */
export const tools = {
  days_between: tool({
    description: 'How many days lie between two dates; negative when the second one is earlier.',
    inputSchema: jsonSchema<{ from: string; to: string }>({
      type: 'object',
      properties: { from: date, to: date },
      required: ['from', 'to'],
      additionalProperties: false,
    }),
    execute: ({ from, to }) => {
      const days = (Date.parse(to) - Date.parse(from)) / DAY_MS
      if (!Number.isInteger(days)) throw new Error(`${from} and ${to} are not both dates like 2026-01-31.`)
      return { days }
    },
  }),
}
